"""A copy of the workflow to run and to edit, and Snakemake in it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import xarray as xr
from walks import fbm

ROOT = Path(__file__).resolve().parents[2]
HURST = 0.75
PARTS = ("Snakefile", "workflow", "config", "envs", "profiles", "pbs", "slurm")


def copy_of_the_workflow(folder: Path) -> Path:
    """The parts of the repository that a run needs, to edit and to run in."""
    for part in PARTS:
        source = ROOT / part
        if source.is_symlink():
            (folder / part).symlink_to(os.readlink(source))
        elif source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder / part)
    shutil.copytree(ROOT / "tests" / "config" / "tiny", folder / "config" / "tiny")
    a_walk(folder / "walk.nc")
    return folder


def a_walk(path: Path) -> None:
    """The file of the walk that the tiny study imports: fractional Brownian motion."""
    walk = fbm(HURST, 130, 300, np.random.default_rng(0))
    xr.Dataset({"weight": (("step", "parameter"), walk)}).to_netcdf(path)


def snakemake(folder: Path, *arguments: str, study: str = "tiny") -> subprocess.CompletedProcess:
    """Run Snakemake in a folder, as a user would."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    if "--config" not in arguments and study:
        command += ["--config", f"study={study}"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # as in a notebook
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=900)


def planned(folder: Path, *arguments: str, study: str = "tiny") -> dict[str, int]:
    """Jobs by rule that a dry run plans."""
    done = snakemake(folder, "-n", *arguments, study=study)
    assert done.returncode == 0, done.stderr
    table = re.search(r"^job +count\n[- ]+\n((?:\S+ +\d+\n)+)", done.stdout + done.stderr, re.M)
    if not table:
        assert "Nothing to be done" in done.stdout + done.stderr, done.stderr
        return {}
    jobs = dict(line.split() for line in table[1].splitlines())
    return {rule: int(count) for rule, count in jobs.items() if rule not in ("total", "all", "study")}
