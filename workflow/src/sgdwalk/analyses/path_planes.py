"""Loss surface on planes through a run's own snapshots, and along the line from its start to its end."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from sgdwalk.landscapes import snapshot_planes
from sgdwalk.storage.contracts import LOSS, Contract, variable
from sgdwalk.storage.kept_rows import KeptRows

PLANES = ("principal components", "three snapshots")
LEAST = 3  # snapshots: a plane goes through three points

CONTRACT = Contract(
    "path_planes",
    {
        "epoch": variable("epoch", "epoch", "epochs done"),
        "step": variable("epoch", "step", "steps done"),
        "snapshot_loss": variable("epoch", LOSS, "training loss of the snapshot"),
        "snapshot_test_loss": variable("epoch", LOSS, "test loss of the snapshot", optional=True),
        "other": variable("other", "epoch", "epochs done of the other snapshot", optional=True),
        "cosine": variable("epoch other", "1", "cosine of the angle between the weights of snapshots", optional=True),
        "component": variable("component", "1", "principal component of the snapshots"),
        "explained": variable("component", "1", "share of the variance"),
        "explained_orthogonal": variable("component", "1", "share of the variance, orthogonal steps of equal lengths"),
        "explained_random_walk": variable("component", "1", "share of the variance, long random walk"),
        "plane": variable("plane", "1", "what the plane goes through"),
        "status": variable("plane", "1", "ok, or why there is no such plane"),
        "origin": variable("plane", "epoch", "epochs done of the snapshot at (0, 0)"),
        "x": variable("plane row", "1", "distance along the first direction"),
        "y": variable("plane column", "1", "distance along the second direction"),
        "loss": variable("plane row column", LOSS, "training loss"),
        "test_loss": variable("plane row column", LOSS, "test loss", optional=True),
        "path_x": variable("plane epoch", "1", "snapshot projected on the first direction"),
        "path_y": variable("plane epoch", "1", "snapshot projected on the second direction"),
        "path_share": variable("plane epoch", "1", "share of the squared distance from the origin in the plane"),
        "through": variable("corner", "epoch", "epochs done of the three snapshots of the second plane"),
        "position": variable("position", "1", "position between initial (0) and final weights (1)"),
        "line_loss": variable("position", LOSS, "training loss on the line"),
        "line_test_loss": variable("position", LOSS, "test loss on the line", optional=True),
    },
)  # fmt: skip


def compute(
    checkpoints: str,
    kept: KeptRows | None = None,
    *,
    run: dict,
    points: int = 51,
    margin: float = 0.25,
    through: Sequence[int] = (),
    line_points: int = 51,
    images: int = 500,
    test_images: int = 500,
    batch_size: int = 500,
    batch_norm: str = "batch",
    seed: int = 0,
) -> xr.Dataset:
    """Loss on two planes through the snapshots, and on the line w_0 + s (w_end - w_0) between the first and the last.

    The first plane has the directions of the first two principal components of the snapshots and goes through the last
    one; the second goes through three snapshots. Directions are orthogonal and of length 1: coordinates are distances.

    checkpoints: the run's folder of checkpoints. kept: rows of an earlier attempt. run: its settings. points: of a
    plane, a side. It contains all projected snapshots, and beyond them `margin` times their extent on each side; the
    line goes as far beyond its ends and has `line_points` points. through: three snapshots, counted from 0; by default
    the first, the middle, and the last one. The third is the origin of the second plane. The loss is the mean over
    `images` random training images in equal batches of `batch_size`; test losses: over `test_images` test images,
    unless that is 0. batch_norm: 'batch' normalises each batch with its own statistics, as training does; 'stored'
    uses the running ones of the plane's origin, which far from it are those of another network. seed: of the images.

    explained [component]: eigenvalues of the snapshots' covariance over their sum. Two nulls, which are walks without
    any structure of the loss: explained_orthogonal, of as many steps with the measured lengths, all orthogonal;
    explained_random_walk, 6 / (pi^2 k^2), of a long walk of equal steps. cosine [epoch, other]: of the weights about 0,
    the trajectory map of Singh et al. 2024 (arXiv 2403.07379).

    Returns the data set of CONTRACT. A plane that is not there (weights that are not finite, a run that diverged before
    its third snapshot, snapshots on a line) is NaN, and status says why. FileNotFoundError where there are no
    checkpoints; ValueError for a run whose settings have fewer than three snapshots, for `through` that are not three
    of them, and for batches as in landscape.compute. Source of the plane of
    components: Li et al. 2018 (arXiv 1712.09913), Section 7; of that through three points: Garipov et al. 2018 (arXiv
    1802.10026); of the line: Goodfellow et al. 2015 (arXiv 1412.6544).
    """
    from sgdwalk.landscapes import trained_networks  # torch, which readers of the file do not need
    from sgdwalk.landscapes.mean_loss import network_and_losses
    from sgdwalk.landscapes.snapshot_surfaces import Snapshots, cosines

    checked_through(through, run["snapshots"])
    snapshots = trained_networks.snapshots(checkpoints)
    last = len(snapshots) - 1
    three = [*through] or [0, last // 2, last]
    model, losses = network_and_losses(run, "path_planes", images, test_images, batch_size, batch_norm, seed)
    path = Snapshots(model, [snapshot["model"] for snapshot in snapshots], losses, kept or KeptRows())
    epoch = np.array([snapshot["epoch"] for snapshot in snapshots])
    epoch_of = pd.Series(epoch).reindex  # NaN for a snapshot that the run did not reach
    ends, position = np.eye(len(epoch))[[0, last]], stretched(np.array([0.0, 1.0]), margin, line_points)
    line = path.surfaces(np.stack([ends[0] - ends[1], 0 * ends[1]]), last, 1 - position, np.zeros(1), "line")
    null = snapshot_planes.orthogonal_walk(path.gram)
    planes = [
        on_plane(path, snapshot_planes.principal_components(path.gram)[1], [last], margin, points, "components"),
        on_plane(path, snapshot_planes.through_three(path.gram, three), three, margin, points, "three"),
    ]
    return xr.Dataset(
        {
            "step": ("epoch", [snapshot["step"] for snapshot in snapshots]),
            "cosine": (("epoch", "other"), cosines(path.states, path.names)),
            "explained": ("component", snapshot_planes.explained(path.gram)),
            "explained_orthogonal": ("component", snapshot_planes.explained(null)),
            "explained_random_walk": ("component", snapshot_planes.random_walk_shares(last)),
            "origin": ("plane", epoch_of([last, three[-1]])),
            "through": ("corner", epoch_of(three)),
        }
        | {f"line_{name}": ("position", values[:, 0]) for name, values in line.items()}
        | {f"snapshot_{name}": ("epoch", values) for name, values in path.losses().items()}
        | dict(xr.concat(planes, "plane").data_vars),
        {
            "epoch": epoch,
            "other": epoch,
            "component": np.arange(1, last + 1),
            "plane": list(PLANES),
            "position": position,
        },
    )


def on_plane(
    path, coefficients: np.ndarray, needed: Sequence[int], margin: float, points: int, name: str
) -> xr.Dataset:
    """The variables of one plane, of the directions with these coefficients [2, snapshot].

    needed: the snapshots that the plane goes through; its origin is the last of them.
    """
    origin = min(needed[-1], len(path.gram) - 1)
    place, share = snapshot_planes.coordinates(path.gram, coefficients, origin)
    x, y = (stretched(along, margin, points) for along in place)
    surfaces = path.surfaces(coefficients, origin, x, y, name)
    return xr.Dataset(
        {
            "status": obstacle(path.gram, coefficients, needed),
            "x": ("row", x),
            "y": ("column", y),
            "path_x": ("epoch", place[0]),
            "path_y": ("epoch", place[1]),
            "path_share": ("epoch", share),
        }
        | {loss: (("row", "column"), values) for loss, values in surfaces.items()}
    )


def obstacle(gram: np.ndarray, coefficients: np.ndarray, needed: Sequence[int]) -> str:
    """Why snapshots have no plane of these coefficients [2, snapshot], or 'ok'; needed: snapshots that it needs."""
    if not np.isfinite(gram).all():
        return "weights are not finite"
    if len(gram) <= max(*needed, LEAST - 1):
        return "too few snapshots"
    return "ok" if np.isfinite(coefficients).all() else "the snapshots are on a line"


def stretched(values: np.ndarray, margin: float, points: int) -> np.ndarray:
    """Evenly spaced points over the range of the values and `margin` times that on each side; NaN if a value is."""
    low, high = values.min(), values.max()
    beyond = margin * (high - low)
    return np.linspace(low - beyond, high + beyond, points)


def checked_through(through: Sequence[int], count: int) -> None:
    """Refuse planes through `count` snapshots of which there are too few, and `through` that are not three of them."""
    if count < LEAST:
        raise ValueError(f"snapshots = {count}: must be at least {LEAST} for planes through them")
    if through and (len(through) != LEAST or len({*through}) != LEAST or not {*through} <= {*range(count)}):
        raise ValueError(f"path_planes.through = {[*through]}: must be three different snapshots from 0 to {count - 1}")
