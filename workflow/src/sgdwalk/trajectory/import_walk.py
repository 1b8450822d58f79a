"""Externally recorded trajectories: read a few steps at a time and passed to the recorder as a training would be."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import nn

from sgdwalk.recorder.datasets import undirected
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage import netcdf, run_files
from sgdwalk.storage.provenance import attributes

DIMS = {"weight": ("step", "parameter"), "loss": ("step",), "gradient": ("step", "parameter")}
FILES = tuple(name for name in run_files.CONTRACTS if name != "walk")  # that Recorder.save writes
LARGEST = 1e150  # squares of larger numbers are beyond float64
EXACT = 2**53  # whole numbers below it are exact in floating point
NUMBERED = ("step", "anchor", "window_start", "layer_step")  # variables that are steps, in all data sets
NOTED = (
    dict.fromkeys(("model", "dataset", "loss", "optimiser", "sampler", "schedule"), str)
    | dict.fromkeys(("lr", "momentum", "weight_decay", "label_smoothing", "label_noise"), int | float)
    | {"batch_size": int, "epochs": int, "augment": bool, "nesterov": bool}
)  # settings of a training that Recorder.save may be given, with their types
READ = 2**27  # bytes of weights read at a time


def import_walk(path: str, settings: Mapping[str, Any], outputs: Mapping[str, str], code: str) -> None:
    """Write the files of a run from a file with weight [step, parameter], or from a folder that Recorder.save wrote.

    path: the NetCDF file or the folder. settings: of the run. outputs: the path of each of FILES. code: hash for
    the files' attributes. loss [step] and gradient [step, parameter] may be missing: what depends on them is NaN.
    A coordinate `step` of the file must be evenly spaced; a spacing above 1 is kept as step_spacing.
    Memory is bounded by one window and READ bytes. ValueError names what the file or folder lacks.
    """
    data = recorded(path, settings) if Path(path).is_dir() else replayed(path, settings)
    settings = settings | noted(data["training"].attrs.get("recorded", "{}"), path)
    stamp, unit = attributes(settings, code, settings["run"], settings["seed"]), run_files.loss_unit(settings)
    for name, output in outputs.items():
        netcdf.write(data[name], output, run_files.CONTRACTS[name], stamp, loss_unit=unit)


def noted(text: str, path: str) -> dict[str, Any]:
    """Those of the settings given to Recorder.save, as JSON, that are settings of a training, of the right type."""
    given = None
    with contextlib.suppress(ValueError):
        given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError(f"{path}: settings of the recording are {text[:50]!r}: must be values by name, in JSON")
    return {
        key: given[key]
        for key, kind in NOTED.items()
        if isinstance(given.get(key), kind) and (kind is bool or not isinstance(given[key], bool))
    }


def recorded(folder: str, settings: Mapping[str, Any]) -> dict[str, xr.Dataset]:
    """The data sets that Recorder.save wrote; the settings of the recording become the attribute `recorded`."""
    data = {}
    for name in FILES:
        path = Path(folder) / f"{name}.nc"
        if name == "directions" and not path.is_file():  # a folder from before there were directions
            data[name] = undirected(data["training"]).assign_attrs(recorded=data["training"].attrs["recorded"])
            continue
        if not path.is_file():
            raise ValueError(f"{path}: no such file (Recorder.save writes {', '.join(FILES)} into a folder)")
        data[name] = netcdf.read(path)
        if data[name].attrs["contract"] != name:
            raise ValueError(f"{path}: holds {data[name].attrs['contract']}: must hold {name}")
        data[name].attrs["recorded"] = data[name].attrs.get("settings", "{}")
    found = data["distances"].sizes["step_in_window"]
    if settings["window"] != found:
        raise ValueError(f"window = {settings['window']}: must be {found}, the window that {folder} was recorded with")
    longest = int(max(data["distances"].window_steps.values, default=0))
    if longest < found:
        raise ValueError(f"window = {found}: must be at most {longest}, the steps that {folder} was recorded for")
    taken = {name: steps_of(found) for name, found in data.items()}
    if other := [name for name in FILES if taken[name] != taken["training"]]:
        said = f"{taken[other[0]]} steps, training.nc has {taken['training']}"
        raise ValueError(f"{Path(folder) / other[0]}.nc: has {said}: must be files of one recording")
    if settings["record"]["sketch"] and not data["sketch"].sizes["component"]:
        raise ValueError(f"record.sketch = {settings['record']['sketch']}: must be 0, {folder} has no sketch")
    return data


def steps_of(data: xr.Dataset) -> int:
    """Number of steps that a file of a recording is of."""
    return int(data.window_steps.sum()) if "window_steps" in data else data.sizes["step"]


def replayed(path: str, settings: Mapping[str, Any]) -> dict[str, xr.Dataset]:
    """The data sets that a recorder makes of a file with a trajectory."""
    with open_walk(path) as walk:
        first, every = numbered(walk, path)
        anchors = rows_of(settings["record"]["anchors"], first, every, walk.sizes["step"], path)
        return in_steps(replay(walk, settings, path, anchors).datasets(), first, every)


def steps_and_size(path: str, settings: Mapping[str, Any]) -> tuple[int, int]:
    """(steps, parameters) of a walk, whose weights are not read; ValueError as of import_walk for what it lacks.

    0 parameters for a folder that Recorder.save wrote: it holds no weights.
    """
    if Path(path).is_dir():
        return recorded(path, settings)["training"].sizes["step"], 0
    with open_walk(path) as walk:
        first, every = numbered(walk, path)
        steps, parameters = walk["weight"].shape
        rows_of(settings["record"]["anchors"], first, every, steps, path)
        check_window(settings["window"], steps, path)
    return steps, parameters


def check_window(window: int, steps: int, path: str) -> None:
    """Refuse a window that is longer than the walk."""
    if window > steps:
        raise ValueError(f"window = {window}: must be at most {steps}, the rows of weight in {path}")


def numbered(walk: xr.Dataset, path: str) -> tuple[int, int]:
    """(first step, steps between two weights) of the coordinate `step`, (0, 1) without one; ValueError if not even."""
    step = walk["step"].values
    if step.dtype.kind not in "iuf" or not ((np.abs(step) < EXACT) & (step == np.round(step))).all():
        raise ValueError(f"{path}: step is {step.dtype}, as {step[:2]}: must be whole numbers")
    step = step.astype(np.int64)
    apart = np.diff(step)
    odd = (apart != apart[:1]) | (apart < 1)
    if odd.any():
        at = int(odd.argmax())
        said = f"step {step[at + 1]} after step {step[at]}"
        raise ValueError(f"{path}: {said}: must be evenly spaced, in order, without repetition")
    return int(step[0]), int(apart[0]) if len(apart) else 1


def rows_of(anchors: list[int], first: int, every: int, count: int, path: str) -> dict[int, int]:
    """Row of each anchor step in the file; ValueError for a step that is not in it."""
    rows = {anchor: (anchor - first) // every for anchor in anchors}
    for anchor, row in rows.items():
        if first + row * every != anchor or not 0 <= row < count:
            steps = f"{first}, {first + every}, ..., {first + (count - 1) * every}"
            raise ValueError(f"record.anchors = {anchors}: must be steps of {path} ({steps}), not {anchor}")
    return rows


def in_steps(data: Mapping[str, xr.Dataset], first: int, every: int) -> dict[str, xr.Dataset]:
    """The data sets with the file's own steps instead of the numbers of its rows."""
    if (first, every) == (0, 1):
        return dict(data)
    found = {}
    for name, rows in data.items():
        steps = {n: (rows[n].dims, first + every * rows[n].values) for n in NUMBERED if n in rows.variables}
        spaced = {"step_spacing": ((), every)} if every > 1 and name != "directions" else {}
        found[name] = rows.assign({**steps, **spaced})
    return found


