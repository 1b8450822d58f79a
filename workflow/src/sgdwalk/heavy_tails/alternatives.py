"""Alternatives to the stable law by maximum likelihood: Gaussian, Laplace, Student's t, a Gaussian per layer; Vuong."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, ndtr

MIXTURE_ROUNDS = 100  # of expectation maximisation in the location, at most
WEIGHT_ROUNDS = 10  # in the weights, between two of those
DEGREES_MIN, DEGREES_MAX = 0.2, 1e4  # range of Student's degrees of freedom; at the upper end it is a Gaussian


@dataclass(frozen=True)
class AlternativeFit:
    """A fitted distribution: its parameters by name, and the log-density of each observation in the order of x."""

    parameters: Mapping[str, float]
    log_likelihood: np.ndarray


@dataclass(frozen=True)
class Vuong:
    """Result of Vuong's test: ratio, the sum of the log-likelihood differences; z > 0 favours a; two-sided p."""

    ratio: float
    z: float
    p: float


def gaussian(x) -> AlternativeFit:
    """Gaussian fit to x [n], not constant: location is the mean, scale the standard deviation (divisor n)."""
    x = np.asarray(x, float)
    location, scale = x.mean(), x.std()
    return AlternativeFit(
        _named(location=location, scale=scale), normal_log_density((x - location) / scale) - np.log(scale)
    )


def laplace(x) -> AlternativeFit:
    """Laplace fit to x [n], density exp(-|x - location| / scale) / (2 scale): the median, the mean distance from it."""
    x = np.asarray(x, float)
    location = np.median(x)
    distance = np.abs(x - location)
    scale = distance.mean()
    return AlternativeFit(_named(location=location, scale=scale), -distance / scale - np.log(2 * scale))


def student_t(x) -> AlternativeFit:
    """Student-t fit to x [n]: location, scale and degrees of freedom, the latter within [0.2, 1e4].

    L-BFGS-B with exact gradients on (location, log scale, log degrees) of data standardised by quantiles.
    """
    x = np.asarray(x, float)
    low, centre, high = np.quantile(x, [0.25, 0.5, 0.75])
    unit = (high - low) / 2
    z = (x - centre) / unit
    edges = [(None, None), (None, None), (np.log(DEGREES_MIN), np.log(DEGREES_MAX))]
    found = minimize(_student_loss, [0, 0, np.log(3)], z, "L-BFGS-B", True, bounds=edges, tol=1e-12)
    location, scale, degrees = found.x[0], np.exp(found.x[1]), np.exp(found.x[2])
    density = student_log_density((z - location) / scale, degrees) - found.x[1] - np.log(unit)
    return AlternativeFit(_named(location=centre + unit * location, scale=unit * scale, degrees=degrees), density)


def normal_log_density(r) -> np.ndarray:
    """Log-density of the standard normal law at r."""
    return -(r**2) / 2 - np.log(2 * np.pi) / 2


def student_log_density(r, degrees) -> np.ndarray:
    """Log-density of Student's law at r."""
    front = gammaln((degrees + 1) / 2) - gammaln(degrees / 2) - np.log(degrees * np.pi) / 2
    return front - (degrees + 1) / 2 * np.log1p(r**2 / degrees)


def _student_loss(point, z) -> tuple[float, np.ndarray]:
    """Minus the mean log-likelihood, and its gradient in (location, log scale, log degrees)."""
    scale, degrees = np.exp(point[1]), np.exp(point[2])
    r = (z - point[0]) / scale
    pull = (degrees + 1) * r / (degrees + r**2)
    stretch = np.mean(pull * r)
    shape = digamma((degrees + 1) / 2) - digamma(degrees / 2) - np.mean(np.log1p(r**2 / degrees))
    gradient = np.array([pull.mean() / scale, stretch - 1, (degrees * shape - 1 + stretch) / 2])
    return point[1] - student_log_density(r, degrees).mean(), -gradient


def scale_mixture(x, scales) -> AlternativeFit:
    """Mixture of Gaussians of one location and given standard deviations, fitted to x [n].

    Density sum_l weight_l N(x; location, scale_l^2); scales [layer]: standard deviations of the layers' own
    samples. Weights (which sum to 1) and location by maximum likelihood (expectation maximisation). Every scale
    counts as a parameter too, 2 len(scales) in all, although the scales come from other samples.
    """
    x, scales = np.asarray(x, float), np.sort(np.asarray(scales, float))
    weights, location, last = np.full(len(scales), 1 / len(scales)), np.median(x), -np.inf
    for _ in range(MIXTURE_ROUNDS):
        parts = -((x - location) ** 2) / (2 * scales[:, None] ** 2) - np.log(scales)[:, None]
        top = parts.max(axis=0)
        gaussians = np.exp(parts - top)
        density = np.log(weights @ gaussians) + top
        total = density.sum()
        if total - last < 1e-6 * len(x):
            break
        last = total
        for _ in range(WEIGHT_ROUNDS):
            weights = np.maximum(weights * (gaussians @ (1 / (weights @ gaussians))) / len(x), 1e-12)
        pull = (weights / scales**2) @ gaussians / (weights @ gaussians)
        location = (pull * x).sum() / pull.sum()
    named = {f"weight_{i}": w for i, w in enumerate(weights[:-1])} | {f"scale_{i}": s for i, s in enumerate(scales)}
    return AlternativeFit(_named(location=location, **named), density - np.log(2 * np.pi) / 2)


def _named(**parameters) -> dict[str, float]:
    return {name: float(value) for name, value in parameters.items()}


def vuong(loglik_a, loglik_b, parameters_a: int, parameters_b: int, blocks=None) -> Vuong:
    """Vuong's test of non-nested distributions a and b on the same n observations.

    loglik_a, loglik_b [n]: log-densities of the observations. With d_i their differences, ratio = sum d_i and
    z = (ratio - (parameters_a - parameters_b) log(n) / 2) / sqrt(n var d), normal when both are equally close to
    the truth; parameters_a, parameters_b: their numbers of parameters. blocks [n]: labels; observations of the
    same label may depend on each other, and the variance is that of the sums of d within blocks. z and p are NaN
    where that variance is 0. Source: Vuong 1989, doi 10.2307/1912557.

    Not for a Gaussian against a stable law: alpha = 2 is an edge of the stable family, where z is not normal and
    the half chi-square fails too, since the information on alpha diverges. That ratio needs critical values
    simulated under the Gaussian (stable.gaussian_edge).
    """
    difference = np.asarray(loglik_a, float) - np.asarray(loglik_b, float)
    ratio, count = difference.sum(), len(difference)
    sums = difference - difference.mean()
    if blocks is not None:
        sums = np.bincount(np.unique(np.ravel(blocks), return_inverse=True)[1], sums)
    variance = (sums**2).sum() * len(sums) / max(len(sums) - 1, 1)
    if not variance > 0:
        return Vuong(float(ratio), np.nan, np.nan)
    z = (ratio - (parameters_a - parameters_b) * np.log(count) / 2) / np.sqrt(variance)
    return Vuong(float(ratio), float(z), float(2 * ndtr(-abs(z))))
