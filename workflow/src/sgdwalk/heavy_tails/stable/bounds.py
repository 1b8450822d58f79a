"""Confidence intervals of a stable law's parameters: observed information, blocks, bootstrap, edges."""

from dataclasses import dataclass, fields, replace

import numpy as np

from sgdwalk import quantiles
from sgdwalk.heavy_tails.stable import gaussian_edge
from sgdwalk.heavy_tails.stable.integral import ALPHA_MAX, ALPHA_MIN
from sgdwalk.heavy_tails.stable.likelihood import Expansion, expand_blocks, maximise

NEAREST = 0.1  # share of its distance from 2 by which alpha's upper bound stays below 2 where the Gaussian is rejected
# A Newton step of a resample that stands for its refit: at most this share of alpha's distance from 2, and this change
# of log scale and of location over scale.
NEAR_EDGE, SHORT = 0.25, 0.5
COARSE = 1e-3  # rise of the log-likelihood at which a refit may end: 5 % of a standard error from the maximum


@dataclass(frozen=True)
class StableFit:
    """Maximum-likelihood fit of a stable law; numbers are NaN unless status is 'ok'.

    *_low and *_high bound the confidence interval; scale and location have the units of the data. A symmetric
    fit has beta 0 with no width; at alpha 2, where beta means nothing, a general one has [-1, 1].
    effective_number is the number of independent observations that would give alpha the same variance.
    status: 'ok', 'not finite', 'too few points', 'all zeros', 'constant', 'repeated values' (a point mass,
    whose likelihood has no maximum), 'too few blocks', 'alpha at lower edge', 'not converged'.
    """

    status: str
    alpha: float = np.nan
    alpha_low: float = np.nan
    alpha_high: float = np.nan
    beta: float = np.nan
    beta_low: float = np.nan
    beta_high: float = np.nan
    scale: float = np.nan
    scale_low: float = np.nan
    scale_high: float = np.nan
    location: float = np.nan
    location_low: float = np.nan
    location_high: float = np.nan
    log_likelihood: float = np.nan
    effective_number: float = np.nan
    points: float = np.nan

    def moved(self, origin: float, unit: float) -> "StableFit":
        """The fit of origin + unit x, where this one is of x."""
        names = [field.name for field in fields(self)]
        scales = {name: unit * getattr(self, name) for name in names if name.startswith("scale")}
        places = {name: origin + unit * getattr(self, name) for name in names if name.startswith("location")}
        return replace(self, **scales, **places, log_likelihood=self.log_likelihood - self.points * np.log(unit))


def intervals(best: Expansion, z, labels, level: float, copies: int = 0, seed: int = 0) -> StableFit:
    """The fit with its intervals.

    best: the maximum, for z [n]. labels [n]: block of each observation, or None. copies > 0: a block bootstrap.

    Bounds are estimate -+ quantile x standard error: of the logarithm for scale, of sqrt(2 - alpha) for alpha,
    whose spread hardly depends on alpha close to 2, cut at the edges for beta. The covariance is the inverse of the
    observed information; with labels the sandwich of scores summed within blocks; with copies that of refits to
    resampled blocks, single observations without labels (not at alpha = 2, where a bootstrap is inconsistent); a short
    Newton step stands for the refit of a symmetric law.
    For m blocks it is multiplied by m / (m - 1) and the quantile is Student's of m - 1. effective_number = n times
    the variance of alpha for independent observations over this one, at most n.

    At an edge the far bound is where a parabola with the slope and curvature at the edge puts the log-likelihood
    as far below its maximum as the level requires. alpha_high is 2 if and only if the likelihood-ratio test of
    gaussian_edge, with effective_number observations, does not reject the Gaussian; where it does, the bound stays
    below 2 by at least a tenth of the estimate's distance.
    """
    inverse = np.linalg.inv(_regular(best))
    covariance, quantile, number = inverse, quantiles.normal((1 + level) / 2), float(len(z))
    if labels is not None or copies:
        labels = np.arange(len(z)) if labels is None else labels
        count = labels.max() + 1
        resampled = copies and best.point[0] < ALPHA_MAX
        spread = _refits(best, z, labels, copies, seed) if resampled else _sandwich(best, inverse, labels)
        covariance, quantile = spread * count / (count - 1), quantiles.student((1 + level) / 2, count - 1)
        independent = inverse @ (best.scores.T @ best.scores) @ inverse
        number /= max(1.0, covariance[0, 0] / independent[0, 0])
    half = quantile * np.sqrt(np.diag(covariance))
    push = best.scores.sum(axis=0) * np.diag(inverse)
    alpha = _alpha_bounds(best.point[0], half[0], push[0], _gaussian_holds(best.value, z, number, level))
    beta = _beta_bounds(best, half[1], push[1])
    wide = np.stack([best.point[-2:] - half[-2:], best.point[-2:] + half[-2:]], axis=1)
    return _collect(best, alpha, beta, wide, number)


