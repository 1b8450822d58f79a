"""Mean squared displacement of the weights and its exponents (Chen et al., Eqs. 3, 4 and 6)."""

import numpy as np
import xarray as xr
from scipy.spatial.distance import squareform

from sgdwalk import geometry, stats
from sgdwalk.contracts import Contract, variable
from sgdwalk.records import WINDOW, WINDOW_START

FITS = ("paper", "short", "long", "whole")
PAPER_RANGE = 3.0
CONTRACT = Contract(
    "msd",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "lag": variable("lag", "step", "lag"),
        "fit": variable("fit", "1", "fit: paper's protocol, two segments (short, long), all lags"),
        "msd": variable("window lag", "1", "time-averaged MSD"),
        "msd_from_start": variable("window lag", "1", "squared displacement from the window's start"),
        "local_exponent": variable("window lag", "1", "running exponent of the MSD, one octave wide"),
        "drift_share": variable("window lag", "1", "share of the MSD due to a mean drift"),
        "drift_share_null": variable(
            "window lag", "1", "97.5 % point of the drift share of a driftless walk of uncorrelated steps"
        ),
        "independent_pairs": variable("window lag", "1", "independent displacements in the MSD, all dimensions"),
        "exponent": variable("window fit", "1", "exponent of the MSD"),
        "exponent_low": variable("window fit", "1", "lower end of the 95 % interval of the exponent"),
        "exponent_high": variable("window fit", "1", "upper end of the 95 % interval of the exponent"),
        "first_lag": variable("window fit", "step", "first lag of the fit"),
        "last_lag": variable("window fit", "step", "last lag of the fit"),
        "crossover_lag": variable("window fit", "step", "lag at which the power law begins or changes"),
        "crossover_lag_low": variable("window fit", "step", "lower end of the 95 % interval of the crossover"),
        "crossover_lag_high": variable("window fit", "step", "upper end of the 95 % interval of the crossover"),
        "fit_rmse": variable("window fit", "1", "RMSE of the fit in log10 units"),
        "dimension": variable("window fit", "1", "effective dimension used for the interval"),
        "effective_dimension": variable("window", "1", "effective dimension of the steps"),
        "regime_start": variable("", "step", "start of the first window that is one power law with exponent < 1"),
    },
)
PER_LAG = ("msd", "msd_from_start", "local_exponent", "drift_share", "drift_share_null", "independent_pairs")
PER_FIT = (
    "exponent", "exponent_low", "exponent_high", "first_lag", "last_lag",
    "crossover_lag", "crossover_lag_low", "crossover_lag_high", "fit_rmse",
)  # fmt: skip


def compute(
    distances: xr.Dataset,
    *,
    threshold: float = 0.03,
    longest: float = 0.8,
    copies: int = 200,
    seed: int = 0,
) -> xr.Dataset:
    """MSD, exponents and their intervals for every window.

    distances: distance2 [window, pair] of T steps each. threshold: RMSE (log10) below which the paper
    calls a curve a power law. longest: longest lag that is fitted, as a share of the window; beyond it
    the average is over too few pairs. copies: walks in the parametric bootstrap behind each interval
    (Gaussian walks that follow the two-segment fit, with the effective dimension of the increments).
    A window that is not finite yields NaN.

    Source: Chen, Qu & Gong, doi 10.1016/j.neunet.2022.01.019.
    """
    rng = np.random.default_rng(seed)
    windows = [window_msd(squareform(pairs), threshold, longest, copies, rng) for pairs in distances.distance2.values]
    lags = np.arange(1, distances.sizes["step"])
    columns = {name: (("window", "lag"), _stack(windows, name)) for name in PER_LAG}
    columns |= {name: (("window", "fit"), _stack(windows, name)) for name in (*PER_FIT, "dimension")}
    columns["effective_dimension"] = ("window", _stack(windows, "effective_dimension"))
    result = xr.Dataset(
        columns,
        coords={
            "window": distances.window,
            "window_start": distances.window_start,
            "lag": lags,
            "fit": list(FITS),
        },
    )
    return result.assign(regime_start=((), regime_start(result, threshold)))


def window_msd(d2: np.ndarray, threshold: float, longest: float, copies: int, rng) -> dict[str, np.ndarray]:
    """All that msd.nc holds of one window, from its squared distances [step, step]."""
    lags = np.arange(1, len(d2))
    curve = geometry.msd(d2)
    if not (np.isfinite(d2).all() and (curve > 0).all()):
        return _lost(len(lags))
    dimension = geometry.effective_dimension(d2, 1)
    drift, spread = geometry.drift2(d2)
    return {
        "msd": curve,
        "msd_from_start": d2[0, 1:],
        "local_exponent": geometry.local_exponent(lags, curve),
        "drift_share": drift * lags**2 / curve,
        "drift_share_null": 1.96 * spread * lags**2 / curve,
        "independent_pairs": dimension * (len(d2) - lags) / lags,
        "effective_dimension": dimension,
        **window_fits(d2, curve, threshold, longest, copies, rng),
    }


