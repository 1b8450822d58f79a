"""Exact zeros in a sample of gradients: those that are small values rounded, and a point mass (dead units)."""

import numpy as np

NEAREST = 0.05  # share of the values that the density at 0 is taken from
FEWEST = 10  # of them, at least
DEVIATIONS = 2.0  # by which zeros may exceed the expected number before any counts as a point mass


def continuous(x: np.ndarray) -> np.ndarray:
    """Which values of x [n], not NaN, belong to a continuous density: all but the zeros that it does not explain.

    Rounding to a grid of spacing r turns what lies within r / 2 of 0 into zeros. r is taken as the least distance
    of a value from 0, and the density at 0 from the nearest 5 % of the values: k of them within d of 0 make
    k r / (2 d) zeros expected. All zeros belong to the density where there are at most two standard deviations
    more; otherwise as many as expected, evenly spaced among the zeros, and the rest is a point mass. Where no value
    but 0 occurs all are kept.
    """
    kept = x != 0
    zeros = np.flatnonzero(~kept)
    if not kept.any() or not len(zeros):
        return np.ones(len(x), bool)
    expected, error = expected_zeros(np.abs(x[kept]))
    explained = len(zeros) if len(zeros) <= expected + DEVIATIONS * error else int(expected)
    kept[zeros[np.linspace(0, len(zeros) - 1, explained).astype(int)]] = True
    return kept


def expected_zeros(sizes: np.ndarray) -> tuple[float, float]:
    """(expected number of rounded zeros, standard deviation of their number about it), from |x| > 0 [n]."""
    sizes = np.sort(sizes)
    reach = sizes[min(max(int(NEAREST * len(sizes)), FEWEST), len(sizes)) - 1]
    near = np.searchsorted(sizes, reach, side="right")
    expected = near * sizes[0] / (2 * reach)
    return float(expected), float(np.sqrt(expected + expected**2 / near))
