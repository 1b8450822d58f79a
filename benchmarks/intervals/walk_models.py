"""Exponents, noise shares and relaxation times by the likelihood of a window's steps."""

import functools

import numpy as np
from sgdwalk.trajectory import compared_models, step_lengths, toeplitz_likelihood
from sgdwalk.trajectory.distance_geometry import increment_products
from sgdwalk.trajectory.likelihood_fits import Steps, fit
from sgdwalk.trajectory.walk_models import MODELS

from intervals import seeds
from intervals.walks import fractional, kinds, squared_distances

TITLE = "Models of a walk (`walk_models.nc`)"
STEPS = 250
NOTE = (
    f"Windows of T = {STEPS} steps. *Fractional*, *with noise*: exponent of the model without and with white noise of"
    " the position; *drift out*: with a constant drift projected out; *unit steps*: of the steps divided by their"
    " lengths; *relaxation time*: its natural logarithm. True values are those of the walk; for walks of another law"
    " than the model the bias says what the model makes of it. Supported: the covariance is separable by"
    " `dimension_ratio`. *fBm and white*: noise of twice the standard deviation of a step in each dimension. *t steps*:"
    " lengths times that of Student's law of three degrees of freedom."
)
FRACTIONAL, WITH_NOISE, RELAXING = MODELS[1:]
TIME = -1 / np.log(1 - 20 / STEPS)
SHARE = 1


def with_white_noise(steps: int, rng) -> np.ndarray:
    """Fractional Brownian motion in 20 dimensions, and white noise of its position."""
    walk = fractional(0.75, 20, steps, rng)
    return walk + 2 * rng.standard_normal(walk.shape) / np.sqrt(20)


def t_steps(steps: int, rng) -> np.ndarray:
    """Steps of fractional Brownian motion times independent lengths."""
    moves = np.diff(fractional(0.75, 20, steps + 1, rng), axis=0)
    return (moves * np.sqrt(3 / rng.chisquare(3, (steps, 1)))).cumsum(0)


def made(kind: str):
    """walk(steps, rng) of a kind."""
    own = {"fBm 0.75 and white in 20": with_white_noise, "t steps of fBm 0.75 in 20": t_steps}
    return own[kind] if kind in own else kinds()[kind][0]


EXPONENTS = {
    "fBm 0.25 in 20": 0.5, "fBm 0.5 in 20": 1.0, "fBm 0.75 in 20": 1.5, "fBm 0.75 in 300": 1.5,
    "uneven spectrum in 300": 1.0, "drift in 20": 1.0, "fBm 0.75 and white in 20": 1.5,
    "t steps of fBm 0.75 in 20": 1.5, "500 stiff, 30 soft": 1.0,
}  # fmt: skip
KINDS = (*EXPONENTS, "OU in 20", "OU in 300")
FAST = ("fBm 0.75 in 20", "drift in 20", "OU in 20")


@functools.cache
def quantities(kind: str) -> dict[str, tuple]:
    """{quantity: (model, parameter, whether a drift is projected out, whether unit steps)} measured of a kind."""
    if kind.startswith("OU"):
        return {
            "relaxation time": (RELAXING, 0, False, False),
            "relaxation time, drift out": (RELAXING, 0, True, False),
        }
    found = {"fractional": (FRACTIONAL, 0, False, False), "fractional, drift out": (FRACTIONAL, 0, True, False)}
    if kind.startswith("t steps"):
        return found | {"fractional, unit steps": (FRACTIONAL, 0, False, True)}
    if "white" in kind or "stiff" in kind:
        found |= {"with noise": (WITH_NOISE, 0, False, False), "noise share": (WITH_NOISE, 1, False, False)}
    return found


def measured(products: np.ndarray) -> tuple:
    """(products of steps, their diagonal sums, dimension of each band, overall dimension)."""
    sums = toeplitz_likelihood.diagonal_sums(products)
    return products, sums, *compared_models.dimensions(products, sums)


def one(kind: str, seed: int) -> dict[str, tuple]:
    """{quantity: (estimate, low, high, supported)} of one window."""
    d2 = squared_distances(made(kind)(STEPS, seeds.generator(kind, seed)))
    result, known = {}, {False: measured(increment_products(d2, 1))}
    for name, (model, parameter, drift, unit) in quantities(kind).items():
        if unit:
            known[unit] = measured(step_lengths.direction_products(d2))
        products, sums, bands, dimension = known[unit]
        found = fit(model, Steps(products, sums, drift), dimension)
        values = np.array([found.values[parameter], *found.intervals[parameter]])
        separable = bands.max() <= compared_models.SEPARABLE * bands.min()
        result[name] = (*(np.log(values) if model is RELAXING else values), separable)
    return result


def truths(kind: str) -> dict[str, float]:
    """The walk's own values; the noise share of stiff directions is that of their squared steps."""
    share = 0.5 * 500 * 2 / (0.5 * 500 * 2 + 30) if "stiff" in kind else 8 / 9
    exponent = EXPONENTS.get(kind, np.log(TIME))
    return {name: share if name == "noise share" else exponent for name in quantities(kind)}
