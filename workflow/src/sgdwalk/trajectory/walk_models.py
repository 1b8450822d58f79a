"""Models of a walk of stationary Gaussian steps: Brownian, fractional, the same plus white noise, Ornstein-Uhlenbeck.

A model gives the autocovariance r of the steps, r_0 = 1, for values of its parameters. These are fitted in coordinates
in which the likelihood is smooth and whose range is finite: the exponent itself, the logarithm of a time, the logit of
a share.

Momentum correlates the steps of any walk as beta^|lag|. It is known, and taken out of the steps before they are fitted:
s_t - beta s_{t-1} is what the gradient of a step alone does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from scipy.special import expit, logit

EXPONENTS = (0.02, 1.98)  # of the MSD, twice the Hurst exponent
LEAST_SHARE, LEAST_REST = 1e-6, 1e-6  # of white noise that is told from 0 (smooth walks show little), of the rest
SHORTEST, LONGEST = 0.1, 10.0  # relaxation time in steps, and in lengths of the window


@dataclass(frozen=True)
class Parameter:
    """A parameter: its name, value(coordinate), the values that stand for the ends of its range."""

    name: str
    value: Callable[[np.ndarray], np.ndarray]
    ends: tuple[float, float]


EXPONENT = Parameter("exponent", lambda c: c, (0.0, 2.0))
NOISE_SHARE = Parameter("noise_share", expit, (0.0, 1.0))
RELAXATION_TIME = Parameter("relaxation_time", np.exp, (0.0, np.inf))


@dataclass(frozen=True)
class Model:
    """A model of the steps: its name, its parameters, and autocovariance(coordinates [..., parameter], lags [lag])."""

    name: str
    parameters: tuple[Parameter, ...]
    autocovariance: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def bounds(self, size: int) -> np.ndarray:
        """[parameter, 2]: least and greatest coordinate for a window of so many steps."""
        ranges = {
            "exponent": EXPONENTS,
            "noise_share": (logit(LEAST_SHARE), -logit(LEAST_REST)),
            "relaxation_time": (np.log(SHORTEST), np.log(LONGEST * size)),
        }
        return np.array([ranges[parameter.name] for parameter in self.parameters]).reshape(-1, 2)

    def covariances(self, coordinates: np.ndarray, size: int) -> np.ndarray:
        """Autocovariances [..., size] at lags 0 ... size - 1, of coordinates [..., parameter]."""
        return self.autocovariance(np.asarray(coordinates, float), np.arange(size))


def uncorrelated(coordinates: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """1, 0, 0, ...: Brownian motion."""
    return np.broadcast_to((lags == 0).astype(float), (*coordinates.shape[:-1], len(lags)))


def fractional(coordinates: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Steps of a walk of MSD lag^exponent: (|k + 1|^exponent - 2 |k|^exponent + |k - 1|^exponent) / 2."""
    power = coordinates[..., :1]
    return (np.abs(lags + 1.0) ** power - 2 * np.abs(lags) ** power + np.abs(lags - 1.0) ** power) / 2


def fractional_and_white(coordinates: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """The same and white noise of the position, to which a share of the squared steps is due: 1, -1/2, 0, ... of it."""
    share, rest = expit(coordinates[..., 1:]), expit(-coordinates[..., 1:])
    white = np.where(lags == 0, 1.0, np.where(lags == 1, -0.5, 0.0))
    return share * white + rest * fractional(coordinates, lags)


def relaxing(coordinates: np.ndarray, lags: np.ndarray, momentum: float = 0.0) -> np.ndarray:
    """Steps without their momentum of a stationary walk x that is pulled back, h = 1 - exp(-1 / relaxation time).

    x_{t+1} = x_t + beta (x_t - x_{t-1}) - h x_t + noise, so that u_t = -h x_t + noise; without momentum x has the
    correlation (1 - h)^lag, and u_t = s_t 1 at lag 0 and -h (1 - h)^(k - 1) / 2 at lag k. From lag 1 on c_k = (1 + beta
    - h) c_{k-1} - beta c_{k-2}, with h^2 <x^2> in the place of c_0. lags: 0 ... n - 1.
    """
    pull = -np.expm1(-np.exp(-coordinates[..., 0]))
    again, held = 1 + momentum - pull, 1 + momentum
    spread = pull * held / ((1 - momentum) * (2 * held - pull))  # h^2 <x^2>, of noise of variance 1
    found = np.empty((*pull.shape, max(2, len(lags))))
    found[..., 0], found[..., 1] = spread, spread * again / held - pull
    for k in range(2, len(lags)):
        found[..., k] = again * found[..., k - 1] - momentum * found[..., k - 2]
    found[..., 0] += 1
    return found[..., : len(lags)] / found[..., :1]


@lru_cache(maxsize=8)
def models(momentum: float) -> tuple[Model, ...]:
    """The models of steps whose momentum was taken out."""
    return (
        Model("Brownian", (), uncorrelated),
        Model("fractional", (EXPONENT,), fractional),
        Model("fractional + white noise", (EXPONENT, NOISE_SHARE), fractional_and_white),
        Model("Ornstein-Uhlenbeck", (RELAXATION_TIME,), partial(relaxing, momentum=momentum)),
    )


MODELS = models(0.0)
FLEXIBLE = MODELS[2]
PARAMETERS = ("exponent", "noise_share", "relaxation_time")


def variogram(covariance: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """MSD [..., lag] of a walk whose steps have this autocovariance [..., n], lags 1 ... n - 1."""
    growth = 2 * covariance.cumsum(-1) - covariance[..., :1]
    return growth.cumsum(-1)[..., lags - 1]
