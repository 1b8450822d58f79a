"""Loss surface on planes of two filter-normalised random directions (Li et al. 2018, arXiv 1712.09913)."""

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import LOSS, Contract, variable
from sgdwalk.storage.kept_rows import KeptRows

CONTRACT = Contract(
    "landscape",
    {
        "plane": variable("plane", "1", "random plane, from 0 on"),
        "x": variable("x", "1", "first direction, in filter norms"),
        "y": variable("y", "1", "second direction, in filter norms"),
        "loss": variable("plane x y", LOSS, "training loss"),
        "test_loss": variable("plane x y", LOSS, "test loss", optional=True),
        "precision": variable("", "1", "relative rounding error of a loss"),
        "zoom_x": variable("zoom_x", "1", "first direction, in filter norms"),
        "zoom_y": variable("zoom_y", "1", "second direction, in filter norms"),
        "zoom_loss": variable("plane zoom_x zoom_y", LOSS, "training loss, enlarged"),
        "path_x": variable("plane epoch", "1", "snapshot projected on the first direction"),
        "path_y": variable("plane epoch", "1", "snapshot projected on the second direction"),
        "path_share": variable("plane epoch", "1", "share of the squared distance from the centre in the plane"),
        "epoch": variable("epoch", "epoch", "epochs done"),
    },
    version=3,
)  # fmt: skip


def compute(
    checkpoints: str,
    kept: KeptRows | None = None,
    *,
    run: dict,
    planes: int = 1,
    points: int = 51,
    extent: float = 1.0,
    zoom: float = 0.1,
    zoom_points: int = 51,
    images: int = 500,
    test_images: int = 0,
    batch_size: int = 500,
    batch_norm: str = "stored",
    seed: int = 0,
) -> xr.Dataset:
    """Loss L(w + x a + y b) around the final weights w, on [-extent, extent]^2 and enlarged on `zoom` times that.

    checkpoints: the run's folder of checkpoints. kept: rows of an earlier attempt. run: its settings. planes: number of
    independent pairs of directions. points, zoom_points: of the grids, a side. Each
    filter of the random directions a, b (seed) is scaled to the norm of the filter that it moves; biases and
    batch-norm parameters do not move. The loss is the mean over `images` random training images in equal batches of
    `batch_size`; test_loss, not enlarged: the same over `test_images` test images, unless that is 0. batch_norm:
    'stored' running statistics, as published, or 'batch'. The snapshots of the run are
    projected on each plane (least squares); path_share: of the squared distance that lies in the plane.

    Returns the data set of CONTRACT. FileNotFoundError where there are no checkpoints; ValueError for batches that
    are too small for their own statistics, or too large for the memory and not to be divided (see
    mean_loss.MeanLoss). Source: Li et al. 2018 (arXiv 1712.09913).
    """
    from sgdwalk.landscapes import mean_loss, trained_networks  # torch, which readers of the file do not need
    from sgdwalk.landscapes.filter_normalised_plane import random_plane

    kept = kept or KeptRows()
    model, losses = mean_loss.network_and_losses(run, "landscape", images, test_images, batch_size, batch_norm, seed)
    snapshots = trained_networks.snapshots(checkpoints)
    states = [snapshot["model"] for snapshot in snapshots]
    axis, zoom_axis = np.linspace(-extent, extent, points), np.linspace(-zoom, zoom, zoom_points) * extent
    found: dict[str, list[np.ndarray]] = {}
    for number in range(planes):
        plane = random_plane(model, states[-1], seed, number)
        grids = {name: (loss, axis) for name, loss in losses.items()} | {"zoom_loss": (losses["loss"], zoom_axis)}
        for name, (loss, side) in grids.items():
            found.setdefault(name, []).append(plane.surface(loss, side, side, kept, f"{name}-{number}"))
        for name, values in zip(("path_x", "path_y", "path_share"), plane.project(states), strict=True):
            found.setdefault(name, []).append(values)
    return xr.Dataset(
        {name: (CONTRACT.variables[name].dims, np.stack(values)) for name, values in found.items()}
        | {"precision": np.finfo(run["dtype"]).eps},
        coords={
            "plane": np.arange(planes),
            "x": axis,
            "y": axis,
            "zoom_x": zoom_axis,
            "zoom_y": zoom_axis,
            "epoch": [snapshot["epoch"] for snapshot in snapshots],
        },
    )