def window_fits(d2, curve, threshold, longest, copies, rng) -> dict[str, np.ndarray]:
    """The fits of one window, each [fit] in the order of FITS."""
    lags = stats.log_lags(int(longest * len(d2)))
    values = curve[lags - 1]
    both = stats.two_segments(lags, values)
    crossover = float(paper_fits(lags, values[None], threshold)[0][0])
    ranges = {
        "paper": (crossover, lags[-1]),
        "short": (1, both.crossover),
        "long": (both.crossover, lags[-1]),
        "whole": (1, lags[-1]),
    }
    dimensions = {name: fit_dimension(d2, *ranges[name]) for name in FITS}
    boot = stats.walk_bootstrap(both, len(d2), lags, np.nanmin(list(dimensions.values())), copies, rng)
    found = []
    for name in FITS:
        copied = boot.curves(dimensions[name])
        if name in ("short", "long"):
            found.append(segment_fit(name, lags, both, copied, ranges[name]))
        elif name == "paper":
            found.append(paper_fit(lags, values, both, copied, threshold))
        else:
            found.append(whole_fit(lags, values, both, copied))
    columns = dict(zip(PER_FIT, np.array(found, float).T, strict=True))
    columns["dimension"] = np.array([dimensions[name] for name in FITS])
    return columns


def segment_fit(name: str, lags, both: stats.TwoSegments, copied, ends) -> list[float]:
    """One side of the two-segment fit, in the order of PER_FIT."""
    fits = stats.two_segments(lags, copied)
    estimate = getattr(both, name)
    interval = stats.basic_interval(estimate, estimate, np.array([getattr(fit, name) for fit in fits]))
    bends = np.quantile([fit.crossover for fit in fits], [0.025, 0.975])
    return [estimate, *interval, *ends, both.crossover, *bends, both.rmse]


def whole_fit(lags, values, both: stats.TwoSegments, copied) -> list[float]:
    """One power law on all lags, in the order of PER_FIT."""
    estimate, rmse = stats.power_law(lags, values)
    truth, _ = stats.power_law(lags, both(lags))
    interval = stats.basic_interval(estimate, truth, stats.power_law(lags, copied)[0])
    return [estimate, *interval, lags[0], lags[-1], *[np.nan] * 3, rmse]


def paper_fit(lags, values, both: stats.TwoSegments, copied, threshold: float) -> list[float]:
    """The paper's protocol, in the order of PER_FIT; NaN where it finds no range.

    Each simulated walk selects its own tau_0, so that the interval holds the selection too.
    """
    (start,), (estimate,), (rmse,) = paper_fits(lags, values[None], threshold)
    if np.isnan(start):
        return [np.nan] * len(PER_FIT)
    _, (truth,), _ = paper_fits(lags, both(lags)[None], threshold)
    starts, exponents, _ = paper_fits(lags, copied, threshold)
    ends, interval = [np.nan] * 2, [np.nan] * 2
    if np.isfinite(exponents).any() and np.isfinite(truth):
        ends = np.nanquantile(starts, [0.025, 0.975])
        interval = stats.basic_interval(estimate, truth, exponents[np.isfinite(exponents)])
    return [estimate, *interval, start, lags[-1], start, *ends, rmse]


def fit_dimension(d2: np.ndarray, first: float, last: float) -> float:
    """Effective dimension in the middle of a range of lags, at most that of single steps."""
    if np.isnan(first):
        return np.nan
    middle = int(np.clip(np.sqrt(first * last), 1, len(d2) // 10))
    return min(geometry.effective_dimension(d2, 1), geometry.effective_dimension(d2, middle))


def paper_fits(lags: np.ndarray, curves: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(tau_0, exponent, RMSE) of each curve [curve, lag] by the paper's protocol.

    tau_0 is the first lag from which on the curve is one power law within `threshold`; NaN if there is
    none with at least a factor of three in lag left to fit.
    """
    found = np.full((3, len(curves)), np.nan)
    for start, lag in enumerate(lags):
        if lags[-1] < PAPER_RANGE * lag:
            break
        exponent, rmse = stats.power_law(lags[start:], curves[:, start:])
        new = np.isnan(found[0]) & (rmse < threshold)
        found[:, new] = np.stack([np.full(len(curves), float(lag)), exponent, rmse])[:, new]
    return tuple(found)


def regime_start(result: xr.Dataset, threshold: float) -> float:
    """First step of the second regime: of the first window that is one power law with exponent below 1."""
    whole = result.sel(fit="whole")
    inside = ((whole.fit_rmse < threshold) & (whole.exponent < 1)).values
    return float(result.window_start[inside.argmax()]) if inside.any() else np.nan


def _stack(windows: list[dict], name: str) -> np.ndarray:
    return np.stack([window[name] for window in windows])


def _lost(lags: int) -> dict[str, np.ndarray]:
    lost = {name: np.full(lags, np.nan) for name in PER_LAG}
    lost |= {name: np.full(len(FITS), np.nan) for name in (*PER_FIT, "dimension")}
    return lost | {"effective_dimension": np.nan}
