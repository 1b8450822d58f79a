"""Rank correlation of two quantities that both drift while a network trains, at a few points in time."""

from typing import NamedTuple

import numpy as np

from sgdwalk import quantiles
from sgdwalk.trajectory.ranks import average_ranks

QUANTILE = quantiles.normal(0.975)
OF_RANKS = 1.06  # variance of Fisher's z of ranks over that of Gaussian values (Fieller, Hartley & Pearson 1957)
OF_CHANGES = 1.5  # points that count as one: changes of white noise are correlated by -1/2 with the next


class Correlation(NamedTuple):
    """value, low, high: rank correlation (Spearman) with its 95 % interval. points: how many it is of.

    trends: the product of the rank correlations of both with time, which is what they would have in common if each
    followed its own trend and nothing else.
    """

    value: float
    low: float
    high: float
    points: int
    trends: float


def rank_correlation(x: np.ndarray, y: np.ndarray) -> Correlation:
    """Of x and y, each [time]; times at which one of them is not finite are left out.

    The interval is Fisher's, with the number of independent points that two series of their autocorrelations amount to
    (Pyper & Peterman 1998): it excludes 0 in 1 to 4 % of pairs of independent series that are stationary or random
    walks, and in 8 to 26 % of pairs that have a trend each: compare the value with `trends`. Unknown, with the
    interval (-1, 1), for fewer than four independent points.
    """
    x, y = known(x, y)
    a, b = average_ranks(x), average_ranks(y)
    time = np.arange(len(a))
    value = pearson(a, b)
    return Correlation(value, *fisher(value, independent_points(a, b)), len(a), pearson(a, time) * pearson(b, time))


def change_correlation(x: np.ndarray, y: np.ndarray) -> Correlation:
    """Of the changes of x and y from each time to the next, which have no trend if x and y have a straight one.

    The interval counts 1.5 points as one, as changes of a series without memory need, and excludes 0 in 1 to 5 % of
    pairs of independent series of 6 to 24 points: white noise, autoregressive, random walks, straight trends. Of two
    that decay exponentially it does in 9 % of pairs of 6 or 10 points, in 5 % of 24.
    """
    x, y = known(x, y)
    a, b = average_ranks(np.diff(x)), average_ranks(np.diff(y))
    value = pearson(a, b)
    return Correlation(value, *fisher(value, len(x) / OF_CHANGES), len(a), 0.0)


def known(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values at the times at which both are finite."""
    both = np.isfinite(x) & np.isfinite(y)
    return np.asarray(x, float)[both], np.asarray(y, float)[both]


def pearson(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation coefficient; NaN for fewer than three points or a constant."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])


def independent_points(a: np.ndarray, b: np.ndarray) -> float:
    """Points that count in the correlation of two series: 1 / N* = 1 / N + 2 / N sum_j (1 - j / N) r_a(j) r_b(j)."""
    count, lag = len(a), np.arange(1, max(len(a) - 1, 1))
    if not np.isfinite(pearson(a, b)):
        return 0.0
    share = 1 + 2 * np.sum((1 - lag / count) * autocorrelation(a) * autocorrelation(b))
    return count / max(share, 1.0)


def autocorrelation(a: np.ndarray) -> np.ndarray:
    """At lags 1 to N - 2 of a series that is not constant."""
    a = a - a.mean()
    return np.array([a[lag:] @ a[:-lag] for lag in range(1, len(a) - 1)]) / (a @ a)


def fisher(value: float, points: float) -> tuple[float, float]:
    """95 % interval of a rank correlation of this many independent points."""
    if not np.isfinite(value) or points < 4:
        return (-1.0, 1.0) if np.isfinite(value) else (np.nan, np.nan)
    half = QUANTILE * np.sqrt(OF_RANKS / (points - 3))
    centre = np.arctanh(np.clip(value, -1 + 1e-9, 1 - 1e-9))
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))
