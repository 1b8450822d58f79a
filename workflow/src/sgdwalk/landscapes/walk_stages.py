"""Parts of walks that end in a minimum, and the mean squared displacement (MSD) in each of them."""

from typing import NamedTuple

import numpy as np

from sgdwalk.landscapes.surface_walks import as_complex

STAGES = ("descent", "approach", "basin", "whole", "start")
FEWEST_WALKERS = 5  # with the longest lag in a stage that is measured
ENSEMBLE_LAG = 10  # longest lag of the ensemble average from the start
LAGS = 8  # about as many for each fit, evenly on a logarithmic axis


class StageMsd(NamedTuple):
    """MSD of the stages and what is made of it.

    lag [lag]; msd [stage, lag], NaN at lags that the fit of a stage leaves out; exponent [stage]; first_lag and
    last_lag [stage] of the fits; walkers_used [stage]: walkers with the longest lag inside the stage; single [walker]:
    exponent of one walker's time average before the last entry, NaN where it spends fewer than twice the longest lag
    there.
    """

    lag: np.ndarray
    msd: np.ndarray
    exponent: np.ndarray
    first_lag: np.ndarray
    last_lag: np.ndarray
    walkers_used: np.ndarray
    single: np.ndarray


def entries(path: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """(first, last) entry of each walker into its last minimum, in steps [walker], from its path [walker, step, axis].

    The minimum is the disc of `radius` around the mean position over the last tenth of steps. last: the first step
    from which the walker stays inside; the number of steps where the last position still lies outside. first: the
    first step inside (no later than last); the number of steps without one.
    """
    z = as_complex(path)
    steps = z.shape[1]
    centre = z[:, -max(steps // 10, 1) :].mean(axis=1, keepdims=True)
    inside = np.abs(z - centre) <= radius
    last = np.where(inside, 0, np.arange(1, steps + 1)).max(axis=1)
    return np.where(inside.any(axis=1), inside.argmax(axis=1), steps), last


def measure(path: np.ndarray, first: np.ndarray, last: np.ndarray, descent_lag: int, basin_lag: int) -> StageMsd:
    """MSD and exponents of paths [walker, step, axis] with these entries [walker].

    Stages and the lags of their fits: 'descent' before the last entry and 'approach' before the first, 1 to
    descent_lag; 'basin' after the last entry and 'whole', 1 to basin_lag: the mean of |x_{t+lag} - x_t|^2 over all
    pairs of steps of all walkers that lie inside the stage. Every walker counts with the pairs that it has: to leave
    out those that are soon in their minimum would leave the slow ones. 'start', 1 to ENSEMBLE_LAG: the ensemble
    average of |x_lag - x_0|^2. An exponent is the slope of log MSD against log lag; NaN where fewer than
    FEWEST_WALKERS have the longest lag inside, or where walkers do not move.
    """
    steps = path.shape[1]
    longest = np.minimum([descent_lag, descent_lag, basin_lag, basin_lag, ENSEMBLE_LAG], steps - 1)
    lags = np.unique(np.concatenate([lags_to(lag) for lag in longest]))
    fitted = lags <= longest[:, None]
    zero, end = np.zeros_like(last), np.full_like(last, steps)
    sums, counts, ensemble = pair_sums(
        path, lags, np.stack([zero, zero, last, zero]), np.stack([last, first, end, end])
    )
    pairs = counts.sum(axis=1)
    pooled = np.divide(sums.sum(axis=1), pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0)
    msd = np.where(fitted, np.vstack([pooled, ensemble]), np.nan)
    used = [(n[:, fit][:, -1] > 0).sum() for n, fit in zip(counts, fitted, strict=False)] + [len(path)]
    slopes = [slope(lags[fit], curve[fit]) for fit, curve in zip(fitted, msd, strict=True)]
    exponent = np.where(np.array(used) >= FEWEST_WALKERS, slopes, np.nan)
    single = np.where(last >= 2 * longest[0], _singles(sums[0], counts[0], lags, fitted[0]), np.nan)
    return StageMsd(lags, msd, exponent, np.ones_like(longest), longest, np.array(used), single)


def pair_sums(
    path: np.ndarray, lags: np.ndarray, begin: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sums of |x_{t+lag} - x_t|^2, numbers of pairs, both [stage, walker, lag]; mean of |x_lag - x_0|^2 [lag]).

    The pairs have begin <= t and t + lag < end, both [stage, walker].
    """
    z = np.ascontiguousarray(as_complex(path).T)
    sums, counts, ensemble = np.zeros((*begin.shape, len(lags))), np.zeros((*begin.shape, len(lags))), []
    column = np.arange(len(path))
    for k, lag in enumerate(lags):
        moved = z[lag:] - z[:-lag]
        squared = moved.real**2 + moved.imag**2
        ensemble.append(squared[0].mean())
        total = np.vstack([np.zeros(len(path)), squared.cumsum(axis=0)])  # of the first 0, 1, 2, ... pairs
        stop = np.maximum(end - lag, 0)
        start = np.minimum(begin, stop)
        sums[:, :, k] = total[stop, column] - total[start, column]
        counts[:, :, k] = stop - start
    return sums, counts, np.array(ensemble)


def _singles(sums, counts, lags, fit) -> np.ndarray:
    """Exponent of the time average of each walker, NaN where it lacks a lag."""
    return slope(lags[fit], sums[:, fit] / np.where(counts[:, fit] > 0, counts[:, fit], np.nan))


def lags_to(longest: int) -> np.ndarray:
    """About LAGS different lags from 1 to the longest, evenly on a logarithmic axis."""
    return np.unique(np.geomspace(1, longest, LAGS).round().astype(int))


def slope(lags: np.ndarray, msd: np.ndarray) -> np.ndarray:
    """Least-squares slope of log msd [..., lag] against log lag; NaN where a value is not positive."""
    x = np.log(lags) - np.log(lags).mean()
    y = np.log(np.where(msd > 0, msd, np.nan))
    return (y @ x) / (x @ x)
