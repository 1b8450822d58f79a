"""The toy walk of Chen et al. (Eq. 10, Fig. 8): noisy descent on a fractal, a random or a convex surface."""

import numpy as np
import xarray as xr
from scipy import ndimage

from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.landscapes import random_surfaces
from sgdwalk.storage.contracts import Contract, variable
from sgdwalk.trajectory import mean_squared_displacement

BOOTSTRAPS = 1000  # resamplings of the walkers
FEWEST_WALKERS = 5  # in a stage that is measured
MSD = "mean squared displacement"

CONTRACT = Contract(
    "toy",
    {
        "x": variable("x", "1", "position along the first axis"),
        "y": variable("y", "1", "position along the second axis"),
        "surface": variable("x y", "1", "loss surface"),
        "walker": variable("walker", "1", "walker"),
        "step": variable("step", "step", "step"),
        "axis": variable("axis", "1", "axis of the plane"),
        "position": variable("walker step axis", "1", "position"),
        "gradient": variable("walker step axis", "1", "gradient of the loss at the position"),
        "loss": variable("walker step", "1", "loss at the position"),
        "entry": variable("walker", "step", "first step in the last minimum (number of steps: never)"),
        "stage": variable("stage", "1", "part of the walk: before the entry, after it, all"),
        "lag": variable("lag", "step", "lag"),
        "msd": variable("stage lag", "1", MSD),
        "walkers_used": variable("stage", "1", "walkers with enough steps in the stage"),
        "exponent": variable("stage", "1", f"exponent of the {MSD}"),
        "exponent_low": variable("stage", "1", f"exponent of the {MSD}, 2.5 %"),
        "exponent_high": variable("stage", "1", f"exponent of the {MSD}, 97.5 %"),
        "first_lag": variable("stage", "step", "shortest lag of the fit"),
        "last_lag": variable("stage", "step", "longest lag of the fit"),
        "alpha": variable("", "1", "stability parameter of the gradients"),
        "alpha_low": variable("", "1", "stability parameter of the gradients, 2.5 %"),
        "alpha_high": variable("", "1", "stability parameter of the gradients, 97.5 %"),
        "scale": variable("", "1", "scale of the stable law"),
        "location": variable("", "1", "location of the stable law"),
        "status": variable("", "1", "ok, or why there is no stable law"),
        "kurtosis": variable("", "1", "kurtosis of the gradients (Gaussian: 3)"),
        "gradient_bin": variable("gradient_bin", "1", "gradient component"),
        "gradient_density": variable("gradient_bin", "1", "probability density of a gradient component"),
    },
    version=2,
)


def compute(
    *,
    landscape: str,
    walkers: int = 100,
    steps: int = 1000,
    step_size: float = 0.02,
    noise: float = 0.01,
    levels: int = 10,
    roughness: float = 3.0,
    smoothing: float = 8.0,
    basin_radius: float = 0.3,
    descent_lag: int = 20,
    basin_lag: int = 100,
    seed: int = 0,
) -> xr.Dataset:
    """Independent walkers that descend one surface, measured before and after they enter their last minimum.

    x_{t+1} = x_t - step_size grad L(x_t) + noise N(0, I) on [-1, 1]^2 from uniformly random starts, with reflecting
    walls (the released code redraws the noise instead, which cannot end where the slope alone leads outside).
    landscape, levels, roughness, smoothing: the surface (random_surfaces.landscape). Stages: 'descent' before the
    entry (see last_entry), 'basin' after it, 'whole'. The gradients of all walkers and both axes are pooled; the
    interval of alpha takes walkers as blocks. All intervals are for this one surface: another seed gives another
    surface, and differs by more.

    basin_radius: about twice the largest excursion of a typical walker in its last tenth on the fractal surface;
    with it the exponents of walkers on a flat surface are 1.0 before and after, so that the choice of stages creates
    no anomalous exponent. Lags of the fits: 1 to descent_lag, 1 to basin_lag.

    Returns the data set of CONTRACT. ValueError for an unknown landscape. Source: Chen, Qu & Gong 2022, Eq. 10.
    """
    rng = np.random.default_rng(seed)
    surface = random_surfaces.landscape(landscape, levels, roughness, smoothing, rng)
    position, gradient = walk(surface, rng.uniform(-1, 1, (walkers, 2)), steps, step_size, noise, rng)
    entry = last_entry(position, basin_radius)
    side = np.linspace(-1, 1, len(surface))
    paths = xr.Dataset(
        {
            "surface": (("x", "y"), surface.astype(np.float32)),
            "position": (("walker", "step", "axis"), position),
            "gradient": (("walker", "step", "axis"), gradient),
            "loss": (("walker", "step"), interpolate(surface, position)),
            "entry": ("walker", entry),
        },
        {"x": side, "y": side, "walker": range(walkers), "step": range(steps), "axis": ["x", "y"]},
    )
    return xr.merge([paths, diffusion(position, entry, descent_lag, basin_lag, rng), tails(gradient)])


