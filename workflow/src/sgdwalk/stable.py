"""Symmetric stable laws: density, distribution, samples and maximum likelihood with honest intervals.

A law is (alpha, scale, location): stability parameter alpha in [0.3, 2], scale > 0, location the centre.
Its characteristic function is exp(-|scale k|^alpha + i location k): S0 and S1 agree, alpha 1 is Cauchy,
alpha 2 a Gaussian of variance 2 scale^2. z = (x - location) / scale throughout. The numerics of the
density are in stable_law, those of its likelihood in stable_likelihood.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from sgdwalk import stable_law
from sgdwalk.stable_law import ALPHA_MAX, ALPHA_MIN
from sgdwalk.stable_likelihood import Expansion, maximise

MIN_POINTS, MIN_BLOCKS = 50, 5
MOST_REPEATED = 0.2  # a larger share than alpha / (1 + alpha) at one value: the likelihood is unbounded
# Quantiles of the laws (as McCulloch 1986): (q95 - q05) / (q75 - q25) and (q75 - q25) / scale, by alpha.
START_ALPHA = np.array([2.0, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4, 1.2, 1.0, 0.8, 0.7, 0.6, 0.5, 0.4])
START_SPREAD = np.array(
    [2.439, 2.513, 2.610, 2.739, 2.914, 3.150, 3.466, 4.451, 6.314, 10.48, 14.89, 23.61, 44.64, 115.0]
)
START_QUARTILES = np.array(
    [1.908, 1.914, 1.920, 1.926, 1.932, 1.938, 1.945, 1.963, 2.000, 2.091, 2.180, 2.324, 2.568, 3.018]
)


@dataclass(frozen=True)
class StableFit:
    """Maximum-likelihood fit of a symmetric stable law; numbers are NaN unless status is 'ok'.

    *_low and *_high bound the confidence interval; scale and location have the units of the data.
    effective_number is the number of independent observations that would pin alpha down as well.
    status: 'ok', 'not finite', 'too few points', 'all zeros', 'constant', 'repeated values' (a point mass,
    whose likelihood has no maximum), 'too few blocks', 'alpha at lower edge', 'not converged'.
    """

    status: str
    alpha: float = np.nan
    alpha_low: float = np.nan
    alpha_high: float = np.nan
    scale: float = np.nan
    scale_low: float = np.nan
    scale_high: float = np.nan
    location: float = np.nan
    location_low: float = np.nan
    location_high: float = np.nan
    log_likelihood: float = np.nan
    effective_number: float = np.nan


def logpdf(x, alpha: float, scale: float = 1.0, location: float = 0.0) -> np.ndarray:
    """Log-density log(f(z) / scale) at x, within 1e-6 of direct integration; array shaped as x."""
    _check(alpha, scale)
    z = (np.asarray(x, float) - location) / scale
    return stable_law.log_density(alpha)(np.abs(z)) - np.log(scale)


def cdf(x, alpha: float, scale: float = 1.0, location: float = 0.0) -> np.ndarray:
    """Distribution function P(X <= x); array shaped as x. The left tail keeps its relative precision."""
    _check(alpha, scale)
    z = (np.asarray(x, float) - location) / scale
    beyond = np.exp(stable_law.log_survival(alpha)(np.abs(z)))
    return np.where(z > 0, 1 - beyond, beyond)


def sample(size, alpha: float, scale: float = 1.0, location: float = 0.0, rng=None) -> np.ndarray:
    """Independent draws (Chambers, Mallows & Stuck 1976); rng is a numpy Generator or a seed."""
    _check(alpha, scale)
    rng = np.random.default_rng(rng)
    angle = rng.uniform(-np.pi / 2, np.pi / 2, size)
    ratio = np.cos((1 - alpha) * angle) / rng.exponential(size=size)
    z = np.sin(alpha * angle) / np.cos(angle) ** (1 / alpha) * ratio ** ((1 - alpha) / alpha)
    return location + scale * z


def _check(alpha, scale):
    if not ALPHA_MIN <= alpha <= ALPHA_MAX:
        raise ValueError(f"alpha = {alpha} is outside [{ALPHA_MIN}, {ALPHA_MAX}]")
    if not scale > 0:
        raise ValueError(f"scale = {scale} is not positive")


def fit(x, blocks=None, level: float = 0.95) -> StableFit:
    """Maximum likelihood over (alpha, scale, location).

    blocks: a label per observation; those that share one may depend on each other, those that do not are
    independent. Scores are then summed within a block (sandwich covariance, Student's t for few blocks).
    Without blocks the observations are independent and the intervals come from the observed information.
    The bounds of scale are symmetric in its logarithm, those of alpha in sqrt(2 - alpha), cut at 2, the
    Gaussian edge. At alpha = 2 itself alpha_high is 2 and alpha_low is where a parabola through the edge's
    slope and curvature puts the log-likelihood as far below its maximum as the level asks.
    effective_number = n times the variance of alpha for independent observations over that with blocks,
    at most n. Newton's method starts from quantiles of the data; see StableFit for what cannot be fitted.
    """
    x = np.asarray(x, float).ravel()
    labels = None if blocks is None else np.unique(np.ravel(blocks), return_inverse=True)[1]
    status = _defect(x, labels)
    if status != "ok":
        return StableFit(status)
    order = np.argsort(x)
    low, centre, high = np.quantile(x, [0.25, 0.5, 0.75])
    unit = (high - low) / 2
    z = (x[order] - centre) / unit
    try:
        best, converged = maximise(z, _start(z))
    except np.linalg.LinAlgError:  # no curvature in some direction
        return StableFit("not converged")
    if best.point[0] <= ALPHA_MIN:
        return StableFit("alpha at lower edge")
    if not converged:
        return StableFit("not converged")
    return _with_intervals(best, None if labels is None else labels[order], level, centre, unit)


def _defect(x, labels) -> str:
    """Why x cannot be fitted, or 'ok'."""
    if not np.isfinite(x).all():
        return "not finite"
    if len(x) < MIN_POINTS:
        return "too few points"
    if x.min() == x.max():
        return "all zeros" if x[0] == 0 else "constant"
    if np.unique(x, return_counts=True)[1].max() > MOST_REPEATED * len(x):
        return "repeated values"
    if labels is not None and labels.max() + 1 < MIN_BLOCKS:
        return "too few blocks"
    return "ok"


def _start(z) -> np.ndarray:
    """(alpha, log scale, location) from quantiles of data with median 0 and quartiles 2 apart."""
    outer = np.subtract(*np.quantile(z, [0.95, 0.05])) / 2
    alpha = min(np.interp(outer, START_SPREAD, START_ALPHA), 1.95)
    return np.array([alpha, np.log(2 / np.interp(-alpha, -START_ALPHA, START_QUARTILES)), 0.0])


def _with_intervals(best: Expansion, labels, level, centre, unit) -> StableFit:
    """The fit in the units of the data: a location of `centre` and a length of `unit` were 0 and 1."""
    inverse = np.linalg.inv(best.information)
    covariance, quantile, number = inverse, norm.ppf((1 + level) / 2), float(len(best.scores))
    if labels is not None:
        count = labels.max() + 1
        sums = np.stack([np.bincount(labels, column, count) for column in best.scores.T], axis=1)
        covariance = inverse @ (sums.T @ sums) @ inverse * count / (count - 1)
        quantile = student.ppf((1 + level) / 2, count - 1)
        independent = inverse @ (best.scores.T @ best.scores) @ inverse
        number *= min(1.0, float(independent[0, 0] / covariance[0, 0]))
    half = quantile * np.sqrt(np.diag(covariance))
    alpha, scale, location = best.point[0], unit * np.exp(best.point[1]), centre + unit * best.point[2]
    push = best.scores[:, 0].sum() * inverse[0, 0]
    return StableFit(
        "ok",
        *(float(alpha), *_alpha_bounds(alpha, half[0], push)),
        *map(float, (scale, scale * np.exp(-half[1]), scale * np.exp(half[1]))),
        *map(float, (location, location - unit * half[2], location + unit * half[2])),
        log_likelihood=float(best.value - len(best.scores) * np.log(unit)),
        effective_number=number,
    )


def _alpha_bounds(alpha, half, push) -> tuple[float, float]:
    """Symmetric in sqrt(2 - alpha), whose variance hardly depends on alpha close to 2; cut at the edges."""
    if alpha == ALPHA_MAX:
        return max(ALPHA_MAX - (np.hypot(push, half) - push), ALPHA_MIN), ALPHA_MAX
    root = np.sqrt(ALPHA_MAX - alpha)
    half = half / (2 * root)
    low, high = ALPHA_MAX - (root + half) ** 2, ALPHA_MAX - max(root - half, 0.0) ** 2
    return max(float(low), ALPHA_MIN), float(high)
