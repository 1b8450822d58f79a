"""Gradient descent without noise on fractional Brownian surfaces: its MSD exponent against roughness and step size."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from sgdwalk.landscapes import random_surfaces, surface_walks, walk_stages
from sgdwalk.landscapes.means_over_surfaces import mean_of, with_mean, with_share
from sgdwalk.storage.contracts import Contract, variable

LAGS = np.arange(1, 11)
RESTING = 1e-6  # mean squared step, in squared grid steps, below which a walker rests
DIMS = ("hurst", "learning_rate")

CONTRACT = Contract(
    "toy_noiseless",
    {
        "replicate": variable("replicate", "1", "surface"),
        "hurst": variable("hurst", "1", "Hurst exponent H of the surface"),
        "learning_rate": variable("learning_rate", "1", "learning rate, positions in grid steps"),
        "lag": variable("lag", "step", "lag"),
        "msd": variable("hurst learning_rate lag", "1", "MSD in squared grid steps, mean over surfaces"),
        **mean_of("exponent", " ".join(DIMS), "MSD exponent"),
        **mean_of("resting", " ".join(DIMS), "share of walkers at rest"),
    },
)


def compute(
    *,
    hurst: Sequence[float] = (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9),
    learning_rates: Sequence[float] = (500, 1000, 2000, 4000),
    surfaces: int = 20,
    walkers: int = 10,
    steps: int = 1000,
    levels: int = 8,
    seed: int = 0,
) -> xr.Dataset:
    """Walkers x - learning_rate grad L(x) on fractional Brownian surfaces (Ly & Gong, Nat. Commun. 16, 3252, 2025).

    Surfaces have 2^levels + 1 points a side and E (L(x) - L(y))^2 = (|x - y| / 2^levels)^(2H). Positions are in grid
    steps, slopes per grid step. `walkers` from random starts on each surface for each learning rate, walls reflect, and
    displacements are those of the path unfolded at the walls (surface_walks.unfold). MSD: mean over the second half of
    `steps` and all walkers of a surface, walkers at rest (mean squared step below RESTING) included; exponent: slope of
    log MSD against log lag at lags 1 to 10, NaN where all rest. Means over surfaces with Student's 95 % intervals,
    those of shares within 0 and 1 (means_over_surfaces.with_share).

    Returns the data set of CONTRACT.
    """
    hurst, learning_rates = sorted(hurst), sorted(learning_rates)
    msd = np.zeros((surfaces, len(hurst), len(learning_rates), len(LAGS)))
    resting = np.zeros(msd.shape[:3])
    for i, k in np.ndindex(len(hurst), surfaces):
        rng = np.random.default_rng([seed, k, i])
        surface = random_surfaces.fractional_brownian_surface(2**levels + 1, hurst[i], rng) / 2 ** (levels * hurst[i])
        for j, path in enumerate(walks(surface, learning_rates, walkers, steps, rng)):
            curves = mean_squared_displacements(path[:, steps // 2 :])
            msd[k, i, j], resting[k, i, j] = curves.mean(axis=0), (curves[:, 0] < RESTING).mean()
    return xr.Dataset(
        with_mean("exponent", DIMS, walk_stages.slope(LAGS, msd))
        | with_share("resting", DIMS, resting)
        | {"msd": ((*DIMS, "lag"), msd.mean(axis=0))},
        {"replicate": range(surfaces), "hurst": hurst, "learning_rate": learning_rates, "lag": LAGS},
    )


def walks(surface: np.ndarray, learning_rates: Sequence[float], walkers: int, steps: int, rng) -> list[np.ndarray]:
    """Unfolded paths [walker, step, axis] in grid steps, for each learning rate."""
    per_grid_step = 2 / (len(surface) - 1)  # the surface lies on [-1, 1]^2
    rates = np.repeat(learning_rates, walkers) * per_grid_step**2
    start = surface_walks.starts("random", surface, len(rates), rng)
    path, gradient = surface_walks.walk(surface, start, steps, rates, 0.0, rng)
    unfolded = surface_walks.unfold(path, -rates[:, None, None] * gradient) / per_grid_step
    return np.split(unfolded, len(learning_rates))


def mean_squared_displacements(path: np.ndarray) -> np.ndarray:
    """Mean over steps of |x_{t+lag} - x_t|^2 [walker, lag] at LAGS, from paths [walker, step, axis]."""
    return np.stack([((path[:, lag:] - path[:, :-lag]) ** 2).sum(axis=-1).mean(axis=1) for lag in LAGS], axis=1)
