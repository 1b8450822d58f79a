"""Power law against exponential in the tail of positive data, by the package powerlaw (Alstott et al. 2014)."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

FEWEST = 50  # points in a tail
CANDIDATES = np.linspace(0, 0.95, 77)  # quantiles at which a tail may begin
STEEPEST = 1000.0  # largest exponent; the package's default of 3 would hide how steep a light tail is


@dataclass(frozen=True)
class PowerTail:
    """Tail of positive data x >= smallest: density ~ x^-exponent, and its comparison with an exponential.

    exponent_low, exponent_high: 95 % interval exponent -+ 1.96 (exponent - 1) / sqrt(number). ratio is the power
    law's log-likelihood minus the exponential's over the `number` points of the tail, z the ratio over its standard
    deviation (above 0: the power law is closer), p two-sided. All assume independent points and a given smallest.
    status: 'ok', 'not finite', 'too few points', 'not positive', 'constant'.
    """

    status: str
    number: int = 0
    exponent: float = np.nan
    exponent_low: float = np.nan
    exponent_high: float = np.nan
    smallest: float = np.nan
    ratio: float = np.nan
    z: float = np.nan
    p: float = np.nan


def fit(x) -> PowerTail:
    """Power-law tail of x [n], NaN left out: p(x) ~ x^-exponent above smallest, against an exponential.

    smallest minimises Kolmogorov's distance (Clauset, Shalizi & Newman 2009, doi 10.1137/070710111). Returns a
    PowerTail, whose status says why there is no fit.

    >>> x = (1 - np.random.default_rng(0).random(2000)) ** -0.5  # a Pareto law of exponent 3 above 1
    >>> tail = fit(x)
    >>> bool(tail.exponent_low < 3 < tail.exponent_high)
    True
    >>> fit([1.0, 2.0]).status
    'too few points'
    """
    x = np.asarray(x, float)
    x = np.sort(x[~np.isnan(x)])
    status = _defect(x)
    if status != "ok":
        return PowerTail(status)
    import powerlaw

    smallest = beginning(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's advice on its own attributes
        found = powerlaw.Fit(x, xmin=smallest, verbose=False, parameter_ranges={"alpha": (1, STEEPEST)})
        exponent = float(found.power_law.alpha)
        ratio = float(found.distribution_compare("power_law", "exponential")[0])
        z, p = found.distribution_compare("power_law", "exponential", normalized_ratio=True)
    number = int((x >= smallest).sum())
    half = norm.ppf(0.975) * (exponent - 1) / np.sqrt(number)
    return PowerTail("ok", number, exponent, exponent - half, exponent + half, smallest, ratio, float(z), float(p))


def _defect(x) -> str:
    if not np.isfinite(x).all():
        return "not finite"
    if len(x) < FEWEST:
        return "too few points"
    if x[0] <= 0:
        return "not positive"
    return "constant" if x[0] == x[-1] else "ok"


def beginning(x) -> float:
    """The start of the tail of sorted x: the candidate with the least Kolmogorov distance.

    Candidates are the quantiles CANDIDATES that leave a tail of FEWEST points or more.
    """
    starts = np.unique((CANDIDATES * len(x)).astype(int))
    starts = starts[(len(x) - starts >= FEWEST) & (x[np.minimum(starts, len(x) - 1)] < x[-1])]
    return float(min((x[start] for start in starts), key=lambda smallest: _distance(x[x >= smallest], smallest)))


def _distance(tail, smallest) -> float:
    """Kolmogorov's distance between the tail's distribution and that of the power law fitted to it."""
    logs = np.log(tail / smallest)
    model = -np.expm1(-logs / logs.mean())
    steps = np.arange(len(tail) + 1) / len(tail)
    return float(max(np.abs(model - steps[:-1]).max(), np.abs(model - steps[1:]).max()))