def _sandwich(best, inverse, labels) -> np.ndarray:
    """Covariance (sandwich) from scores that are summed within blocks."""
    sums = np.stack([np.bincount(labels, column) for column in best.scores.T], axis=1)
    return inverse @ (sums.T @ sums) @ inverse


def _refits(best, z, labels, copies, seed) -> np.ndarray:
    """Covariance of the maxima for `copies` resamplings of the blocks, most of which are one Newton step away."""
    count = labels.max() + 1
    drawn = np.random.default_rng(seed).integers(0, count, (copies, count))
    points, near = _newton_steps(best, z, labels, drawn)
    rows = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    for copy in np.flatnonzero(~near):
        points[copy] = maximise(np.sort(z[np.concatenate([rows[k] for k in drawn[copy]])]), best.point, COARSE)[0].point
    return np.cov(points, rowvar=False)


def _newton_steps(best, z, labels, drawn) -> tuple[np.ndarray, np.ndarray]:
    """(points [copy, parameter] one Newton step from the maximum, whether they are near enough to stand for refits).

    drawn [copy, block]: the blocks of each resample, whose derivatives are sums of those of its blocks. No step of a
    general law, or where the likelihood of a resample is not concave, is near.
    """
    points, near = np.tile(best.point, (len(drawn), 1)), np.zeros(len(drawn), bool)
    if len(best.point) == 4:
        return points, near
    first, second = expand_blocks(z, best.point, labels)
    counts = np.array([np.bincount(blocks, minlength=len(first)) for blocks in drawn])
    slope, information = counts @ first, -np.tensordot(counts, second, 1)
    concave = np.linalg.eigvalsh(information)[:, 0] > 0
    step = np.linalg.solve(information[concave], slope[concave][:, :, None])[:, :, 0]
    points[concave] += step
    longest = [NEAR_EDGE * (ALPHA_MAX - best.point[0]), SHORT, SHORT * np.exp(best.point[-2])]
    near[concave] = (np.abs(step) <= longest).all(axis=1)
    return points, near


def _regular(best) -> np.ndarray:
    """The information, with beta's replaced by 1 where it has none."""
    information = best.information(np.arange(len(best.point))).copy()
    if len(best.point) == 4 and best.point[0] >= ALPHA_MAX:
        information[1], information[:, 1], information[1, 1] = 0, 0, 1
    return information


def _alpha_bounds(alpha, half, push, gaussian: bool) -> tuple[float, float]:
    if alpha == ALPHA_MAX:
        return max(ALPHA_MAX - (np.hypot(push, half) - push), ALPHA_MIN), ALPHA_MAX
    gap = ALPHA_MAX - alpha
    root, reach = np.sqrt(gap), half / (2 * np.sqrt(gap))
    low = max(float(ALPHA_MAX - (root + reach) ** 2), ALPHA_MIN)
    if gaussian:
        return low, ALPHA_MAX
    return low, float(ALPHA_MAX - max(max(root - reach, 0.0) ** 2, NEAREST * gap))


def _gaussian_holds(value, z, number, level) -> bool:
    """Whether the test of gaussian_edge does not reject the Gaussian, the ratio scaled to `number` observations."""
    ratio = 2 * (value - gaussian_edge.gaussian(z))
    return bool(ratio * number / len(z) < gaussian_edge.critical_value(number, 1 - level))


def _beta_bounds(best, half, push) -> tuple[float, float]:
    if len(best.point) == 3:
        return 0.0, 0.0
    beta = best.point[1]
    if best.point[0] >= ALPHA_MAX:
        return -1.0, 1.0
    if abs(beta) == 1:
        reach = np.hypot(push, half) - abs(push)
        return (max(1 - reach, -1.0), 1.0) if beta > 0 else (-1.0, min(reach - 1, 1.0))
    return max(float(beta - half), -1.0), min(float(beta + half), 1.0)


def _collect(best, alpha, beta, wide, number) -> StableFit:
    """The fit as a StableFit; wide: bounds of log scale and location."""
    skew = best.point[1] if len(best.point) == 4 and best.point[0] < ALPHA_MAX else 0.0
    entries = [best.point[0], *alpha, skew, *beta, *np.exp([best.point[-2], *wide[0]]), best.point[-1], *wide[1]]
    return StableFit("ok", *map(float, entries), float(best.value), float(number), float(len(best.scores)))
