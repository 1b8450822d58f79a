"""Exponents of one window's MSD with their intervals: the paper's protocol, two segments, fixed ranges of lags."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sgdwalk.trajectory import scaling_fits
from sgdwalk.trajectory.gaussian_walks import basic_interval
from sgdwalk.trajectory.simulated_msd import SimulatedMsd

SEGMENTS = ("short", "long")
RANGES = ("whole", "early", "middle", "late")
FITS = ("paper", *SEGMENTS, *RANGES)
PER_FIT = (
    "exponent", "exponent_low", "exponent_high", "exponent_null", "excess", "excess_low", "excess_high",
    "direction_exponent", "first_lag", "last_lag", "crossover_lag", "crossover_lag_low", "crossover_lag_high",
    "fit_rmse",
)  # fmt: skip
EARLY = 10  # last lag of the range `early`
PAPER_RANGE = 3.0  # ratio of the last lag to the first that the paper's protocol needs
FEWEST_LAGS = 3  # in a range that is fitted


@dataclass(frozen=True)
class Fitted:
    """One of FITS of several curves, each [curve]: exponent, first and last lag, crossover, RMSE in log10 units."""

    exponent: np.ndarray
    first: np.ndarray
    last: np.ndarray
    crossover: np.ndarray
    rmse: np.ndarray


def window_fits(
    lags: np.ndarray, curves: Mapping[str, np.ndarray], steps: int, threshold: float, simulated: SimulatedMsd
) -> dict[str, np.ndarray]:
    """PER_FIT, each [fit] in the order of FITS, of a window of so many weights.

    lags: those to fit. curves: `msd`, `orthogonal_msd` (its null) and `direction_msd`, each [lag]. threshold: RMSE
    (log10) of the paper's protocol (paper_fits). simulated: deviations at the same lags. The curves times 1 + deviation
    are those of other walks of the same kind, and every fit is repeated on each. The null and the directions are
    fitted on the lags on which the MSD was. A fit with fewer than three lags in its range is NaN.
    """
    msd = curves["msd"] * np.vstack([np.ones(len(lags)), 1 + simulated.msd])
    null = curves["orthogonal_msd"] * np.vstack([np.ones(len(lags)), 1 + simulated.null])
    rows = [one_fit(name, lags, msd, null, curves["direction_msd"], steps, threshold) for name in FITS]
    return {name: np.array([row[name] for row in rows]) for name in PER_FIT}


def one_fit(name: str, lags, msd, null, direction, steps: int, threshold: float) -> dict[str, float]:
    """PER_FIT of one fit of curves `msd` and `null` [1 + copy, lag], of which the first are the window's.

    The interval of the exponent is the hull of two: that of the exponent, and 1 + that of the excess, from which the
    bend that uneven step lengths make is taken off. Where they differ, one window cannot tell which is the walk's.
    """
    fitted = fit_curves(name, lags, msd, steps, threshold)
    orthogonal = fit_alike(name, lags, null, fitted)
    excess, symmetric = fitted.exponent - orthogonal, name in SEGMENTS
    low, high = interval(fitted.exponent, symmetric)
    excess_low, excess_high = interval(excess, symmetric)
    low, high = np.minimum(low, 1 + excess_low), np.maximum(high, 1 + excess_high)
    directed = fit_alike(name, lags, direction[None], fitted)[0]
    values = (
        fitted.exponent[0], low, high, orthogonal[0], excess[0], excess_low, excess_high, directed,
        fitted.first[0], fitted.last[0], fitted.crossover[0], *middle_range(fitted.crossover), fitted.rmse[0],
    )  # fmt: skip
    return dict(zip(PER_FIT, map(float, values), strict=True))


def interval(exponents: np.ndarray, symmetric: bool) -> tuple[float, float]:
    """Basic bootstrap interval (low, high) of the first of the exponents; the others are copies. NaN where it is.

    symmetric: equally far to both sides, for fits whose crossover can jump from one lag to another. The exponents
    of copies then have two humps, and the side of the second says nothing of the side on which the truth lies.
    """
    if not np.isfinite(exponents[0]):
        return np.nan, np.nan
    low, high = basic_interval(exponents[0], exponents[0], exponents[1:])
    reach = max(high - exponents[0], exponents[0] - low)
    return (exponents[0] - reach, exponents[0] + reach) if symmetric else (low, high)


def middle_range(crossovers: np.ndarray) -> tuple[float, float]:
    """The central 95 % of the crossovers of the copies, which follow the first; NaN where the first or all are NaN."""
    found = crossovers[1:][np.isfinite(crossovers[1:])]
    return tuple(np.quantile(found, [0.025, 0.975])) if len(found) and np.isfinite(crossovers[0]) else (np.nan, np.nan)


def fit_curves(name: str, lags: np.ndarray, curves: np.ndarray, steps: int, threshold: float) -> Fitted:
    """One of FITS of curves [curve, lag] of windows of so many weights."""
    if name in SEGMENTS:
        return segment_fits(name, lags, curves)
    if name == "paper":
        return paper_fits(lags, curves, threshold)
    return range_fits(lags, curves, *lag_range(name, steps, lags[-1]))


def fit_alike(name: str, lags: np.ndarray, curves: np.ndarray, fitted: Fitted) -> np.ndarray:
    """Exponents [curve] of other curves [curve, lag] on the lags and with the crossovers of a fit; NaN where it is."""
    found = np.full(len(curves), np.nan)
    places = (fitted.crossover if name in SEGMENTS else fitted.first)[: len(curves)]
    for place in np.unique(places[np.isfinite(places)]):
        here = places == place
        if name in SEGMENTS:
            both = scaling_fits.two_segments(lags, curves[here], crossover=place)
            found[here] = [getattr(fit, name) for fit in both]
        else:
            inside = (lags >= place) & (lags <= np.nanmax(fitted.last))
            found[here] = scaling_fits.power_law(lags[inside], curves[here][:, inside])[0]
    return found


def lag_range(name: str, steps: int, last: int) -> tuple[int, int]:
    """(first, last) lag of one of RANGES."""
    tenth = steps // 10
    return {"whole": (1, last), "early": (1, min(EARLY, last)), "middle": (EARLY, tenth), "late": (tenth, last)}[name]


def segment_fits(name: str, lags: np.ndarray, curves: np.ndarray) -> Fitted:
    """One side of the two-segment fit; NaN where there are too few lags for two segments."""
    both = scaling_fits.two_segments(lags, curves)
    exponent, crossover, rmse = (
        np.array([getattr(fit, column) for fit in both]) for column in (name, "crossover", "rmse")
    )
    nowhere = np.where(np.isfinite(rmse), 0.0, np.nan)
    ends = (lags[0] + nowhere, crossover) if name == "short" else (crossover, lags[-1] + nowhere)
    return Fitted(exponent, *ends, crossover, rmse + nowhere)


def range_fits(lags: np.ndarray, curves: np.ndarray, first: float, last: float) -> Fitted:
    """One power law on a range of lags; NaN where fewer than three of the lags lie in it."""
    inside = (lags >= first) & (lags <= last)
    nowhere = np.full(len(curves), np.nan)
    if inside.sum() < FEWEST_LAGS:
        return Fitted(*[nowhere] * 5)
    x = lags[inside]
    exponent, rmse = scaling_fits.power_law(x, curves[:, inside])
    return Fitted(exponent, np.full(len(curves), x[0], float), np.full(len(curves), x[-1], float), nowhere, rmse)


def paper_fits(lags: np.ndarray, curves: np.ndarray, threshold: float) -> Fitted:
    """The protocol of Chen et al. (2022) on curves [curve, lag], with tau_0 as first lag and as crossover.

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
    tau_0, exponent, rmse = found
    return Fitted(exponent, tau_0, np.where(np.isfinite(tau_0), float(lags[-1]), np.nan), tau_0, rmse)
