"""Tests of a mode's stiffness against modes at an edge, and their correction for the number of modes."""

import numpy as np

from sgdwalk.limiting.child import Child
from sgdwalk.limiting.felt_curvature import regress
from sgdwalk.limiting.simulated_modes import simulated


def deviations(child: Child, stiffness: float, steps: int, copies: int, examples: int, rng) -> np.ndarray:
    """(fitted - true stiffness) / standard error [copy] of simulated modes; batches must be independent.

    Least squares overestimate a small stiffness, by as much as a few relaxation times over the length of the run, so
    that Student's distribution would find springs and oscillations that are not there.
    """
    found = [
        (felt.curvature - true) / felt.error
        for position, gradient, true in simulated(child, stiffness, steps, copies, examples, rng)
        for felt in [regress(position, gradient, 0, child.batch_size, None)]
    ]
    return np.concatenate(found)


def p_values(statistic: np.ndarray, null: np.ndarray) -> np.ndarray:
    """One-sided p of each statistic [mode]: (1 + number of null [copy] at least as large) / (1 + copies)."""
    larger = len(null) - np.searchsorted(np.sort(null), statistic)
    return np.where(np.isfinite(statistic), (1 + larger) / (1 + len(null)), np.nan)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's correction of p values [mode] for their number: any false one below 5 % has a chance of at most 5 %.

    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    adjusted, found = np.full(len(p), np.nan), np.flatnonzero(np.isfinite(p))
    order = found[np.argsort(p[found])]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1)
    return adjusted
