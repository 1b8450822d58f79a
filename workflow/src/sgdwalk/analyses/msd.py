"""Mean squared displacement of the weights and its exponents (Chen et al., Eqs. 3, 4 and 6)."""

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import Contract, variable
from sgdwalk.storage.run_files import WINDOW, WINDOW_START
from sgdwalk.trajectory import distance_geometry, mean_squared_displacement
from sgdwalk.trajectory.msd_exponents import FITS, window_fits
from sgdwalk.trajectory.windows import FEWEST_PAIRS, per_window

DRIFT_REMOVED = 0.1  # longest lag at which the drift is removed, as a share of the window
CONTRACT = Contract(
    "msd",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "lag": variable("lag", "step", "lag"),
        "fit": variable("fit", "1", "fit: paper's protocol, two segments (short, long), or the lags it names"),
        "msd": variable("window lag", "1", "time-averaged MSD"),
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
        "independent_pairs": variable("window lag", "1", "independent displacements in the MSD, all dimensions"),
        "supported": variable(
            "window lag",
            "1",
            f"1 where the MSD has at least {FEWEST_PAIRS} independent displacements and effective steps, else 0",
        ),
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
        "effective_steps": variable("window", "step", "effective number of steps in the walk's squared length"),
        "regime_start": variable("", "step", "start of the first window that is one power law with exponent < 1"),
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
    over too few pairs. copies: simulated walks behind each interval, a parametric bootstrap (Gaussian walks that
    follow the two-segment fit, with the effective dimension of the increments). seed: of these.

    Returns the data set of CONTRACT. Fits: msd_exponents.FITS; `early`, `middle` and `late` are lags 1 ... 10,
    10 ... T/10 and T/10 ... longest. A window that diverged is NaN, and no lag of it is supported. ValueError if
    no window is full. Source: Chen, Qu & Gong 2022, Eqs. 3, 4 and 6 (doi 10.1016/j.neunet.2022.01.019).

    >>> from scipy.spatial.distance import pdist
    >>> walk = np.random.default_rng(0).standard_normal((200, 50)).cumsum(axis=0)  # Brownian: exponent 1
    >>> distances = xr.Dataset(
    ...     {
    ...         "distance2": (("window", "pair"), [pdist(walk, "sqeuclidean")]),
    ...         "loss": (("window", "step"), [walk[:, 0]]),
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
        {"lag": np.arange(1, distances.sizes["step"]), "fit": list(FITS)},
    )
    return result.assign(regime_start=((), regime_start(result, threshold)))


def window_msd(d2: np.ndarray, threshold: float, longest: float, copies: int, rng) -> dict[str, np.ndarray]:
    """The variables of msd.nc of one window, by name, from its squared distances [step, step]."""
    lags = np.arange(1, len(d2))
    curve = mean_squared_displacement.from_distances(d2)
    if not (np.isfinite(d2).all() and (curve > 0).all()):
        return {"supported": np.zeros(len(lags))}  # all others are NaN
    dimension = distance_geometry.effective_dimension(d2, 1)
    drift, spread = distance_geometry.drift2(d2)
    pairs, steps = dimension * (len(d2) - lags) / lags, distance_geometry.effective_steps(d2)
    return {
        "msd": curve,
        "msd_from_start": d2[0, 1:],
        "local_exponent": distance_geometry.local_exponent(lags, curve),
        "msd_without_drift": np.where(lags <= DRIFT_REMOVED * len(d2), curve - drift * lags**2, np.nan),
        "squared_drift": drift,
        "drift_share": drift * lags**2 / curve,
        "drift_share_null": distance_geometry.drift_quantile(dimension) * spread * lags**2 / curve,
        "independent_pairs": pairs,
        "supported": ((pairs >= FEWEST_PAIRS) & (steps >= FEWEST_PAIRS)).astype(float),
        "effective_dimension": dimension,
        "effective_steps": steps,
        **window_fits(d2, curve, threshold, longest, copies, rng),
    }


def regime_start(result: xr.Dataset, threshold: float) -> float:
    """First step of the subdiffusive regime: of the first window that is one power law of exponent below 1."""
    whole = result.sel(fit="whole")
    inside = ((whole.fit_rmse < threshold) & (whole.exponent < 1)).values
    return float(result.window_start[inside.argmax()]) if inside.any() else np.nan
