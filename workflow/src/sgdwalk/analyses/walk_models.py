"""Likelihood of a window's walk: which model of its steps describes it, and which exponent it then has."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from sgdwalk.landscapes import snapshot_planes
from sgdwalk.storage.contracts import Contract, variable, with_interval
from sgdwalk.storage.provenance import settings_of_run
from sgdwalk.storage.run_files import WINDOW, WINDOW_START
from sgdwalk.trajectory import mean_squared_displacement, regimes, scaling_fits, step_lengths
from sgdwalk.trajectory.compared_models import SEPARABLE, compared
from sgdwalk.trajectory.distance_geometry import increment_products
from sgdwalk.trajectory.walk_models import MODELS, Model, models
from sgdwalk.trajectory.windows import longest_lag, per_window, spacing

WALKS = ("steps", "unit steps")
DRIFTS = ("kept", "projected out")
LONGEST = 0.8  # longest lag at which a misfit is measured, as a share of the window
COMPONENTS = 20  # principal components that are kept
CHANGE_COPIES = 5000  # series of windows behind the p value and the interval of a change
FEWEST = 20  # steps of a window that a likelihood is of
TIMES = ("relaxation_time", "relaxation_time_low", "relaxation_time_high")
EACH = "window walk drift model"

CONTRACT = Contract(
    "walk_models",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "walk": variable("walk", "1", "what the likelihood is of: the steps, or the steps divided by their lengths"),
        "drift": variable("drift", "1", "whether a constant drift is projected out"),
        "model": variable("model", "1", "model of the steps"),
        "lag": variable("lag", "step", "lag"),
        "component": variable("component", "1", "principal component of the weights of the window"),
        "status": variable("window walk", "1", "ok, why the fits only describe, or why there are none"),
        "momentum": variable("", "1", "momentum that was taken out of the steps"),
        "dimension": variable("window walk", "1", "effective dimension of the steps"),
        "dimension_ratio": variable("window walk", "1", "largest effective dimension of a frequency over the least"),
        "separable": variable(
            "window walk", "1", f"1 where the dimension differs by at most a factor of {SEPARABLE:g}, else 0"
        ),
        "msd": variable("window walk lag", "1", "time-averaged MSD"),
        "delta_aic": variable(EACH, "1", "AIC minus that of the best model"),
        **with_interval("exponent", EACH, "1", "exponent of the MSD of the model"),
        **with_interval("noise_share", EACH, "1", "share of the squared steps that is white noise of the position"),
        **with_interval("relaxation_time", EACH, "step", "relaxation time of the model, of the pull in a step"),
        "misfit": variable(f"{EACH} lag", "1", "measured MSD over that of the model"),
        "misfit_low": variable(f"{EACH} lag", "1", "2.5 % point of the misfit of walks of the model"),
        "misfit_high": variable(f"{EACH} lag", "1", "97.5 % point of the misfit of walks of the model"),
        "misfit_p": variable(EACH, "1", "p value of the largest misfit at any lag"),
        **with_interval("change", "", "step", "first step of the window at which the law of the walk changes"),
        "change_p": variable("", "1", "p value of a law that changes smoothly in time only"),
        "explained": variable("window component", "1", "share of the variance of the weights"),
        "explained_orthogonal": variable(
            "window component", "1", "share of the variance, orthogonal steps of equal lengths"
        ),
        "explained_random_walk": variable("component", "1", "share of the variance, long random walk"),
    },
    version=2,
)


def compute(distances: xr.Dataset, *, copies: int = 100, seed: int = 0) -> xr.Dataset:
    """Brownian, fractional, fractional plus white noise, and Ornstein-Uhlenbeck walks fitted to every full window.

    distances: distance2 [window, pair] of T weights each. The likelihood is that of Gaussian steps with the model's
    autocovariance in D equal dimensions, exactly (toeplitz_likelihood): of the steps, and of the steps divided by their
    lengths; with a constant drift counted as part of the walk, and with one projected out. Log likelihoods, and so
    delta_aic, compare models of the same walk and drift only. Intervals are of the profile likelihood. misfit [lag]:
    measured MSD (minus the drift, where projected out) over that of the model, its band and p value from `copies`
    simulated walks of the model to which it is fitted again. seed: of these.

    With the momentum of SGD beta the steps are s_t - beta s_(t-1), which the gradients alone make; relaxation_time is
    then that of the pull h in one step, -1 / log(1 - h). The momentum is that of the settings in the file; it is left
    in steps with Nesterov's momentum, of other optimisers, and of walks recorded less often than each step.

    status: 'not separable' where the effective dimension of the steps differs between bands of frequency by more than a
    factor of three, 'uneven steps' where their lengths vary by more than those of Gaussian steps (step_lengths.uneven).
    The likelihood is then not that of the walk: fits describe it, intervals and delta_aic do not hold.
    change: where the exponent of the fractional walk and the logarithm of the mean squared step jump, beyond a smooth
    trend in time (regimes); NaN where they do not, or in fewer than eight windows.
    explained [component]: eigenvalues of the covariance of the window's weights over their sum, and those of two walks
    without any structure, as in path_planes.

    Returns the data set of CONTRACT; lags and times in steps of the training. A window that diverged, has a step of
    length zero, or has steps that the rounding of the distances hides, is NaN, and status says so. ValueError if no
    window is full.

    >>> from scipy.spatial.distance import pdist
    >>> walk = np.random.default_rng(0).standard_normal((100, 30)).cumsum(axis=0)  # Brownian
    >>> distances = xr.Dataset(
    ...     {
    ...         "distance2": (("window", "pair"), [pdist(walk, "sqeuclidean")]),
    ...         "loss": (("window", "step_in_window"), [walk[:, 0]]),
    ...     },
    ...     {"window": [0], "window_start": ("window", [0]), "window_steps": ("window", [100])},
    ... )
    >>> found = compute(distances, copies=20).sel(window=0, walk="steps", drift="kept", model="fractional")
    >>> bool(found.exponent_low < 1 < found.exponent_high)
    True
    """
    rng = np.random.default_rng(seed)
    steps, momentum = distances.sizes["step_in_window"], known_momentum(distances)
    lags = scaling_fits.log_lags(longest_lag(LONGEST, steps))
    components = np.arange(1, min(COMPONENTS, steps - 1) + 1)
    names = {"walk": list(WALKS), "drift": list(DRIFTS), "model": [model.name for model in MODELS]}
    coords = names | {"lag": lags, "component": components}
    result = per_window(
        distances, CONTRACT, lambda d2, _: of_window(d2, momentum, lags, components, copies, rng), coords
    )
    shares = snapshot_planes.random_walk_shares(len(components))
    result = result.assign(explained_random_walk=("component", shares), momentum=momentum)
    return in_steps(result.assign(law_change(result, steps * spacing(distances), rng)), spacing(distances))


def known_momentum(distances: xr.Dataset) -> float:
    """Momentum of the training of a file that can be taken out of its steps; 0 where there is none or it is unknown."""
    known = "run_settings" in distances.attrs or "contract" in distances.attrs
    run = {"optimiser": "sgd", "nesterov": False, "momentum": 0.0} | (settings_of_run(distances) if known else {})
    plain = run["optimiser"] == "sgd" and not run["nesterov"] and spacing(distances) == 1
    return float(run["momentum"] or 0) if plain else 0.0


def in_steps(result: xr.Dataset, every: int) -> xr.Dataset:
    """The result with lags and times in steps, of which only one in `every` was recorded."""
    result = result.assign({name: result[name] * every for name in TIMES})
    return result.assign_coords(lag=result.lag.values * every)


def law_change(result: xr.Dataset, length: int, rng) -> dict[str, tuple[tuple, float]]:
    """The variables `change` of a file whose windows are `length` steps long."""
    walk = result.sel(walk="steps", drift="kept")
    quantities = np.stack([walk.exponent.sel(model="fractional").values, np.log(walk.msd.isel(lag=0).values)])
    found = regimes.change(quantities, result.window_start.values + length, CHANGE_COPIES, rng)
    starts = pd.Series(result.window_start.values.astype(float)).reindex
    window, low, high = starts([found.window, found.low, found.high]).values
    return {"change": ((), window), "change_low": ((), low), "change_high": ((), high), "change_p": ((), found.p)}


def of_window(
    d2: np.ndarray, momentum: float, lags: np.ndarray, components: np.ndarray, copies: int, rng
) -> dict[str, np.ndarray]:
    """The variables of one window, by name, from its squared distances [step, step]."""
    shares = spectrum(d2, len(components))
    free = step_lengths.without_momentum(d2, momentum) if np.isfinite(d2).all() else d2
    if why := obstacle(free, d2):
        return shares | {"status": np.array([why] * len(WALKS))}
    found = [of_walk(free, walk, models(momentum), lags, copies, rng) for walk in WALKS]
    return shares | {name: np.stack([row[name] for row in found]) for name in found[0]}


def of_walk(
    d2: np.ndarray, walk: str, of: Sequence[Model], lags: np.ndarray, copies: int, rng
) -> dict[str, np.ndarray]:
    """The same for one of WALKS, compared with models, from squared distances without momentum."""
    products = step_lengths.direction_products(d2) if walk == "unit steps" else increment_products(d2, 1)
    msd = mean_squared_displacement.from_distances(step_lengths.distances_of(products))
    found = compared(products, of, lags, copies, rng)
    uneven = "uneven steps" if walk == "steps" and step_lengths.uneven(d2) else ""
    return found | {"msd": msd[lags - 1], "status": uneven or ("ok" if found["separable"] else "not separable")}


def obstacle(d2: np.ndarray, made_from: np.ndarray) -> str:
    """Why a window has no likelihood, or ''; made_from: its squared distances before momentum was taken out."""
    if not np.isfinite(made_from).all():
        return "not finite"
    if len(d2) <= FEWEST:
        return f"fewer than {FEWEST} steps"
    if not (step_lengths.squared_lengths(d2) > 0).all():
        return "steps of length zero"
    return "" if step_lengths.resolved(d2, made_from) else "steps within rounding"


def spectrum(d2: np.ndarray, components: int) -> dict[str, np.ndarray]:
    """Shares of the variance of a window's weights in its first principal components, and those of orthogonal steps."""
    if not np.isfinite(d2).all():
        return {}
    gram = -d2 / 2  # up to terms that centring removes
    null = snapshot_planes.orthogonal_walk(gram)
    return {
        "explained": snapshot_planes.explained(gram)[:components],
        "explained_orthogonal": snapshot_planes.explained(null)[:components],
    }
