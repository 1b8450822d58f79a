"""Time-averaged displacement of a child, and what a drift has in it: from distances in windows, or from the sketch."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from sgdwalk.trajectory import distance_geometry, mean_squared_displacement
from sgdwalk.trajectory.pairs import matrix

SAMPLE = 512  # steps of a sketch, evenly spaced, behind the spread of the drift


class Averaged(NamedTuple):
    """msd [lag]; squared_drift per step, without bias; squared_drift_null, its 97.5 % point without drift."""

    msd: np.ndarray
    squared_drift: float
    squared_drift_null: float


def after(distances: xr.Dataset, first: int) -> list[np.ndarray]:
    """Squared distances [step, step] of each window's steps from `first` on, of windows that have two such steps."""
    found = []
    for row in range(distances.sizes["window"]):
        window = distances.isel(window=row)
        part = slice(max(first - int(window.window_start), 0), int(window.window_steps))
        if part.stop - part.start > 1:
            found.append(matrix(window.distance2.values)[part, part])
    return found


def of_windows(blocks: list[np.ndarray], lags: np.ndarray) -> Averaged:
    """Of a walk that is known in blocks d2 [step, step]: all pairs of steps of the same block count the same.

    The squared drift is the mean dot product of steps in the same block that are at least a quarter of it apart
    (distance_geometry.drift2), weighted by the number of such pairs: without bias where steps so far apart are
    uncorrelated, so that it can be negative. Its 97.5 % point is that of a driftless walk of uncorrelated steps.
    """
    pairs = [[np.diagonal(d2, lag) for d2 in blocks if lag < len(d2)] for lag in lags]
    longest = max(map(len, blocks))
    whole = [d2 for d2 in blocks if 2 * len(d2) >= longest]
    drifts, spreads = np.array([distance_geometry.drift2(d2) for d2 in whole]).T
    weights = np.array([len(d2) ** 2 for d2 in whole], float)
    weights /= weights.sum()
    dimension = np.mean([distance_geometry.effective_dimension(d2, 1) for d2 in whole])
    limit = distance_geometry.drift_quantile(dimension * len(whole)) * np.sqrt(((weights * spreads) ** 2).sum())
    msd = np.array([np.concatenate(found).mean() for found in pairs])
    return Averaged(msd, float(weights @ drifts), float(limit))


def of_sketch(points: np.ndarray, lags: np.ndarray) -> Averaged:
    """Of a random projection of the walk [step, component]: the same as of one block of all its steps.

    The dot products are of projected steps; the sums over all pairs are those over each step and the sum of all that
    are far enough before it. The effective dimension is that of SAMPLE steps.
    """
    steps = np.diff(points.astype(float), axis=0)
    apart = len(points) // 4
    before = points[: len(steps) - apart + 1].astype(float) - points[0]
    products = (steps[apart:] * before[1:]).sum()
    count = len(steps) - apart
    pairs = count * (count + 1) / 2
    some = steps[np.unique(np.linspace(0, len(steps) - 1, min(SAMPLE, len(steps))).astype(int))]
    far = np.triu_indices(len(some), max(len(some) // 4, 1))
    square = ((some @ some.T)[far] ** 2).mean()
    dimension = max((some**2).sum(axis=1).mean() ** 2 / square, 1) if square else 1.0
    limit = distance_geometry.drift_quantile(dimension) * np.sqrt(square / pairs)
    return Averaged(mean_squared_displacement.from_positions(points, lags), float(products / pairs), float(limit))
