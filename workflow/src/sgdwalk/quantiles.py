"""Quantiles of the normal, Laplace's, Student's and the chi-squared law.

From scipy.special: importing scipy.stats takes longer than most of the analyses that need a quantile.
"""

import numpy as np
from scipy.special import gammaincinv, ndtri, stdtrit


def normal(p):
    """The z with P(Z <= z) = p of the standard normal law."""
    return ndtri(p)


def laplace(p):
    """The x with P(X <= x) = p of the law of density exp(-|x|) / 2."""
    return np.where(p < 0.5, np.log(2 * p), -np.log(2 * (1 - p)))


def student(p, degrees):
    """The t with P(T <= t) = p of Student's law; NaN for degrees of freedom that are not above 0."""
    return stdtrit(degrees, p)


def chi2(p, degrees):
    """The x with P(X <= x) = p of the chi-squared law; NaN for degrees of freedom that are not above 0."""
    return 2 * gammaincinv(degrees / 2, p)
