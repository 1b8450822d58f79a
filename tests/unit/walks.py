"""Walks of known exponent, and their distances by direct computation."""

import numpy as np
import xarray as xr
from scipy.spatial.distance import pdist, squareform
from scipy.stats import levy_stable


def fbm(H, steps, dimensions, rng):
    """Fractional Brownian motion [step, dimension]: Cholesky factor of its exact covariance."""
    t = np.arange(1.0, steps)
    covariance = (t[:, None] ** (2 * H) + t ** (2 * H) - np.abs(t[:, None] - t) ** (2 * H)) / 2
    path = np.linalg.cholesky(covariance) @ rng.standard_normal((steps - 1, dimensions))
    return np.concatenate([np.zeros((1, dimensions)), path])


def ballistic(steps, dimensions, rng):
    """A straight line at constant speed."""
    return np.arange(steps)[:, None] * rng.standard_normal(dimensions)


def levy_flight(alpha, steps, dimensions, rng):
    """Sums of independent symmetric alpha-stable steps."""
    return np.cumsum(levy_stable.rvs(alpha, 0, size=(steps, dimensions), random_state=rng), axis=0)


def ornstein_uhlenbeck(rate, steps, dimensions, rng):
    """The stationary chain x <- (1 - rate) x + noise: MSD = 2 D var (1 - (1 - rate)^lag)."""
    x = np.empty((steps, dimensions))
    x[0] = rng.standard_normal(dimensions) / np.sqrt(1 - (1 - rate) ** 2)
    for k in range(1, steps):
        x[k] = (1 - rate) * x[k - 1] + rng.standard_normal(dimensions)
    return x


def square(walk):
    """Squared distances [step, step] of a walk [step, parameter]."""
    return squareform(pdist(walk, "sqeuclidean"))


def slow_msd(walk, lag):
    """Time-averaged MSD of a walk [step, parameter] at one lag, step by step."""
    return np.mean([((walk[t + lag] - walk[t]) ** 2).sum() for t in range(len(walk) - lag)])


def distances_of(*walks, loss=None):
    """The data set of distances.nc for windows [step, dimension]; losses [window, step] are zero by default."""
    steps = len(walks[0])
    return xr.Dataset(
        {
            "distance2": (("window", "pair"), np.stack([pdist(walk, "sqeuclidean") for walk in walks])),
            "loss": (("window", "step_in_window"), np.zeros((len(walks), steps)) if loss is None else np.asarray(loss)),
        },
        coords={
            "window": np.arange(len(walks)),
            "window_start": ("window", steps * np.arange(len(walks))),
            "window_steps": ("window", np.full(len(walks), steps)),
        },
    )


def diverge(distances, window):
    """The same data set with one window NaN, as after divergence."""
    diverged = distances.copy(deep=True)
    diverged.distance2[window] = np.nan
    diverged.loss[window] = np.nan
    return diverged
