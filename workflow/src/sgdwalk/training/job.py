"""One run from its settings to its files."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sgdwalk.storage import netcdf, run_files
from sgdwalk.storage.provenance import attributes
from sgdwalk.study import factories
from sgdwalk.training import problem
from sgdwalk.training.trainer import Run


def train(settings: Mapping[str, Any], outputs: Mapping[str, str], code: str) -> None:
    """Train, or go on from where an earlier attempt was cut off, and write the files of the run."""
    spec = settings["model_spec"]
    build = functools.partial(factories.factory(spec), **spec["arguments"])
    checkpoints = Path(outputs["checkpoints"])
    run = Run(settings, build, problem.load_images(settings), checkpoints.with_name("state"), code)
    run.train()
    stamp = attributes(settings, code, settings["run"], settings["seed"])
    outputs = {name: path for name, path in outputs.items() if name != "checkpoints"}
    if settings["record"]["walk"]:
        outputs["walk"] = run.checkpoints / "walk.nc"
    data = run.datasets()
    for name, path in outputs.items():
        netcdf.write(data[name], path, run_files.CONTRACTS[name], stamp, loss_unit=run_files.loss_unit(settings))
    run.deliver_checkpoints(checkpoints)
