"""One run from its settings to its files."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sgdwalk import catalogue, contracts, networks, records
from sgdwalk.provenance import attributes
from sgdwalk.training import Run


def train(settings: Mapping[str, Any], outputs: Mapping[str, str], code: str) -> None:
    """Train, or go on from where an earlier attempt was cut off, and write the files of the run."""
    spec = settings["model_spec"]
    build = functools.partial(catalogue.factory(spec), **spec["arguments"])
    checkpoints = Path(outputs["checkpoints"])
    run = Run(settings, build, networks.load_images(settings), checkpoints.with_name("state"), code)
    run.train()
    stamp = attributes(settings, code, settings["run"], settings["seed"])
    outputs = {name: path for name, path in outputs.items() if name != "checkpoints"}
    if settings["record"]["walk"]:
        outputs["walk"] = run.checkpoints / "walk.nc"
    data = run.datasets()
    for name, path in outputs.items():
        contracts.write(data[name], path, records.CONTRACTS[name], stamp, loss_unit=records.loss_unit(settings))
    run.deliver_checkpoints(checkpoints)
