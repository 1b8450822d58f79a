"""The job that computes one analysis, chosen by name."""

import importlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from sgdwalk import registered
from sgdwalk.jobs.imports import importing
from sgdwalk.jobs.inputs import read
from sgdwalk.storage import netcdf, run_files
from sgdwalk.storage.kept_rows import KeptRows, rows_beside
from sgdwalk.storage.provenance import attributes, settings_of_run


def analyse(
    name: str,
    inputs: Mapping[str, Any],
    output: str,
    settings: Mapping[str, Any],
    *,
    code: str,
    run: str = "",
    run_seed: int | str = "",
    own: Sequence[str] = (),
) -> None:
    """Compute sgdwalk.analyses.{name}, or the module of `own` with that name, and write its file.

    inputs: path or paths by the names of compute's arguments. settings: its other arguments. code, run, run_seed:
    attributes of the file (see provenance.attributes); it also takes the settings of the run from what it reads.
    own: modules of the user's own analyses that the job needs.
    An analysis whose compute has an argument `kept` (storage.kept_rows) goes on where an earlier attempt was stopped.
    """
    registered.register(*own)
    with importing():
        module = registered.analysis(name)
        if "run" in settings and not inputs.get("alike"):  # compute imports torch, for a network, unless it only copies
            importlib.import_module("torch")
    data = {key: read(path) for key, path in inputs.items()}
    stamp = attributes(settings, code, run, run_seed, run_settings(data, settings))
    resumes = "kept" in inspect.signature(module.compute).parameters
    kept = rows_beside(output, inputs, settings, code) if resumes else KeptRows()
    result = module.compute(**data, **({"kept": kept} if resumes else {}), **settings)
    netcdf.write(result, output, module.CONTRACT, stamp, loss_unit=loss_unit(data, settings))
    kept.clear()


def run_settings(data: Mapping[str, Any], settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings of the run: those in the settings (analyses of a network), or else those of the data; {} of no run."""
    if "run" in settings:
        return settings["run"]
    return next((settings_of_run(given) for given in data.values() if isinstance(given, xr.Dataset)), {})


def loss_unit(data: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Unit of the loss: of the run in the settings (analyses of a network), or else in the data."""
    if "run" in settings:
        return run_files.loss_unit(settings["run"])
    losses = (given.loss for given in data.values() if isinstance(given, xr.Dataset) and "loss" in given)
    return next((loss.attrs.get("units", "nat") for loss in losses), "nat")
