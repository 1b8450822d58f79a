"""Mean squared displacement of the weights and its exponents (Chen et al., Eqs. 3, 4 and 6)."""

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import Contract, variable
from sgdwalk.storage.run_files import WINDOW, WINDOW_START
from sgdwalk.trajectory import (
    distance_geometry,
    mean_squared_displacement,
    scaling_fits,
    simulated_msd,
    step_lengths,
)
from sgdwalk.trajectory.msd_exponents import FITS, window_fits
from sgdwalk.trajectory.windows import FEWEST_DISPLACEMENTS, FEWEST_STEPS, longest_lag, per_window, spacing

DRIFT_REMOVED = 0.1  # longest lag at which the drift is removed, as a share of the window
LAGS = ("first_lag", "last_lag", "crossover_lag", "crossover_lag_low", "crossover_lag_high")
CONTRACT = Contract(
    "msd",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "lag": variable("lag", "step", "lag"),
        "fit": variable("fit", "1", "fit: paper's protocol, two segments (short, long), or the lags it names"),
        "msd": variable("window lag", "1", "time-averaged MSD"),
        "orthogonal_msd": variable("window lag", "1", "MSD of orthogonal steps of the same lengths (null)"),
        "direction_msd": variable("window lag", "1", "MSD of the walk of unit steps in the same directions"),
        "msd_from_start": variable("window lag", "1", "squared displacement from the window's start"),
        "local_exponent": variable("window lag", "1", "running exponent of the MSD, one octave wide"),
        "msd_without_drift": variable(
            "window lag", "1", "time-averaged MSD minus the squared mean drift (NaN beyond a tenth of the window)"
        ),
        "squared_drift": variable("window", "1", "squared mean drift per step, unbiased"),
        "drift_share": variable("window lag", "1", "share of the MSD due to a mean drift"),
        "drift_share_null": variable(
            "window lag", "1", "97.5 % point of the drift share of a driftless walk of uncorrelated steps"
        ),
        "independent_displacements": variable(
            "window lag", "1", "independent displacements along one direction in the MSD"
        ),
        "effective_steps": variable("window lag", "step", "effective number of steps in the MSD of orthogonal steps"),
        "supported": variable(
            "window lag",
            "1",
            "1 where the MSD has at least {} ({} beyond T/10) independent displacements and {} effective steps, else"
            " 0".format(*FEWEST_DISPLACEMENTS, FEWEST_STEPS),
        ),
        "exponent": variable("window fit", "1", "exponent of the MSD"),
        "exponent_low": variable("window fit", "1", "lower end of the 95 % interval of the exponent"),
        "exponent_high": variable("window fit", "1", "upper end of the 95 % interval of the exponent"),
        "exponent_null": variable("window fit", "1", "exponent of the MSD of orthogonal steps on the same lags"),
        "excess": variable("window fit", "1", "exponent minus that of orthogonal steps"),
        "excess_low": variable("window fit", "1", "lower end of the 95 % interval of the excess"),
        "excess_high": variable("window fit", "1", "upper end of the 95 % interval of the excess"),
        "direction_exponent": variable("window fit", "1", "exponent of the MSD of unit steps on the same lags"),
        "first_lag": variable("window fit", "step", "first lag of the fit"),
        "last_lag": variable("window fit", "step", "last lag of the fit"),
        "crossover_lag": variable("window fit", "step", "lag at which the power law begins or changes"),
        "crossover_lag_low": variable("window fit", "step", "lower end of the 95 % interval of the crossover"),
        "crossover_lag_high": variable("window fit", "step", "upper end of the 95 % interval of the crossover"),
        "fit_rmse": variable("window fit", "1", "RMSE of the fit in log10 units"),
        "effective_dimension": variable("window", "1", "effective dimension of the steps"),
        "zero_step_share": variable("window", "1", "share of the steps of length zero"),
        "start_distance": variable(
            "window",
            "1",
            "mean squared distance of the second half from the start, over that of the first from the end",
        ),
        "start_distance_null": variable("window", "1", "97.5 % point of start_distance for stationary steps"),
        "regime_start": variable(
            "", "step", "start of the first of two windows that are one power law with a whole interval < 1"
        ),
    },
)


def compute(
    distances: xr.Dataset,
    *,
    threshold: float = 0.03,
    longest: float = 0.8,
    copies: int = 200,
    seed: int = 0,
) -> xr.Dataset:
    """MSD(lag) = mean over t of |w_{t+lag} - w_t|^2 of every full window, its exponents and their intervals.

    distances: distance2 [window, pair] of T steps each. threshold: RMSE (log10) below which the paper calls a
    curve a power law. longest: longest lag that is fitted, as a share of the window; beyond it the average is
    over too few pairs. copies: simulated walks behind each interval (a parametric bootstrap; simulated_msd). seed:
    of these.

    Returns the data set of CONTRACT. Fits: msd_exponents.FITS; `early`, `middle` and `late` are lags 1 ... 10,
    10 ... T/10 and T/10 ... longest. Where only every n-th step was recorded (step_spacing n) these are counted in
    recorded steps, and the lags of the result in steps. A window that diverged is NaN, and no lag of it is
    supported. ValueError if no window is full.
    Source: Chen, Qu & Gong 2022, Eqs. 3, 4 and 6 (doi 10.1016/j.neunet.2022.01.019).

    >>> from scipy.spatial.distance import pdist
    >>> walk = np.random.default_rng(0).standard_normal((200, 50)).cumsum(axis=0)  # Brownian: exponent 1
    >>> distances = xr.Dataset(
    ...     {
    ...         "distance2": (("window", "pair"), [pdist(walk, "sqeuclidean")]),
    ...         "loss": (("window", "step_in_window"), [walk[:, 0]]),
    ...     },
    ...     {"window": [0], "window_start": ("window", [0]), "window_steps": ("window", [200])},
    ... )
    >>> whole = compute(distances, copies=20).sel(window=0, fit="whole")
    >>> print(f"{whole.exponent:.1f}")
    1.0
    >>> bool(whole.exponent_low < 1 < whole.exponent_high)
    True
    """
    rng = np.random.default_rng(seed)
    result = per_window(
        distances,
        CONTRACT,
        lambda d2, _: window_msd(d2, threshold, longest, copies, rng),
        {"lag": np.arange(1, distances.sizes["step_in_window"]), "fit": list(FITS)},
    )
    result = result.assign(regime_start=((), regime_start(result, threshold)))
    return in_steps(result, spacing(distances))


