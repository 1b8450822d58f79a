"""Slope of the straight line through points, with its interval."""

import numpy as np

from sgdwalk import quantiles

FEWEST = 3  # points


def slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """(slope, low, high) of the line of least squares through the finite points (x, y), with Student's 95 % interval.

    NaN of fewer than FEWEST points, and where all x are equal.
    """
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < FEWEST or np.ptp(x[known]) == 0:
        return (np.nan,) * 3
    dx, dy = x[known] - x[known].mean(), y[known] - y[known].mean()
    found, freedom = dx @ dy / (dx @ dx), known.sum() - 2
    half = quantiles.student(0.975, freedom) * np.linalg.norm(dy - found * dx) / np.sqrt(freedom * (dx @ dx))
    return found, found - half, found + half
