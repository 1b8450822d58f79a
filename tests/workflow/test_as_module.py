"""The workflow inside another workflow, and run from another folder: a walk is read, analysed and drawn in each."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
import yaml
from studies import ROOT
from walks import fbm

FIGURES = """\
fig2:
  caption: Mean squared displacement.
  data: {base: msd/walk, window: msd/walk, long: null}
"""
TARGETS = ("results/mine/figures/fig2.png", "results/mine/toy/convex.nc")
RULES = {
    "plain": "use rule * from sgdwalk\n",
    "renamed": "use rule * from sgdwalk as walk_*\n",
    "prefix": "use rule * from sgdwalk\n",
}


@pytest.fixture
def elsewhere(tmp_path):
    """A folder with a study of its own, and nothing of the project."""
    study = tmp_path / "config" / "mine"
    study.mkdir(parents=True)
    (study / "config.yaml").write_text("msd: {copies: 20}\ntoy: {walkers: 5, steps: 50, levels: 4}\n")
    (study / "runs.tsv").write_text("run\twalk\twindow\nwalk\twalk.nc\t40\n")
    (study / "figures.yaml").write_text(FIGURES)
    walk = fbm(0.5, 80, 30, np.random.default_rng(0))
    xr.Dataset({"weight": (("step", "parameter"), walk)}).to_netcdf(tmp_path / "walk.nc")
    return tmp_path


def run(folder, *arguments):
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("way", RULES)
def test_as_a_module_of_another_workflow(way, elsewhere):
    prefix = "    prefix: 'walks'\n" if way == "prefix" else ""
    (elsewhere / "Snakefile").write_text(
        f"module sgdwalk:\n    snakefile: '{ROOT}/workflow/Snakefile'\n    config: {{'study': 'mine'}}\n"
        f"{prefix}\n\n{RULES[way]}"
    )
    place = "walks/" if prefix else ""
    said = run(elsewhere, *(place + target for target in TARGETS))
    assert all((elsewhere / place / target).is_file() for target in TARGETS)
    names = ("import_walk", "msd", "figure", "toy")
    table = {line.split()[0] for line in said.splitlines() if line.split()[1:] == ["1"]}
    assert {f"walk_{name}" if way == "renamed" else name for name in names} <= table
    with xr.open_dataset(elsewhere / place / "results/mine/runs/walk/msd.nc") as msd:
        assert msd.sizes["window"] == 2


def test_from_another_folder_with_studies_of_its_own(elsewhere):
    run(elsewhere, "--snakefile", str(ROOT / "Snakefile"), "--config", "study=mine", "--", *TARGETS)
    assert all((elsewhere / target).is_file() for target in TARGETS)
    assert not (elsewhere / "workflow").exists()


def test_bare_snakemake_plans_the_whole_study_from_either_snakefile(fresh):
    figures = str(len(yaml.safe_load((fresh / "config/tiny/figures.yaml").read_text())))
    for snakefile in ("Snakefile", "workflow/Snakefile"):
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "-n",
            "--quiet",
            "rules",
            "-s",
            snakefile,
            "--config",
            "study=tiny",
        ]
        done = subprocess.run(command, cwd=fresh, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        counts = dict(line.split() for line in (done.stdout + done.stderr).splitlines() if len(line.split()) == 2)
        assert (counts["train"], counts["figure"], counts["check"], counts["verdict"]) == ("5", figures, "7", "1")
