"""CONTRIBUTING.md is followed literally: its files are written, its line is entered, its command is run."""

import re

import numpy as np
import xarray as xr
from studies import ROOT, snakemake

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def block(after: str, kind: str) -> str:
    """The first block of code of this kind that follows the words."""
    return re.search(rf"```{kind}\n(.*?)```", TEXT.split(after, 1)[1], re.S)[1]


def test_the_analysis_of_the_example_is_added_and_computed(fresh):
    module, table = (path for path in re.findall(r"`(workflow/src/sgdwalk/\S+\.py)`", TEXT))
    (fresh / module).write_text(block(module, "python"), encoding="utf-8")
    entries = (fresh / table).read_text(encoding="utf-8")
    (fresh / table).write_text(
        entries.replace("\n)  # fmt: skip\nNOT", f"\n{block(table, 'python')})  # fmt: skip\nNOT")
    )
    command = block("Compute it", "").replace("template", "tiny").replace("/first/", "/walk/").split()
    done = snakemake(fresh, *command[1:])
    assert done.returncode == 0, done.stderr[-3000:]
    with xr.open_dataset(fresh / "results/tiny/runs/walk/straightness.nc") as result:
        assert result.attrs["contract"] == "straightness"
        found = result.straightness.values
    weight = xr.open_dataset(fresh / "walk.nc").weight.values
    for first, value in zip(range(0, 40 * len(found), 40), found, strict=True):
        part = weight[first : first + 40]
        steps = np.linalg.norm(np.diff(part, axis=0), axis=1)
        np.testing.assert_allclose(value, np.linalg.norm(part[-1] - part[0]) / steps.sum(), rtol=1e-6)
