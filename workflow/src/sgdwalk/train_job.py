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
    windows = run.steps // settings["window"]
    contracts.write(run.training(), outputs["training"], records.TRAINING, stamp)
    contracts.write(run.recorder.distances(windows), outputs["distances"], records.DISTANCES, stamp)
    contracts.write(run.recorder.gradients(windows), outputs["gradients"], records.GRADIENTS, stamp)
    if settings["record"]["walk"]:
        contracts.write(run.recorder.walked(), run.checkpoints / "walk.nc", records.WALK, stamp)
    run.deliver_checkpoints(checkpoints)
