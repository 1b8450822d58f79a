"""How far a child goes: |Delta|^2 against time, its exponents, and the share of a drift in it (Kunin et al.)."""

import numpy as np
import xarray as xr

from sgdwalk.limiting import free_walk
from sgdwalk.limiting.averaged_displacement import Averaged, after, of_sketch, of_windows
from sgdwalk.limiting.child import Child, settled
from sgdwalk.storage.contracts import Contract, variable
from sgdwalk.trajectory.distance_geometry import local_exponent
from sgdwalk.trajectory.scaling_fits import log_lags, power_law

FITS = ("start", "average", "average_short", "without_drift")
LONGEST = 0.2  # longest lag of the fit `average`, as a share of the steps after the burn-in
DRIFT_REMOVED = 0.1  # longest lag at which a drift is removed, as a share of the same
FEWEST_STEPS, FEWEST_LAGS = 20, 3
LENGTHS = 8  # lengths of the run for which the paper's exponent is fitted
CONTRACT = Contract(
    "displacement",
    {
        "time": variable("time", "step", "steps since the start"),
        "lag": variable("lag", "step", "lag"),
        "fit": variable("fit", "1", "fit: from the start (paper), time-averaged, and the latter without its drift"),
        "length": variable("length", "step", "length of the run"),
        "first_step": variable("", "step", "first step after the burn-in"),
        "squared_displacement": variable("time", "1", "squared displacement from the start"),
        "start_exponent": variable("time", "1", "running exponent of the squared displacement, one octave wide"),
        "msd": variable("lag", "1", "time-averaged MSD after the burn-in"),
        "local_exponent": variable("lag", "1", "running exponent of the time-averaged MSD, one octave wide"),
        "sketch_error": variable("", "1", "largest relative standard error of a squared distance (0 without a sketch)"),
        "squared_drift": variable("", "1", "squared mean drift per step, unbiased"),
        "drift_share": variable("lag", "1", "share of the time-averaged MSD due to a mean drift"),
        "drift_share_null": variable(
            "lag", "1", "97.5 % point of the drift share of a driftless walk of uncorrelated steps"
        ),
        "msd_without_drift": variable("lag", "1", "time-averaged MSD minus the squared mean drift"),
        "exponent": variable("fit", "1", "exponent c of the squared displacement"),
        "exponent_null": variable("fit", "1", "exponent c of a direction without curvature under independent noise"),
        "first_lag": variable("fit", "step", "first time or lag of the fit"),
        "last_lag": variable("fit", "step", "last time or lag of the fit"),
        "exponent_of_length": variable("length", "1", "exponent c of the fit from the start, of a run of this length"),
    },
)


