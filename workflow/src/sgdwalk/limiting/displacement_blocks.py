"""Time-averaged displacement of a child from the distances in its windows, and what a drift has in it."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.spatial.distance import squareform

from sgdwalk.trajectory import distance_geometry


class Blocks(NamedTuple):
    """msd [lag] at lags 1 ... T - 1, mean over all pairs of steps in the same window; squared_drift per step, and its
    97.5 % point without drift.
    """

    msd: np.ndarray
    squared_drift: float
    squared_drift_null: float


def after(distances: xr.Dataset, first: int) -> list[np.ndarray]:
    """Squared distances [step, step] of each window's steps from `first` on, of windows that have two such steps."""
    found = []
    for row in range(distances.sizes["window"]):
        window = distances.isel(window=row)
        d2 = squareform(window.distance2.values)
        part = slice(max(first - int(window.window_start), 0), int(window.window_steps))
        if part.stop - part.start > 1:
            found.append(d2[part, part])
    return found


def time_averaged(blocks: list[np.ndarray]) -> Blocks:
    """MSD and squared drift of a walk that is known in blocks d2 [step, step].

    The squared drift is the mean dot product of steps in the same block that are at least a quarter of it apart
    (distance_geometry.drift2), weighted by the number of such pairs: without bias where steps so far apart are
    uncorrelated, so that it can be negative. Its 97.5 % point is that of a driftless walk of uncorrelated steps.
    """
    sums, counts = np.zeros(max(map(len, blocks)) - 1), np.zeros(max(map(len, blocks)) - 1)
    for d2 in blocks:
        sums[: len(d2) - 1] += [np.diagonal(d2, lag).sum() for lag in range(1, len(d2))]
        counts[: len(d2) - 1] += np.arange(len(d2) - 1, 0, -1)
    longest = [d2 for d2 in blocks if 2 * len(d2) >= len(sums)]
    drifts, spreads = np.array([distance_geometry.drift2(d2) for d2 in longest]).T
    weights = np.array([len(d2) ** 2 for d2 in longest], float)
    weights /= weights.sum()
    dimension = np.mean([distance_geometry.effective_dimension(d2, 1) for d2 in longest])
    limit = distance_geometry.drift_quantile(dimension * len(longest)) * np.sqrt(((weights * spreads) ** 2).sum())
    return Blocks(sums / counts, float(weights @ drifts), float(limit))
