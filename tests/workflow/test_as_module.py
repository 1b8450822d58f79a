"""The workflow inside another workflow, and run from another folder: a walk is read, analysed and drawn in each."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
import yaml
from studies import ROOT, planned
from walks import fbm

FIGURES = """\
fig2:
  caption: Mean squared displacement.
  data: {base: msd/walk, window: msd/walk, long: null}
"""
pytestmark = pytest.mark.slow
FIGURE = "results/mine/figures/fig2.png"
TARGETS = (FIGURE, "results/mine/toy/convex.nc")


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
    command = [sys.executable, "-m", "snakemake", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout + done.stderr


def module(folder, prefix, use):
    """A Snakefile in the folder, with the workflow as a module."""
    (folder / "Snakefile").write_text(
        f"module sgdwalk:\n    snakefile: '{ROOT}/workflow/Snakefile'\n    config: {{'study': 'mine'}}\n{prefix}\n\n{use}\n"
    )


def jobs(said):
    """Rules of the jobs in Snakemake's table."""
    return {line.split()[0] for line in said.splitlines() if line.split()[1:] == ["1"]}


def test_as_a_module_of_another_workflow(elsewhere):
    module(elsewhere, "", "use rule * from sgdwalk")
    assert jobs(run(elsewhere, "-n", *TARGETS)) >= {"import_walk", "msd", "figure", "toy"}


def test_as_a_module_with_other_names_of_rules_in_a_folder_below(elsewhere):
    module(elsewhere, "    prefix: 'walks'\n", "use rule * from sgdwalk as walk_*")
    said = run(elsewhere, "--cores", "2", *(f"walks/{target}" for target in TARGETS))
    assert all((elsewhere / "walks" / target).is_file() for target in TARGETS)
    assert jobs(said) >= {"walk_import_walk", "walk_msd", "walk_figure", "walk_toy"}
    with xr.open_dataset(elsewhere / "walks/results/mine/runs/walk/msd.nc") as msd:
        assert msd.sizes["window"] == 2


def test_from_another_folder_with_studies_of_its_own(elsewhere):
    run(elsewhere, "--cores", "2", "--snakefile", str(ROOT / "Snakefile"), "--config", "study=mine", "--", FIGURE)
    assert (elsewhere / FIGURE).is_file()
    assert not (elsewhere / "workflow").exists()


def test_the_inner_snakefile_plans_the_whole_study_too(fresh):
    figures = len(yaml.safe_load((fresh / "config/tiny/figures.yaml").read_text()))
    counts = planned(fresh, "--snakefile", "workflow/Snakefile")
    assert [counts[rule] for rule in ("train", "figure", "check", "verdict")] == [5, figures, 7, 1]