def open_walk(path: str) -> xr.Dataset:
    """The file, its data still on disk. ValueError unless its variables have the dimensions of DIMS, and numbers."""
    try:
        walk = xr.open_dataset(path, engine="netcdf4", decode_times=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path}: not a readable NetCDF file ({error})") from None
    for name, dims in DIMS.items():
        missing = name == "weight" and name not in walk
        if missing or (name in walk and walk[name].dims != dims):
            found = {name: v.dims for name, v in walk.variables.items()}
            raise ValueError(f"{path}: needs {name} with dimensions ({', '.join(dims)}); it has {found}")
    if walk["weight"].dtype not in ("float32", "float64"):
        raise ValueError(f"{path}: weight is {walk['weight'].dtype}: must be float32 or float64")
    for name in set(DIMS) & set(walk):
        if walk[name].dtype.kind not in "iuf":
            raise ValueError(f"{path}: {name} is {walk[name].dtype}: must be numbers")
    if not walk["weight"].size:
        raise ValueError(f"{path}: weight has shape {walk['weight'].shape}: must have at least one step and parameter")
    return walk


def replay(walk: xr.Dataset, settings: Mapping[str, Any], path: str, anchors: Mapping[int, int]) -> Recorder:
    """A closed recorder that every step of the trajectory was passed to, with these anchors' rows."""
    steps, size = walk["weight"].shape
    check_window(settings["window"], steps, path)
    weight = nn.Parameter(torch.from_numpy(walk["weight"][0].values))
    model = nn.Module()
    model.weight = weight
    record = settings["record"]
    recorder = Recorder(
        model, settings["window"], samples=record["samples"], anchors=list(anchors.values()), sketch=record["sketch"],
        seed=settings["seed"],
    )  # fmt: skip
    rows, most = max(1, READ // (size * weight.element_size())), min(LARGEST, torch.finfo(weight.dtype).max)
    for start in range(0, steps, rows):
        part = walk.isel(step=slice(start, start + rows)).load()
        for name in sorted(set(DIMS) & set(part)):
            allowed = (np.abs(part[name].values) < most).reshape(part.sizes["step"], -1).all(axis=1)
            if not allowed.all():
                step = walk["step"].values[start + allowed.argmin()]
                raise ValueError(f"{path}: {name} at step {step} is not finite, or not below {most:.2g}")
        for k in range(part.sizes["step"]):
            weight.data.copy_(torch.from_numpy(part["weight"].values[k]))
            weight.grad = _gradient(part, k, weight)
            recorder.record(torch.tensor(float(part["loss"][k]), dtype=torch.float64) if "loss" in part else None)
    recorder.close(moved=False)
    return recorder


def _gradient(part: xr.Dataset, step: int, weight: torch.Tensor) -> torch.Tensor:
    """Gradient at a step; NaN where the file has none."""
    if "gradient" not in part:
        return torch.full_like(weight, torch.nan)
    return torch.from_numpy(part["gradient"].values[step]).to(weight.dtype)
