"""Stable laws S0(alpha, beta, scale, location): density, distribution, quantiles, samples, maximum likelihood.

alpha in [0.3, 2] is the stability parameter, beta in [-1, 1] the skewness (0: symmetric), scale > 0. With
z = (x - location) / scale the characteristic function of z is (Nolan's S0, continuous through alpha 1)

    exp(-|k|^alpha (1 + i beta sign(k) tan(pi alpha / 2) (|k|^(1 - alpha) - 1))),
    exp(-|k| (1 + i beta sign(k) (2 / pi) log|k|)) at alpha 1.

alpha 1 with beta 0 is Cauchy, alpha 2 a Gaussian of variance 2 scale^2. log f is within 1e-6 of direct
integration at beta 0 and within 1e-4 for |beta| <= 0.6, |z| <= 1e4; beyond that the thin tail just before it
vanishes (f < 1e-4) is off by up to 0.1 % at |beta| 0.95 and 3 % at 1. The numerics are in .integral, .symmetric
and .skewed, those of the likelihood in .likelihood, intervals in .bounds, the test against the Gaussian in
.gaussian_edge.
"""

import numpy as np

from sgdwalk.heavy_tails.stable import skewed, symmetric
from sgdwalk.heavy_tails.stable.bounds import StableFit, intervals
from sgdwalk.heavy_tails.stable.integral import ALPHA_MAX, ALPHA_MIN, NEAR_ONE, centre
from sgdwalk.heavy_tails.stable.likelihood import maximise

MIN_POINTS, MIN_BLOCKS = 50, 5
MOST_REPEATED = 0.2  # share at one value; above alpha / (1 + alpha) the likelihood is unbounded
PEAKED = 0.9  # alpha below which a general fit starts from the peak
# Points whose median is the first estimate of the peak, rounds of its improvement, points used in them.
PEAK, SEEK, SOME = 10, 3, 1000
CHUNK = 4096  # points that are integrated at a time
# Quantiles of the laws (as McCulloch 1986): (q95 - q05) / (q75 - q25) and (q75 - q25) / scale, by alpha.
START_ALPHA = np.array([2.0, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4, 1.2, 1.0, 0.8, 0.7, 0.6, 0.5, 0.4])
START_SPREAD = np.array(
    [2.439, 2.513, 2.610, 2.739, 2.914, 3.150, 3.466, 4.451, 6.314, 10.48, 14.89, 23.61, 44.64, 115.0]
)
START_QUARTILES = np.array(
    [1.908, 1.914, 1.920, 1.926, 1.932, 1.938, 1.945, 1.963, 2.000, 2.091, 2.180, 2.324, 2.568, 3.018]
)


def logpdf(x, alpha: float, beta: float = 0.0, scale: float = 1.0, location: float = 0.0) -> np.ndarray:
    """Log-density log(f(z) / scale) at x, in the shape of x. ValueError for parameters out of range.

    >>> print(f"{logpdf(0.0, 1):.4f}")  # Cauchy: -log(pi)
    -1.1447
    """
    _check(alpha, beta, scale)
    z = (np.asarray(x, float) - location) / scale
    if beta == 0:
        return symmetric.log_density(alpha)(np.abs(z)) - np.log(scale)
    return skewed.log_density(float(alpha), float(beta))(z) - np.log(scale)


def cdf(x, alpha: float, beta: float = 0.0, scale: float = 1.0, location: float = 0.0) -> np.ndarray:
    """Distribution function P(X <= x), in the shape of x; the left tail keeps its relative precision.

    ValueError for parameters out of range.
    """
    _check(alpha, beta, scale)
    z = (np.asarray(x, float) - location) / scale
    if beta == 0 or alpha == ALPHA_MAX:
        beyond = np.exp(symmetric.log_survival(float(alpha))(np.abs(z)))
        return np.where(z > 0, 1 - beyond, beyond)
    flat = z.ravel()
    parts = [skewed.distribution(flat[i : i + CHUNK], alpha, beta) for i in range(0, len(flat), CHUNK)]
    return np.concatenate([*parts, []]).reshape(z.shape)


def quantile(p, alpha: float, beta: float = 0.0, scale: float = 1.0, location: float = 0.0) -> np.ndarray:
    """The x with P(X <= x) = p, in the shape of p, for p in (1e-12, 1 - 1e-12).

    By bisection, to a relative error of 1e-12 in (x - location) / scale.
    """
    p = np.asarray(p, float)
    core = symmetric.core(alpha)
    high = np.full(p.shape, np.log(2 / core) + 12 * np.log(10) / alpha)
    low = -high
    for _ in range(48):
        middle = (low + high) / 2
        above = cdf(core * np.sinh(middle), alpha, beta) > p
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return location + scale * core * np.sinh((low + high) / 2)


def sample(size, alpha: float, beta: float = 0.0, scale: float = 1.0, location: float = 0.0, rng=None) -> np.ndarray:
    """Independent samples of shape `size` (Chambers, Mallows & Stuck 1976); rng: a numpy Generator or a seed."""
    _check(alpha, beta, scale)
    rng = np.random.default_rng(rng)
    angle = rng.uniform(-np.pi / 2, np.pi / 2, size)
    weight = rng.exponential(size=size)
    if beta and abs(alpha - 1) < NEAR_ONE:
        lean = np.pi / 2 + beta * angle
        z = lean * np.tan(angle) - beta * np.log(np.pi / 2 * weight * np.cos(angle) / lean)
        return location + scale * 2 / np.pi * z
    zeta = centre(alpha, beta)
    turned = alpha * angle + np.arctan(-zeta)
    ratio = np.cos(angle - turned) / weight
    z = np.sin(turned) / np.cos(angle) ** (1 / alpha) * ratio ** ((1 - alpha) / alpha)
    return location + scale * (z * (1 + zeta**2) ** (0.5 / alpha) + zeta)


