"""The analysis and the figure in the comments of config/template, in a study of one walk: no file of sgdwalk changes."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from studies import ROOT, copy_of_the_workflow, planned, snakemake
from walks import fbm

pytestmark = pytest.mark.slow
TEMPLATE = {name: (ROOT / "config/template" / f"{name}.yaml").read_text() for name in ("config", "figures")}
STUDY = "results/mine"


def uncommented(text: str) -> str:
    """The lines of the comments at the end of a file, without their `#`."""
    last = re.search(r"(^#.*\n)+\Z", text, re.M)[0]
    return re.sub(r"^# ?", "", last, flags=re.M)


def module(name: str) -> str:
    """The text of a module that the template shows."""
    shown = re.search(rf"^The file mywalk/{name}\.py.*\n((?:\n|    .*\n)+)", uncommented(TEMPLATE["config"]), re.M)[1]
    return re.sub(r"^    ", "", shown, flags=re.M).strip() + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study of one walk with the template's modules, run."""
    folder = copy_of_the_workflow(tmp_path_factory.mktemp("own"))
    (folder / "mywalk").mkdir()
    for name in ("turning", "turning_plot"):
        (folder / "mywalk" / f"{name}.py").write_text(module(name))
    settings = re.search(r"^own:\n.*?^turning: .*?\n", uncommented(TEMPLATE["config"]), re.M | re.S)[0]
    study = folder / "config" / "mine"
    study.mkdir()
    (study / "config.yaml").write_text(f"msd: {{copies: 20}}\n{settings.replace('50', '5')}")
    (study / "figures.yaml").write_text(uncommented(TEMPLATE["figures"]).partition("\n")[2])
    (study / "runs.tsv").write_text("run\twalk\twindow\nfirst\twalk.nc\t40\n")
    weight = fbm(0.8, 80, 30, np.random.default_rng(0))
    xr.Dataset({"weight": (("step", "parameter"), weight)}).to_netcdf(folder / "walk.nc")
    targets = [f"{STUDY}/figures/turning_plot.png", f"{STUDY}/runs/first/check.csv"]
    done = snakemake(folder, "--cores", "1", *targets, study="mine")
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


def test_the_result_is_the_cosine_between_steps_of_the_walk_with_its_settings(folder):
    with xr.open_dataset(folder / STUDY / "runs/first/turning.nc") as turning:
        walk = xr.load_dataset(folder / "walk.nc").weight.values[:40]
        steps = np.diff(walk, axis=0)
        steps /= np.linalg.norm(steps, axis=1)[:, None]
        expected = [np.mean((steps[:-lag] * steps[lag:]).sum(1)) for lag in range(1, 6)]
        np.testing.assert_allclose(turning.cosine[0], expected, rtol=1e-6)
        assert turning.attrs["contract"] == "turning"
        assert turning.attrs["settings"] == '{"longest": 5}'
        assert turning.attrs["run"] == "first"
        assert turning.cosine.attrs["long_name"] == "mean cosine of the angle between two steps"


def test_its_checks_are_rows_of_the_runs_table(folder):
    rows = pd.read_csv(folder / STUDY / "runs/first/check.csv")
    assert list(rows[rows.check.str.startswith("turning: ")].passed) == [True]


def test_the_figure_is_drawn_in_all_formats(folder):
    for suffix in ("pdf", "svg", "png"):
        assert (folder / STUDY / "figures" / f"turning_plot.{suffix}").stat().st_size > 1000


def test_an_edit_of_either_module_repeats_what_it_changes_and_nothing_else(folder):
    target = f"{STUDY}/figures/turning_plot.png"
    assert planned_of(folder, target) == {}
    changes = {"turning": {"turning": 1, "figure": 1}, "turning_plot": {"figure": 1}}
    for name, jobs in changes.items():
        path = folder / "mywalk" / f"{name}.py"
        before = path.read_text()
        path.write_text(before + "\n\nEDITED = 1\n")
        assert planned_of(folder, target) == jobs
        path.write_text(before)


def planned_of(folder, target):
    return planned(folder, target, "--config", "study=mine")


def test_the_whole_study_makes_it_too(folder):
    (folder / STUDY / "runs/first/turning.nc").unlink()
    assert planned_of(folder, "all")["turning"] == 1


def test_the_template_with_its_comments_is_a_study_of_its_own():
    assert set(yaml.safe_load(TEMPLATE["config"])) == {"title", "training", "landscape"}
