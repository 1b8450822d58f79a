"""Loss surface on a plane of two filter-normalised random directions (Li et al. 2018, arXiv 1712.09913)."""

import sys

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import LOSS, Contract, variable

CONTRACT = Contract(
    "landscape",
    {
        "x": variable("x", "1", "first direction, in filter norms"),
        "y": variable("y", "1", "second direction, in filter norms"),
        "loss": variable("x y", LOSS, "training loss"),
        "precision": variable("", "1", "relative rounding error of a loss"),
        "zoom_x": variable("zoom_x", "1", "first direction, in filter norms"),
        "zoom_y": variable("zoom_y", "1", "second direction, in filter norms"),
        "zoom_loss": variable("zoom_x zoom_y", LOSS, "training loss, enlarged"),
        "path_x": variable("epoch", "1", "snapshot projected on the first direction"),
        "path_y": variable("epoch", "1", "snapshot projected on the second direction"),
        "path_share": variable("epoch", "1", "share of the squared distance from the centre that lies in the plane"),
        "epoch": variable("epoch", "epoch", "epochs done"),
    },
    version=2,
)


def compute(
    checkpoints: str,
    *,
    run: dict,
    points: int = 51,
    extent: float = 1.0,
    zoom: float = 0.1,
    zoom_points: int = 51,
    images: int = 500,
    batch_size: int = 500,
    batch_norm: str = "stored",
    seed: int = 0,
) -> xr.Dataset:
    """Loss L(w + x a + y b) around the final weights w, on [-extent, extent]^2 and enlarged on `zoom` times that.

    checkpoints: the run's folder of checkpoints. run: its settings. points, zoom_points: of the grids, a side. Each
    filter of the random directions a, b (seed) is scaled to the norm of the filter that it moves; biases and
    batch-norm parameters do not move. The loss is the mean over `images` random training images in equal batches of
    `batch_size`. batch_norm: 'stored' running statistics, as published, or 'batch'. The snapshots of the run are
    projected on the plane (least squares); path_share: of the squared distance that lies in the plane.

    Returns the data set of CONTRACT. FileNotFoundError where there are no checkpoints; ValueError for batches that
    are too small for their own statistics. Source: Li et al. 2018 (arXiv 1712.09913).
    """
    from sgdwalk.landscapes import (  # torch, which readers of the file do not need
        filter_normalised_plane,
        trained_networks,
    )
    from sgdwalk.training.losses import objective

    model, batches = trained_networks.network_and_batches(run, "landscape", images, batch_size, batch_norm, seed)
    snapshots = trained_networks.snapshots(checkpoints)
    plane = filter_normalised_plane.Plane(model, snapshots[-1]["model"], seed)
    loss = filter_normalised_plane.batch_loss(objective(run), batches, batch_norm)
    axis, zoom_axis = np.linspace(-extent, extent, points), np.linspace(-zoom, zoom, zoom_points) * extent
    surface = plane.surface(loss, axis)
    print("surface done, now the enlargement", file=sys.stderr, flush=True)
    path_x, path_y, share = plane.project([snapshot["model"] for snapshot in snapshots])
    return xr.Dataset(
        {
            "loss": (("x", "y"), surface),
            "precision": np.finfo(run["dtype"]).eps,
            "zoom_loss": (("zoom_x", "zoom_y"), plane.surface(loss, zoom_axis)),
            "path_x": ("epoch", path_x),
            "path_y": ("epoch", path_y),
            "path_share": ("epoch", share),
        },
        coords={
            "x": axis,
            "y": axis,
            "zoom_x": zoom_axis,
            "zoom_y": zoom_axis,
            "epoch": [snapshot["epoch"] for snapshot in snapshots],
        },
    )