def in_steps(result: xr.Dataset, every: int) -> xr.Dataset:
    """The result with lags in steps, of which only one in `every` was recorded, and the squared drift per step."""
    lags = {name: result[name] * every for name in LAGS}
    result = result.assign(squared_drift=result.squared_drift / every**2, **lags)
    return result.assign_coords(lag=result.lag.values * every)


def window_msd(d2: np.ndarray, threshold: float, longest: float, copies: int, rng) -> dict[str, np.ndarray]:
    """The variables of msd.nc of one window, by name, from its squared distances [step, step].

    Without exponents where the MSD is zero at some lag (a walk that returns exactly) or too few steps are not zero.
    """
    if not np.isfinite(d2).all():
        return {"supported": np.zeros(len(d2) - 1)}  # all others are NaN
    found = lengths_and_curves(d2)
    if not (found["msd"] > 0).all() or (np.diagonal(d2, 1) > 0).sum() < FEWEST_STEPS:
        return found
    simulated = simulated_msd.simulate(d2, copies, rng)
    return found | drift(d2, found["msd"]) | transient(d2, simulated) | exponents(found, threshold, longest, simulated)


def lengths_and_curves(d2: np.ndarray) -> dict[str, np.ndarray]:
    """What needs no fit: the MSD, its null, that of the directions, and the lengths of the steps."""
    squares = step_lengths.squared_lengths(d2)
    return {
        "msd": mean_squared_displacement.from_distances(d2),
        "orthogonal_msd": step_lengths.orthogonal_msd(squares),
        "direction_msd": step_lengths.direction_msd(d2),
        "msd_from_start": d2[0, 1:],
        "effective_steps": step_lengths.effective_steps(squares),
        "zero_step_share": np.mean(squares == 0),
        "supported": np.zeros(len(squares)),
    }


def drift(d2: np.ndarray, msd: np.ndarray) -> dict[str, np.ndarray]:
    """The squared drift, its share of the MSD [lag], and the share of a driftless walk of uncorrelated steps."""
    lags = np.arange(1, len(d2))
    squared, spread = distance_geometry.drift2(d2)
    dimension = distance_geometry.effective_dimension(d2, 1)
    return {
        "effective_dimension": dimension,
        "squared_drift": squared,
        "msd_without_drift": np.where(lags <= DRIFT_REMOVED * len(d2), msd - squared * lags**2, np.nan),
        "drift_share": squared * lags**2 / msd,
        "drift_share_null": distance_geometry.drift_quantile(dimension) * spread * lags**2 / msd,
    }


def transient(d2: np.ndarray, simulated: simulated_msd.SimulatedMsd) -> dict[str, float]:
    """How far the window's start lies from where the walk then stays, and its 97.5 % point for stationary steps."""
    null = np.quantile(simulated.start, 0.975, method="weibull")
    return {"start_distance": simulated_msd.start_distance(d2), "start_distance_null": null}


def exponents(
    found: dict[str, np.ndarray], threshold: float, longest: float, simulated: simulated_msd.SimulatedMsd
) -> dict[str, np.ndarray]:
    """Exponents with their intervals, and which lags support them, of the curves of lengths_and_curves."""
    msd, displacements = found["msd"], simulated.displacements
    lags = scaling_fits.log_lags(longest_lag(longest, len(msd) + 1))
    fitted = {name: found[name][lags - 1] for name in ("msd", "orthogonal_msd", "direction_msd")}
    every = np.arange(1, len(msd) + 1)
    fewest = np.where(every <= (len(msd) + 1) // 10, *FEWEST_DISPLACEMENTS)
    supported = (displacements >= fewest) & (found["effective_steps"] >= FEWEST_STEPS)
    return {
        "local_exponent": distance_geometry.local_exponent(every, msd),
        "independent_displacements": displacements,
        "supported": supported.astype(float),
        **window_fits(lags, fitted, len(msd) + 1, threshold, simulated.at(lags)),
    }


def regime_start(result: xr.Dataset, threshold: float) -> float:
    """First step of the subdiffusive regime, NaN if there is none: of two successive windows that are one power law.

    The whole interval of the exponent must lie below 1 in both: of 47 exactly Brownian runs of 12 windows, 15 had one
    such window by chance and one had two in succession.
    """
    whole = result.sel(fit="whole")
    inside = ((whole.fit_rmse < threshold) & (whole.exponent_high < 1)).values
    twice = inside[:-1] & inside[1:]
    return float(result.window_start[twice.argmax()]) if twice.any() else np.nan
