"""Exponents of one window's MSD with their intervals: the paper's protocol, two segments, fixed ranges of lags."""

import functools
from collections.abc import Callable

import numpy as np

from sgdwalk.trajectory import distance_geometry, gaussian_walks, scaling_fits
from sgdwalk.trajectory.windows import longest_lag

SEGMENTS = ("short", "long")
RANGES = ("whole", "early", "middle", "late")
FITS = ("paper", *SEGMENTS, *RANGES)
PER_FIT = (
    "exponent", "exponent_low", "exponent_high", "first_lag", "last_lag",
    "crossover_lag", "crossover_lag_low", "crossover_lag_high", "fit_rmse",
)  # fmt: skip
EARLY = 10  # last lag of the range `early`
PAPER_RANGE = 3.0  # ratio of the last lag to the first that the paper's protocol needs
FEWEST_LAGS = 3  # in a range that is fitted


def window_fits(d2: np.ndarray, curve: np.ndarray, threshold: float, longest: float, copies: int, rng) -> dict:
    """PER_FIT and `dimension`, each [fit] in the order of FITS, of a window's MSD `curve` at lags 1 ... T - 1.

    d2 [step, step]: squared distances. threshold: RMSE (log10) of the paper's protocol (paper_fits). longest: last
    lag, as a share of the window. Intervals are those of `copies` Gaussian walks that follow the two-segment fit
    (gaussian_walks.walk_bootstrap), or a single power law where there are too few lags for two. A fit with fewer
    than three lags in its range is NaN.
    """
    lags = scaling_fits.log_lags(longest_lag(longest, len(d2)))
    values = curve[lags - 1]
    both = scaling_fits.two_segments(lags, values)
    followed = both if np.isfinite(both.rmse) else scaling_fits.one_segment(lags, values)
    ranges = fitted_ranges(lags, values, len(d2), both, threshold)
    dimension = functools.cache(functools.partial(distance_geometry.effective_dimension, d2))
    dimensions = {name: fit_dimension(dimension, len(d2) // 10, *ranges[name]) for name in FITS}
    boot = gaussian_walks.walk_bootstrap(followed, len(d2), lags, np.nanmin(list(dimensions.values())), copies, rng)
    found = []
    for name in FITS:
        copied = boot.curves(dimensions[name])
        if name in SEGMENTS:
            found.append(segment_fit(name, lags, both, copied, ranges[name]))
        elif name == "paper":
            found.append(paper_fit(lags, values, followed, copied, threshold))
        else:
            found.append(range_fit(lags, values, followed, copied, ranges[name]))
    columns = dict(zip(PER_FIT, np.array(found, float).T, strict=True))
    columns["dimension"] = np.array([dimensions[name] for name in FITS])
    return columns


def fitted_ranges(lags, values, steps: int, both: scaling_fits.TwoSegments, threshold: float) -> dict[str, tuple]:
    """(first, last) lag of each of FITS; first is NaN where the paper's protocol finds no range."""
    start, last = float(paper_fits(lags, values[None], threshold)[0][0]), int(lags[-1])
    tenth = steps // 10
    return {
        "paper": (start, last),
        "short": (1, both.crossover),
        "long": (both.crossover, last),
        "whole": (1, last),
        "early": (1, min(EARLY, last)),
        "middle": (EARLY, tenth),
        "late": (tenth, last),
    }


def fit_dimension(dimension: Callable[[int], float], longest: int, first: float, last: float) -> float:
    """Effective dimension of increments over the middle (geometric mean) of a range of lags, at most that of steps.

    dimension: function of the lag, evaluated up to lag `longest`. NaN where there is no range.
    """
    if not first <= last:  # NaN included
        return np.nan
    middle = int(np.clip(np.sqrt(first * last), 1, max(1, longest)))
    return min(dimension(1), dimension(middle))


def segment_fit(name: str, lags, both: scaling_fits.TwoSegments, copied, ends) -> list[float]:
    """One side of the two-segment fit, in the order of PER_FIT; NaN where there is none."""
    if not np.isfinite(both.rmse):
        return [np.nan] * len(PER_FIT)
    fits = scaling_fits.two_segments(lags, copied)
    estimate = getattr(both, name)
    interval = gaussian_walks.basic_interval(estimate, estimate, np.array([getattr(fit, name) for fit in fits]))
    bends = np.quantile([fit.crossover for fit in fits], [0.025, 0.975])
    return [estimate, *interval, *ends, both.crossover, *bends, both.rmse]


def range_fit(lags, values, followed: scaling_fits.TwoSegments, copied, ends) -> list[float]:
    """One power law on a range of lags, in the order of PER_FIT; NaN where fewer than three lags lie in it."""
    inside = (lags >= ends[0]) & (lags <= ends[1])
    if inside.sum() < FEWEST_LAGS:
        return [np.nan] * len(PER_FIT)
    x = lags[inside]
    estimate, rmse = scaling_fits.power_law(x, values[inside])
    truth, _ = scaling_fits.power_law(x, followed(x))
    interval = gaussian_walks.basic_interval(estimate, truth, scaling_fits.power_law(x, copied[:, inside])[0])
    return [estimate, *interval, x[0], x[-1], *[np.nan] * 3, rmse]


def paper_fit(lags, values, followed: scaling_fits.TwoSegments, copied, threshold: float) -> list[float]:
    """The paper's protocol, in the order of PER_FIT; NaN where it finds no range.

    tau_0 is selected anew for each simulated walk, so that the interval accounts for the selection.
    """
    (start,), (estimate,), (rmse,) = paper_fits(lags, values[None], threshold)
    if np.isnan(start):
        return [np.nan] * len(PER_FIT)
    _, (truth,), _ = paper_fits(lags, followed(lags)[None], threshold)
    starts, exponents, _ = paper_fits(lags, copied, threshold)
    ends, interval = [np.nan] * 2, [np.nan] * 2
    if np.isfinite(exponents).any() and np.isfinite(truth):
        ends = np.nanquantile(starts, [0.025, 0.975])
        interval = gaussian_walks.basic_interval(estimate, truth, exponents[np.isfinite(exponents)])
    return [estimate, *interval, start, lags[-1], start, *ends, rmse]


def paper_fits(lags: np.ndarray, curves: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(tau_0, exponent, RMSE), each [curve], of curves [curve, lag] by the protocol of Chen et al. (2022).

    tau_0 is the first lag from which on the curve is one power law with an RMSE (log10) below `threshold`; NaN if
    no such lag is at most a third of the last one.
    """
    found = np.full((3, len(curves)), np.nan)
    for start, lag in enumerate(lags):
        if lags[-1] < PAPER_RANGE * lag:
            break
        exponent, rmse = scaling_fits.power_law(lags[start:], curves[:, start:])
        new = np.isnan(found[0]) & (rmse < threshold)
        found[:, new] = np.stack([np.full(len(curves), float(lag)), exponent, rmse])[:, new]
    return tuple(found)
