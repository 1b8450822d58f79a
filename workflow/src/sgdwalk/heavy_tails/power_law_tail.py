"""Power law in the tail of positive data: goodness of fit, exponential and lognormal alternatives."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, log_ndtr, ndtr

from sgdwalk import quantiles
from sgdwalk.heavy_tails.alternatives import normal_log_density

FEWEST = 50  # points in a tail
CANDIDATES = np.linspace(0, 0.95, 77)  # quantiles at which a tail may begin
FLATTEST = -30.0  # mean over standard deviation of a normal law cut off at 0 below which it is an exponential law


@dataclass(frozen=True)
class PowerTail:
    """Tail of positive data x >= smallest: density ~ x^-exponent, its goodness of fit, and two alternatives.

    exponent_low, exponent_high: 95 % interval exponent -+ 1.96 (exponent - 1) / sqrt(number). fit_p: p value of the
    power law, the share of simulated samples that follow it less well (goodness_of_fit); below 0.1 it is rejected.
    ratio is the power law's log-likelihood minus the exponential's over the `number` points of the tail, z the ratio
    over its standard deviation (above 0: the power law is closer), p two-sided. lognormal_ratio is that to the
    lognormal law, at most 0, since the power law is its limit; lognormal_p: p value of the power law against it.
    All but fit_p assume a given smallest, and all assume independent points.
    status: 'ok', 'not finite', 'too few points', 'not positive', 'constant'.
    """

    status: str
    number: int = 0
    exponent: float = np.nan
    exponent_low: float = np.nan
    exponent_high: float = np.nan
    smallest: float = np.nan
    fit_p: float = np.nan
    ratio: float = np.nan
    z: float = np.nan
    p: float = np.nan
    lognormal_ratio: float = np.nan
    lognormal_p: float = np.nan


def fit(x, copies: int = 0, seed: int = 0) -> PowerTail:
    """Power-law tail of x [n], NaN left out: p(x) ~ x^-exponent above smallest, and how well it fits.

    smallest minimises Kolmogorov's distance (Clauset, Shalizi & Newman 2009, doi 10.1137/070710111). copies, seed:
    simulated samples for fit_p, NaN without any. Returns a PowerTail, whose status says why there is no fit.

    >>> x = (1 - np.random.default_rng(0).random(2000)) ** -0.5  # a Pareto law of exponent 3 above 1
    >>> tail = fit(x, copies=20)
    >>> bool(tail.exponent_low < 3 < tail.exponent_high), tail.fit_p > 0.1
    (True, True)
    >>> fit([1.0, 2.0]).status
    'too few points'
    """
    x = np.asarray(x, float)
    x = np.sort(x[~np.isnan(x)])
    status = _defect(x)
    if status != "ok":
        return PowerTail(status)
    smallest, _ = beginning(x)
    beyond = x[x >= smallest] / smallest
    logs = np.log(beyond)
    exponent = float(1 + 1 / logs.mean())
    half = quantiles.normal(0.975) * (exponent - 1) / np.sqrt(len(logs))
    tail = PowerTail("ok", len(logs), exponent, exponent - half, exponent + half, smallest)
    ratio, z, p = exponential_ratio(beyond)
    tail = replace(tail, ratio=ratio, z=z, p=p, fit_p=goodness_of_fit(x, copies, seed))
    less = lognormal_ratio(logs)
    return replace(tail, lognormal_ratio=less, lognormal_p=float(chdtrc(1, -2 * less) / 2) if less < 0 else 1.0)


def exponent(x) -> float:
    """The exponent of fit(x) alone; NaN where there is none."""
    x = np.sort(x)
    if _defect(x) != "ok":
        return np.nan
    smallest, _ = beginning(x)
    return float(1 + 1 / np.log(x[x >= smallest] / smallest).mean())


def _defect(x) -> str:
    if not np.isfinite(x).all():
        return "not finite"
    if len(x) < FEWEST:
        return "too few points"
    if x[0] <= 0:
        return "not positive"
    return "constant" if x[0] == x[-1] else "ok"


def beginning(x) -> tuple[float, float]:
    """(start of the tail of sorted x, Kolmogorov's distance there): the candidate of the least distance.

    Candidates are the quantiles CANDIDATES that leave a tail of FEWEST points or more. The distance is between the
    tail's distribution and that of the power law fitted to it.
    """
    starts = np.unique((CANDIDATES * len(x)).astype(int))
    starts = starts[(len(x) - starts >= FEWEST) & (x[np.minimum(starts, len(x) - 1)] < x[-1])]
    logs = np.log(x)
    first = np.unique(np.searchsorted(x, x[starts]))
    distances = [_distance(logs[start:] - logs[start]) for start in first]
    best = int(np.argmin(distances))
    return float(x[first[best]]), distances[best]


def _distance(logs) -> float:
    """Kolmogorov's distance between sorted logs = log(x / smallest) and the exponential law of the same mean."""
    model = -np.expm1(-logs / logs.mean())
    steps = np.arange(len(logs) + 1) / len(logs)
    return float(max((model - steps[:-1]).max(), (steps[1:] - model).max()))


def goodness_of_fit(x, copies: int, seed: int) -> float:
    """The p value of a power law in the tail of sorted x: share of samples whose least distance is as large.

    In each of `copies` samples a point is, with the tail's share of all points, one of the fitted power law, and
    otherwise one of those below the tail; the start of its tail is searched for again. NaN without copies.
    Source: Clauset, Shalizi & Newman 2009, Section 4.1.
    """
    smallest, distance = beginning(x)
    below, logs = x[x < smallest], np.log(x[x >= smallest] / smallest)
    rng = np.random.default_rng(seed)
    larger = []
    for _ in range(copies):
        above = rng.binomial(len(x), len(logs) / len(x)) if len(below) else len(x)
        tail = smallest * np.exp(logs.mean() * rng.standard_exponential(above))
        sample = np.concatenate([rng.choice(below, len(x) - above), tail]) if len(below) else tail
        larger.append(beginning(np.sort(sample))[1] >= distance)
    return float(np.mean(larger)) if copies else np.nan


def exponential_ratio(beyond) -> tuple[float, float, float]:
    """(log-likelihood of a power law minus that of an exponential law, z, p): Vuong's test, both laws cut off below.

    beyond [n]: x / smallest >= 1. Both are the likeliest of their kind: exponent 1 + 1 / mean log(beyond), and
    rate 1 / mean(beyond - 1). z: the ratio over sqrt(n) times the standard deviation of its n terms; p: two-sided.
    """
    logs, above = np.log(beyond), beyond - 1
    power = -np.log(logs.mean()) - (1 + 1 / logs.mean()) * logs
    terms = power + np.log(above.mean()) + above / above.mean()
    ratio = terms.sum()
    z = ratio / (np.sqrt(len(terms)) * terms.std())
    return float(ratio), float(z), float(2 * ndtr(-abs(z)))


def lognormal_ratio(logs) -> float:
    """Log-likelihood of a power law minus that of the best lognormal law, both cut off below, at most 0.

    logs [n]: log(x / smallest) >= 0, which have an exponential law and a normal one cut off at 0. Of all normal laws
    with the mean of the logarithms the likeliest has their variance too; the exponential law is the limit of a large
    negative centre, reached where the standard deviation is as large as the mean.
    Source: Malevergne, Pisarenko & Sornette 2011 (doi 10.1103/PhysRevE.83.036111).
    """
    relative = logs.var() / logs.mean() ** 2
    if relative >= _relative_variance(FLATTEST):
        return 0.0
    centre = brentq(lambda t: _relative_variance(t) - relative, FLATTEST, 2 + 2 / np.sqrt(relative))
    scale = logs.mean() / (centre + _mills(centre))
    normal = normal_log_density(logs / scale - centre) - np.log(scale) - log_ndtr(centre)
    return float(min(-len(logs) * (np.log(logs.mean()) + 1) - normal.sum(), 0.0))


def _mills(centre: float) -> float:
    """Normal density over distribution function at `centre`."""
    return float(np.exp(normal_log_density(centre) - log_ndtr(centre)))


def _relative_variance(centre: float) -> float:
    """Variance over squared mean of a normal law of unit variance cut off below 0."""
    pull = _mills(centre)
    return (1 - pull * (centre + pull)) / (centre + pull) ** 2
