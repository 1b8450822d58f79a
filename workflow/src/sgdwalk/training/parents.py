"""What a run takes from its parent, the finished training whose final network it starts from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from sgdwalk.storage import netcdf
from sgdwalk.storage.digests import digest


@dataclass(frozen=True)
class Parent:
    """checkpoint: step, epoch, model, optimiser. directions: [mode, parameter]. digests: of both."""

    checkpoint: Mapping[str, Any]
    directions: np.ndarray
    digests: tuple[str, str]


def read(files: Mapping[str, str]) -> Parent:
    """The parent from its folder `checkpoints`, its file `training` and the child's file `modes`.

    Raises ValueError and FileNotFoundError as `final_checkpoint` does.
    """
    path = final_checkpoint(files["checkpoints"], netcdf.read(files["training"]))
    vectors = netcdf.read(files["modes"]).vector.values
    return Parent(load(path), vectors, (digest(path), hashlib.sha256(vectors.tobytes()).hexdigest()))


def final_checkpoint(checkpoints: str | Path, training: xr.Dataset) -> Path:
    """File of the final network of the training with these checkpoints and this data set `training`.

    ValueError where it diverged, FileNotFoundError where its checkpoint is missing.
    """
    diverged, name = int(training.diverged_step), training.attrs.get("run", "")
    if diverged >= 0:
        raise ValueError(f"parent = '{name}': diverged at step {diverged}: must be a training that stays finite")
    path = Path(checkpoints) / f"step-{training.sizes['step']:09d}.pt"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file: the final checkpoint of the parent '{name}' is missing")
    return path


def load(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, on the CPU."""
    return torch.load(path, map_location="cpu", weights_only=True)


def keep_velocity(optimiser: torch.optim.Optimizer, checkpoint: Mapping[str, Any]) -> None:
    """Give the optimiser the momentum buffers of a checkpoint, but none of its hyperparameters."""
    kept = checkpoint["optimiser"]["state"]
    for index, p in enumerate(p for group in optimiser.param_groups for p in group["params"]):
        if (buffer := kept.get(index, {}).get("momentum_buffer")) is not None:
            optimiser.state[p]["momentum_buffer"] = buffer.to(p, copy=True)
