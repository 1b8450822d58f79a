"""A folder of results as the workflow makes it, of two walks that differ in their seed, in a second."""

from pathlib import Path

import numpy as np
import xarray as xr
from sgdwalk.jobs.analyse import analyse
from sgdwalk.study.load import load_study
from sgdwalk.trajectory.import_walk import FILES, import_walk
from walks import fbm

RUNS = ("resnet14-a", "resnet14-b")
ASIDE = ("analyses", "mem_mb", "runtime", "scratch")


def make(folder: Path) -> Path:
    """Write results/digits of two runs of two windows of 40 steps, with training.nc, ..., msd.nc; its folder."""
    results, config = folder / "results" / "digits", folder / "config" / "digits"
    config.mkdir(parents=True)
    (config / "config.yaml").write_text("msd: {copies: 20}\n")
    (config / "figures.yaml").write_text("{}\n")
    rows = [f"{run}\t{seed}\t{folder / 'walk.nc'}\t40\n" for seed, run in enumerate(RUNS)]
    (config / "runs.tsv").write_text("run\tseed\twalk\twindow\n" + "".join(rows))
    weight = fbm(0.5, 80, 30, np.random.default_rng(0))
    xr.Dataset({"weight": (("step", "parameter"), weight)}).to_netcdf(folder / "walk.nc")
    study = load_study("digits", config.parent)
    for run, row in study.runs.items():
        place = results / "runs" / run
        settings = {key: row[key] for key in row if key not in ASIDE}
        import_walk(row["walk"], settings, {name: place / f"{name}.nc" for name in FILES}, "code")
        inputs = {"distances": str(place / "distances.nc")}
        analyse("msd", inputs, place / "msd.nc", study.settings["msd"], code="code", run=run, run_seed=row["seed"])
    return results