def compute(directions: xr.Dataset, distances: xr.Dataset, sketch: xr.Dataset, *, burn_in: int = 1000) -> xr.Dataset:
    """Exponents c of |Delta|^2 ~ t^c: of one start, as in the paper, and averaged over all starts after the burn-in.

    directions, distances, sketch: files of the run. burn_in: steps, at most a fifth of the run. Fits, least squares of
    logarithms: `start`, |theta_t - theta_0|^2 over the last two thirds of the run, step by step (the paper's protocol);
    `average`, time-averaged MSD at lags 1 to a fifth of the steps after the burn-in, even in log lag; `average_short`,
    the same up to a tenth of them; `without_drift`, on these lags, the MSD minus squared_drift lag^2. The MSD is that
    of the sketch where one was recorded, with its error, and otherwise of distances, exactly, but then pairs of steps
    in different windows are not known: lags end with the longest window, which stands for all steps after the burn-in.
    A run has no interval for c: limiting_ensemble has, over seeds. Null: the same fits to a direction without curvature
    under independent noise, which momentum alone makes ballistic at lags below (1 + beta) / (1 - beta).

    Returns the data set of CONTRACT; what a divergence reaches is NaN, and so is what is averaged after a burn-in that
    leaves fewer than 20 steps to a window. Source: Kunin et al. 2024 (doi 10.1162/neco_a_01626).
    """
    steps = directions.sizes["step"]
    first = settled(burn_in, steps)
    away = directions.squared_displacement.values
    points, blocks = sketch.projection.values[first:], after(distances, first)
    sketched = points.shape[1] > 0
    longest = len(points) if sketched else max(map(len, blocks), default=0)
    lags = log_lags(max(min(longest - 1, int(LONGEST * (steps - first))), 1))
    averaged = Averaged(np.full(len(lags), np.nan), np.nan, np.nan)
    if longest >= FEWEST_STEPS and np.isfinite(away).all():
        averaged = of_sketch(points, lags) if sketched else of_windows(blocks, lags)
    times, lengths = log_lags(steps - 1), np.unique(np.geomspace(steps / LENGTHS, steps, LENGTHS).astype(int))
    curves = of_lags(averaged, lags)
    exponent, begin, end = fits(away, lags, curves, longest)
    null = free_exponents(Child.of(directions).momentum, steps, lags, longest)
    return xr.Dataset(
        {
            "squared_displacement": ("time", away[times]),
            "start_exponent": ("time", slopes(times, away[times])),
            "local_exponent": ("lag", slopes(lags, curves["msd"])),
            **{name: ("lag", curve) for name, curve in curves.items()},
            "squared_drift": ((), averaged.squared_drift),
            "sketch_error": ((), float(sketch.relative_error) if sketched else 0.0),
            "first_step": ((), first),
            "exponent": ("fit", exponent),
            "exponent_null": ("fit", np.where(np.isfinite(exponent), null, np.nan)),
            "first_lag": ("fit", begin),
            "last_lag": ("fit", end),
            "exponent_of_length": ("length", [from_start(away[:length])[0] for length in lengths]),
        },
        {"time": times, "lag": lags, "fit": list(FITS), "length": lengths},
    )


def of_lags(averaged: Averaged, lags: np.ndarray) -> dict[str, np.ndarray]:
    """The MSD with and without drift, and the share of the drift in it with its null, at these lags by name."""
    msd = averaged.msd
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "msd": msd,
            "msd_without_drift": msd - averaged.squared_drift * lags**2,
            "drift_share": averaged.squared_drift * lags**2 / msd,
            "drift_share_null": averaged.squared_drift_null * lags**2 / msd,
        }


def fits(away: np.ndarray, lags: np.ndarray, curves: dict[str, np.ndarray], longest: int):
    """(exponent, first lag, last lag), each [fit]."""
    short = lags <= DRIFT_REMOVED * longest
    rows = [
        from_start(away),
        averaged_fit(lags, curves["msd"]),
        averaged_fit(lags[short], curves["msd"][short]),
        averaged_fit(lags[short], curves["msd_without_drift"][short]),
    ]
    return map(np.array, zip(*rows, strict=True))


def free_exponents(momentum: float, steps: int, lags: np.ndarray, longest: int) -> np.ndarray:
    """Exponents [fit] of a direction without curvature (free_walk), on the same times and lags."""
    away = np.append(0.0, free_walk.from_rest(np.arange(1, max(steps, 2)), momentum))[:steps]
    curve = free_walk.stationary(lags, momentum)
    return next(iter(fits(away, lags, {"msd": curve, "msd_without_drift": curve}, longest)))


def from_start(away: np.ndarray) -> tuple[float, float, float]:
    """(exponent, first time, last time) over the last two thirds of a squared displacement [step]: every step counts
    the same.
    """
    times = np.arange(max(len(away) // 3, 1), len(away))
    curve = away[times]
    if len(times) < FEWEST_LAGS or not (curve > 0).all():
        return np.nan, np.nan, np.nan
    return float(np.polyfit(np.log(times), np.log(curve), 1)[0]), times[0], times[-1]


def averaged_fit(lags: np.ndarray, curve: np.ndarray) -> tuple[float, float, float]:
    """(exponent, first lag, last lag) of a curve [lag], even in log lag; NaN of fewer than three lags, or of a curve
    that is not positive.
    """
    if len(lags) < FEWEST_LAGS or not (curve > 0).all():
        return np.nan, np.nan, np.nan
    return float(power_law(lags, curve)[0]), lags[0], lags[-1]


def slopes(lags: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Running exponents [lag]; NaN for a curve of one point, and near points that are not positive."""
    if len(lags) < 2:
        return np.full(len(lags), np.nan)
    return local_exponent(lags, np.where(curve > 0, curve, np.nan))