def walk(surface, start, steps, step_size, noise, rng) -> tuple[np.ndarray, np.ndarray]:
    """Positions x_0 ... x_{steps-1} and the gradients at them, both [walker, step, axis]."""
    slopes = gradients(surface)
    position = np.empty((len(start), steps, 2))
    gradient = np.empty_like(position)
    here = start
    for t in range(steps):
        position[:, t] = here
        gradient[:, t] = np.stack([interpolate(slope, here) for slope in slopes], axis=-1)
        here = reflect(here - step_size * gradient[:, t] + noise * rng.standard_normal(here.shape))
    return position, gradient


def gradients(surface: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Central differences dL/dx and dL/dy [x, y] at the grid points of [-1, 1]^2, second order at the walls.

    Between grid points the walk interpolates them bilinearly. That is exactly the central difference
    (L(x + h) - L(x - h)) / 2h of the bilinear surface L, h the grid step: continuous, as the gradient of
    the bilinear surface itself is not, and exact for a paraboloid.
    """
    return np.gradient(surface, 2 / (len(surface) - 1), edge_order=2)


def interpolate(values: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Bilinear interpolation of values [x, y] on [-1, 1]^2 at position [..., axis]."""
    index = np.moveaxis((position + 1) * (len(values) - 1) / 2, -1, 0)
    return ndimage.map_coordinates(values, index, order=1, mode="nearest")


def reflect(position: np.ndarray) -> np.ndarray:
    """Fold positions back into [-1, 1], as often as it takes."""
    return np.abs((position - 1) % 4 - 2) - 1


def last_entry(position: np.ndarray, radius: float) -> np.ndarray:
    """First step [walker] from which a walker stays within `radius` of its mean over its last tenth of steps.

    The number of steps where the last position still lies outside: such a walker never enters.
    """
    steps = position.shape[1]
    centre = position[:, -max(steps // 10, 1) :].mean(axis=1, keepdims=True)
    outside = np.linalg.norm(position - centre, axis=-1) > radius
    return np.where(outside, np.arange(1, steps + 1), 0).max(axis=1)


def diffusion(position, entry, descent_lag: int, basin_lag: int, rng) -> xr.Dataset:
    """Time-averaged MSD of each stage averaged over walkers, its exponent, and a bootstrap over walkers.

    position [walker, step, axis], entry [walker]. A stage uses the walkers that spend at least twice its longest lag
    in it, the same ones at every lag: a set that shrinks with the lag would favour slow walkers at long lags. NaN
    for fewer than FEWEST_WALKERS.
    """
    lags = np.geomspace(1, max(descent_lag, basin_lag), 25).round().astype(int)
    lags = np.union1d(lags, [descent_lag, basin_lag])
    lags = lags[lags < position.shape[1]]
    stages = {
        "descent": ([x[:e] for x, e in zip(position, entry, strict=True)], descent_lag),
        "basin": ([x[e:] for x, e in zip(position, entry, strict=True)], basin_lag),
        "whole": (list(position), basin_lag),
    }
    measured = [_stage(paths, lags[lags <= longest], rng) for paths, longest in stages.values()]
    return xr.concat(measured, xr.Variable("stage", list(stages)), join="outer", data_vars="all")


def _stage(paths: list[np.ndarray], lags: np.ndarray, rng) -> xr.Dataset:
    each = np.array([mean_squared_displacement.from_positions(x, lags) for x in paths if len(x) >= 2 * lags[-1]])
    enough = len(each) >= FEWEST_WALKERS
    msd = each.mean(axis=0) if enough else np.full(len(lags), np.nan)
    exponent, low, high = _exponent(each, lags, rng) if enough else (np.nan,) * 3
    return xr.Dataset(
        {
            "msd": ("lag", msd),
            "walkers_used": len(each),
            "exponent": exponent,
            "exponent_low": low,
            "exponent_high": high,
            "first_lag": lags[0],
            "last_lag": lags[-1],
        },
        {"lag": lags},
    )


def _exponent(each, lags, rng) -> tuple[float, float, float]:
    """(slope, low, high) of the walkers' mean MSD on logarithmic axes, with a 95 % bootstrap interval."""
    drawn = rng.integers(len(each), size=(BOOTSTRAPS, len(each)))
    curves = np.vstack([each.mean(axis=0), each[drawn].mean(axis=1)])
    slopes = np.polyfit(np.log(lags), np.log(curves).T, 1)[0]
    return slopes[0], *np.quantile(slopes[1:], [0.025, 0.975])


def tails(gradient: np.ndarray, bins: int = 101) -> xr.Dataset:
    """Stable law of the pooled gradients [walker, step, axis], walkers as blocks; kurtosis and histogram."""
    pooled = gradient.ravel()
    fitted = stable.fit(pooled, blocks=np.repeat(np.arange(len(gradient)), gradient[0].size))
    reach = np.abs(pooled).max()
    density, edges = np.histogram(pooled, bins, (-reach, reach), density=True)
    laws = ("alpha", "alpha_low", "alpha_high", "scale", "location", "status")
    deviation = pooled - pooled.mean()
    return xr.Dataset(
        {name: getattr(fitted, name) for name in laws}
        | {
            "kurtosis": (deviation**4).mean() / (deviation**2).mean() ** 2,
            "gradient_density": ("gradient_bin", density),
        },
        {"gradient_bin": (edges[:-1] + edges[1:]) / 2},
    )