def _check(alpha, beta, scale):
    if not ALPHA_MIN <= alpha <= ALPHA_MAX:
        raise ValueError(f"alpha = {alpha} is outside [{ALPHA_MIN}, {ALPHA_MAX}]")
    if not -1 <= beta <= 1:
        raise ValueError(f"beta = {beta} is outside [-1, 1]")
    if not scale > 0:
        raise ValueError(f"scale = {scale} is not positive")


def fit(x, symmetric: bool = True, *, blocks=None, level: float = 0.95, copies: int = 0, seed: int = 0) -> StableFit:
    """Maximum-likelihood fit of (alpha, scale, location) to x [n], with symmetric=False of beta too.

    blocks [n]: labels; observations of the same label may depend on each other, others are independent. Without
    blocks all are independent and the intervals come from the observed information; with blocks scores are summed
    within a block (sandwich covariance, Student's t for few blocks). copies > 0: the covariance is that of refits
    to `copies` resamplings of the blocks instead (block bootstrap, from seed). level: of the intervals.
    bounds.intervals describes them, also at the edge alpha = 2. Newton's method starts from quantiles of the data,
    for a general law with alpha < 0.9 from its peak. Returns a StableFit, whose status says why there is no fit.

    >>> x = sample(2000, 1.5, scale=2.0, rng=0)
    >>> found = fit(x)
    >>> found.alpha_low < 1.5 < found.alpha_high
    True
    >>> fit(x[:10]).status
    'too few points'
    """
    x = np.asarray(x, float).ravel()
    labels = None if blocks is None else np.unique(np.ravel(blocks), return_inverse=True)[1]
    status = _defect(x, labels)
    if status != "ok":
        return StableFit(status)
    order = np.argsort(x)
    low, middle, high = np.quantile(x, [0.25, 0.5, 0.75])
    unit = (high - low) / 2
    z = (x[order] - middle) / unit
    try:
        best, converged = maximise(z, _start(z, symmetric))
    except np.linalg.LinAlgError:  # no curvature in some direction
        return StableFit("not converged")
    if best.point[0] <= ALPHA_MIN:
        return StableFit("alpha at lower edge")
    if not converged:
        return StableFit("not converged")
    labels = None if labels is None else labels[order]
    return intervals(best, z, labels, level, copies, seed).moved(middle, unit)


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


def _start(z, symmetric) -> np.ndarray:
    """(alpha, [beta,] log scale, location) from sorted data with median 0 and quartiles 2 apart."""
    low, high = np.quantile(z, [0.05, 0.95])
    alpha = min(np.interp((high - low) / 2, START_SPREAD, START_ALPHA), 1.95)
    if alpha < PEAKED and not symmetric:
        return _peaked_start(z)
    scale = np.log(2 / np.interp(-alpha, -START_ALPHA, START_QUARTILES))
    skew = np.clip((high + low) / (high - low), -0.9, 0.9)
    return np.array([alpha, scale, 0.0] if symmetric else [alpha, skew, scale, 0.0])


def _peaked_start(z) -> np.ndarray:
    """(alpha, beta, log scale, location) for small alpha, where the density is sharply peaked at zeta.

    Alternates: the first three from logarithms of distances from the peak, then the likeliest peak given them.
    """
    peak, some = _densest(z), z[:: max(1, len(z) // SOME)]
    for _ in range(SEEK):
        alpha, beta, scale = _from_logarithms(z - peak)
        zeta = centre(alpha, beta)
        density = skewed.log_density(alpha, beta)
        places = peak + np.exp(scale) * symmetric.core(alpha) * np.sinh(np.linspace(-5, 5, 31))
        peak = max(places, key=lambda place: density(zeta + (some - place) / np.exp(scale)).sum())
    return np.array([alpha, beta, scale, peak - np.exp(scale) * zeta])


def _densest(z) -> float:
    """The mode of sorted z: the shortest interval with half of the points, repeated within itself."""
    while len(z) > PEAK:
        half = len(z) // 2
        first = (z[half:] - z[:-half]).argmin()
        z = z[first : first + half + 1]
    return float(np.median(z))


def _from_logarithms(s) -> tuple[float, float, float]:
    """(alpha, beta, log scale) from distances to zeta, by Zolotarev's moments of log|s|.

    With theta = pi (1/2 - share below zeta), the variance is pi^2 / 6 (1 / alpha^2 + 1/2) - theta^2, the mean
    Euler's constant (1 / alpha - 1) + log scale - log cos(alpha theta) / alpha.
    """
    log_s = np.log(np.abs(s[s != 0]))
    theta = np.pi * (0.5 - np.mean(s < 0))
    spread = max(6 / np.pi**2 * (log_s.var() + theta**2) - 0.5, 1.0)
    alpha = float(np.clip(spread**-0.5, ALPHA_MIN + 0.02, PEAKED))
    beta = float(np.clip(np.tan(alpha * theta) / np.tan(np.pi / 2 * alpha), -0.98, 0.98))
    return alpha, beta, log_s.mean() - np.euler_gamma * (1 / alpha - 1) + np.log(np.cos(alpha * theta)) / alpha
