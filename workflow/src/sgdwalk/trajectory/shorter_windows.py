"""Shorter windows from longer ones: the distances within a part of a window are among those of the window."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from sgdwalk.storage import netcdf, run_files
from sgdwalk.storage.provenance import attributes
from sgdwalk.trajectory.pairs import matrix
from sgdwalk.trajectory.windows import spacing


def cut_windows(inputs: Mapping[str, str], settings: Mapping[str, Any], outputs: Mapping[str, str], code: str) -> None:
    """Write the files of a run as if it had been recorded with the window of `settings`."""
    data = cut({name: netcdf.read(path) for name, path in inputs.items()}, settings["window"])
    stamp = attributes(settings, code, settings["run"], settings["seed"])
    for name, path in outputs.items():
        netcdf.write(data[name], path, run_files.CONTRACTS[name], stamp, loss_unit=run_files.loss_unit(settings))


def cut(data: Mapping[str, xr.Dataset], length: int) -> dict[str, xr.Dataset]:
    """The data sets of a run (Recorder.datasets) in windows of `length` steps.

    length: a divisor of the recorded window. Values are only rearranged, so this is exact. ValueError for a
    length that does not divide the recorded window.

    >>> import torch
    >>> from sgdwalk.recorder import Recorder
    >>> model = torch.nn.Linear(3, 2)
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> recorder = Recorder(model, window=40, samples=40)
    >>> for step in range(80):
    ...     optimiser.zero_grad()
    ...     loss = model(torch.ones(1, 3)).square().sum()
    ...     loss.backward()
    ...     recorder.record(loss)  # before the step
    ...     optimiser.step()
    >>> recorder.close()
    >>> recorder.datasets()["distances"].sizes["window"]
    2
    >>> cut(recorder.datasets(), 20)["distances"].sizes["window"]
    4
    """
    recorded = data["distances"].sizes["step_in_window"]
    if length > recorded or recorded % length:
        raise ValueError(f"window = {length}: must divide {recorded}, the window that was recorded")
    parts = recorded // length
    windows = _windows(data["distances"], parts, length)
    return {
        **data,
        "training": data["training"].drop_dims("window", errors="ignore"),
        "distances": _distances(data["distances"], parts, windows),
        "layers": _distances(data["layers"], parts, windows),
        "gradients": _gradients(data["gradients"], parts, windows),
    }


def _windows(distances: xr.Dataset, parts: int, length: int) -> xr.Dataset:
    """window_start and window_steps of all parts, including those without any step."""
    first = np.arange(parts) * length
    starts = (distances.window_start.values[:, None] + first * spacing(distances)).ravel()
    steps = np.clip(distances.window_steps.values[:, None] - first, 0, length).ravel()
    return xr.Dataset(
        coords={
            "window": np.arange(len(starts)),
            "window_start": ("window", starts),
            "window_steps": ("window", steps),
        }
    )


def _kept(dataset: xr.Dataset, windows: xr.Dataset) -> xr.Dataset:
    """The data set with these windows, without those that have no step."""
    return dataset.assign_coords(windows.coords).isel(window=windows.window_steps.values > 0)


def _distances(data: xr.Dataset, parts: int, windows: xr.Dataset) -> xr.Dataset:
    dims = data.distance2.dims
    pairs = data.distance2.transpose(..., "window", "pair").values
    found = np.stack([_parts(row, parts) for row in pairs.reshape(-1, pairs.shape[-1])]) if pairs.size else pairs
    shape = (*pairs.shape[:-2], len(windows.window), -1 if pairs.size else 0)
    rest = data.drop_vars(["distance2", "loss", "window", "window_start", "window_steps"])
    loss = ("window", "step_in_window"), data.loss.values.reshape(len(windows.window), -1)
    return _kept(rest.assign(distance2=(dims, found.reshape(shape)), loss=loss), windows)


def _parts(pairs: np.ndarray, parts: int) -> np.ndarray:
    """Pairs within each part [part, pair] of a window's pairs."""
    whole = matrix(pairs)
    length = len(whole) // parts
    upper = np.triu_indices(length, 1)
    return np.stack([whole[k : k + length, k : k + length][upper] for k in range(0, len(whole), length)])


def _gradients(data: xr.Dataset, parts: int, windows: xr.Dataset) -> xr.Dataset:
    """Gradients of the parts: equal pieces, since samples are ordered by step and equally many per step."""
    cut = {}
    for name in ("gradient", "step", "layer_gradient", "layer_step", "tracked_gradient"):
        values = data[name].transpose("window", ..., *{"sample", "layer_sample"} & set(data[name].dims))
        along = values.dims.index("step_in_window") if name == "tracked_gradient" else values.ndim - 1
        pieces = np.stack(np.split(values.values, parts, along), 1)
        cut[name] = (values.dims, pieces.reshape(len(windows.window), *pieces.shape[2:]))
    rest = data.drop_vars([*cut, "window", "window_start", "window_steps"])
    return _kept(rest.assign(cut), windows)
