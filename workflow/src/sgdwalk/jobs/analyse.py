"""A job that computes one analysis by its name and writes its file."""

import importlib
from collections.abc import Mapping
from typing import Any

import xarray as xr

from sgdwalk.jobs.inputs import read
from sgdwalk.storage import netcdf, run_files
from sgdwalk.storage.provenance import attributes


def analyse(
    name: str,
    inputs: Mapping[str, Any],
    output: str,
    settings: Mapping[str, Any],
    *,
    code: str,
    run: str = "",
    seed: int | str = "",
) -> None:
    """Compute sgdwalk.analyses.{name} and write its file."""
    module = importlib.import_module(f"sgdwalk.analyses.{name}")
    data = {key: read(path) for key, path in inputs.items()}
    stamp = attributes(settings, code, run, seed)
    netcdf.write(
        module.compute(**data, **settings), output, module.CONTRACT, stamp, loss_unit=loss_unit(data, settings)
    )


def loss_unit(data: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Unit of the loss in the data, or of the run that an analysis of its network is told."""
    if "run" in settings:
        return run_files.loss_unit(settings["run"])
    losses = (held.loss for held in data.values() if isinstance(held, xr.Dataset) and "loss" in held)
    return next((loss.attrs["units"] for loss in losses), "nat")
