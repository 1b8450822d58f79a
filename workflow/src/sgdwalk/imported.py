"""Somebody else's walk: read window by window and reduced to the files that a training would write."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from sgdwalk import contracts, records
from sgdwalk.distances import condensed, squared_distances
from sgdwalk.provenance import attributes
from sgdwalk.seeds import generator

DIMS = {"weight": ("step", "parameter"), "loss": ("step",), "gradient": ("step", "parameter")}
EPOCH = ("epoch_step", "train_loss", "train_error", "test_loss", "test_error")


def import_walk(path: str, settings: Mapping[str, Any], outputs: Mapping[str, str], code: str) -> None:
    """Write training.nc, distances.nc and gradients.nc of a file with weight [step, parameter].

    loss [step] and gradient [step, parameter] may be missing: what rests on them is NaN.
    Memory is bounded by one window.
    """
    with open_walk(path) as walk:
        count, rest = divmod(walk.sizes["step"], settings["window"])
        if count == 0:
            raise ValueError(f"window = {settings['window']}: must be at most {rest}, the steps of {path}")
        rows = [reduce_window(walk, k, settings, path) for k in range(count)]
    stamp = attributes(settings, code, settings["run"], settings["seed"])
    index = np.arange(len(rows))
    coordinates = {"window": index, "window_start": ("window", index * settings["window"])}
    stacked = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    contracts.write(training(stacked), outputs["training"], records.TRAINING, stamp)
    distances = {
        "distance2": (("window", "pair"), stacked["distance2"]),
        "loss": (("window", "step"), stacked["loss"]),
    }
    contracts.write(xr.Dataset(distances, coordinates), outputs["distances"], records.DISTANCES, stamp)
    gradients = {
        "gradient": (("window", "sample"), stacked["gradient"]),
        "step": (("window", "sample"), stacked["step"]),
    }
    contracts.write(xr.Dataset(gradients, coordinates), outputs["gradients"], records.GRADIENTS, stamp)


def open_walk(path: str) -> xr.Dataset:
    """The file, its data still on disk, if its variables have the dimensions they need."""
    try:
        walk = xr.open_dataset(path, engine="netcdf4", decode_times=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path}: not a readable NetCDF file ({error})") from None
    for name, dims in DIMS.items():
        missing = name == "weight" and name not in walk
        if missing or (name in walk and walk[name].dims != dims):
            found = {name: v.dims for name, v in walk.variables.items()}
            raise ValueError(f"{path}: needs {name} with dimensions ({', '.join(dims)}); it has {found}")
    return walk


def reduce_window(walk: xr.Dataset, window: int, settings: Mapping[str, Any], path: str) -> dict[str, np.ndarray]:
    """Distances, losses, step lengths, displacements and gradient samples of one window."""
    T = settings["window"]
    part = walk.isel(step=slice(window * T, (window + 1) * T))
    weights = torch.from_numpy(part["weight"].values)
    if not torch.isfinite(weights).all():
        raise ValueError(f"{path}: weights of steps {window * T} to {(window + 1) * T - 1} are not all finite")
    start = torch.from_numpy(walk["weight"].isel(step=0).values)
    last = walk["weight"].isel(step=slice((window + 1) * T, (window + 1) * T + 1)).values
    ahead = torch.cat([weights[1:], torch.from_numpy(last)])
    lengths = [float(torch.linalg.vector_norm(b.double() - a.double())) for a, b in zip(weights, ahead, strict=False)]
    per_step = -(-settings["record"]["samples"] // T)
    steps = np.repeat(np.arange(T), per_step)
    gradient, norm = np.full(T * per_step, np.nan, np.float32), np.full(T, np.nan)
    if "gradient" in part:
        values = part["gradient"].values
        shape, key = (T * per_step,), (settings["seed"], "sample", window * T)
        gradient = values[steps, torch.randint(values.shape[1], shape, generator=generator(*key)).numpy()]
        norm = np.linalg.norm(values.astype(float), axis=1)
    return {
        "distance2": condensed(squared_distances(weights)),
        "loss": part["loss"].values.astype(float) if "loss" in part else np.full(T, np.nan),
        "step_length": np.array(lengths + [np.nan] * (T - len(lengths))),
        "displacement": np.array([float(torch.linalg.vector_norm(w.double() - start.double())) for w in weights]),
        "gradient": gradient.astype(np.float32),
        "gradient_norm": norm,
        "step": window * T + steps,
    }


def training(stacked: Mapping[str, np.ndarray]) -> xr.Dataset:
    """training.nc of an imported walk: no epochs, no noise norms."""
    series = {name: stacked[name].reshape(-1) for name in ("loss", "gradient_norm", "step_length", "displacement")}
    series["noise_norm"] = np.full(series["loss"].shape, np.nan)
    columns = {name: ("step", values) for name, values in series.items()}
    columns |= {name: ("epoch", np.empty(0)) for name in EPOCH}
    coordinates = {"step": np.arange(len(series["loss"])), "epoch": np.empty(0)}
    return xr.Dataset(columns | {"diverged_step": ((), -1)}, coordinates)
