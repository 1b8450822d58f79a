"""What the squared distances of one window say: dot products of increments, effective dimension, drift.

Every function takes d2 [step, step], d2[i, j] = |w_i - w_j|^2.
"""

import numpy as np

from sgdwalk import quantiles

SEPARATIONS = 60  # of two increments, at most so many of which enter an effective dimension
ROUNDING = 1e-16  # relative variance of dot products below which it is rounding
FREEDOM = 10.8  # degrees of freedom per dimension of the chi-square behind drift_quantile


def increment_products(d2: np.ndarray, lag: int) -> np.ndarray:
    """Dot products [i, j] of the increments w_{i+lag} - w_i and w_{j+lag} - w_j."""
    a, b = d2[lag:, :-lag], d2[:-lag, :-lag]
    return (a + a.T - b - d2[lag:, lag:]) / 2


def effective_dimension(d2: np.ndarray, lag: int) -> float:
    """(tr C)^2 / tr C^2 of the covariance C of increments over `lag` steps.

    tr C is the mean squared increment. tr C^2 is the variance of the dot product of two increments that
    share no step. Their mean is estimated from as few as (T - lag - s) / lag independent pairs at separation s,
    which the last factor corrects. Where increments correlate (rho) the variance grows by 1 + rho^2 and so does
    the variance of their mean, which is subtracted: uncorrected, the two leave a bias of 5 % for fractional
    Brownian motion up to H = 0.75 and for steps with a memory of 5 others, but of +20 % at H = 0.9. The plain ratio,
    with the diagonal counted in, could never exceed the number of steps. 1 where products do not vary beyond
    rounding: a straight line.

    >>> rng = np.random.default_rng(0)
    >>> walk = rng.standard_normal((200, 30)).cumsum(axis=0)  # 30 equal dimensions
    >>> d2 = ((walk[:, None] - walk) ** 2).sum(axis=2)
    >>> print(f"{effective_dimension(d2, 1):.1f}")
    29.1
    """
    products = increment_products(d2, lag)
    trace = np.diagonal(products).mean()
    count = len(products)
    last = max(lag + 1, (count + lag) // 2)
    total = weight = 0.0
    for s in np.unique(np.linspace(lag, min(last, count - 2), SEPARATIONS).astype(int)):
        found = np.diagonal(products, s)
        independent = max(len(found) / lag, 2.0)
        total += found.var() / (1 - 1 / independent) * len(found)
        weight += len(found)
    return float(max(1.0, trace**2 * weight / total)) if total > ROUNDING * trace**2 * weight else 1.0


def drift2(d2: np.ndarray) -> tuple[float, float]:
    """(squared drift per step, its standard deviation for a driftless walk of uncorrelated steps).

    The mean dot product of steps at least a quarter of the window apart: unbiased for |mean step|^2 when
    steps so far apart are uncorrelated. Without drift its variance is tr C^2 / number of pairs. A walk that
    is persistent over a quarter of the window exceeds that too: one window cannot tell it from drift.
    """
    products = increment_products(d2, 1)
    rows, columns = np.triu_indices(len(products), len(d2) // 4)
    far = products[rows, columns]
    return float(far.mean()), float(np.sqrt((far**2).mean() / len(far)))


def drift_quantile(dimension: float) -> float:
    """97.5 % point of drift2's estimate over its standard deviation, for a driftless Gaussian walk.

    Approximated by a chi-square minus its mean, of 10.8 degrees of freedom per dimension: it has the skewness of
    the sum over pairs of distant steps, which follows from the eigenvalues of the matrix that selects those
    pairs. From 2.33 in one dimension down to 1.96 in many.
    """
    freedom = FREEDOM * dimension
    return float((quantiles.chi2(0.975, freedom) - freedom) / np.sqrt(2 * freedom))


def local_exponent(lags: np.ndarray, curve: np.ndarray, half_width: float = 0.5) -> np.ndarray:
    """Running exponent d log curve / d log lag [lag]: slope of a straight line through the points within
    half_width octaves on either side, and at least the next neighbours.
    """
    u, v = np.log(lags), np.log(curve)
    slopes = np.empty(len(u))
    for i in range(len(u)):
        near = np.abs(u - u[i]) <= half_width * np.log(2)
        near[max(0, i - 1) : i + 2] = True
        centred = u[near] - u[near].mean()
        slopes[i] = centred @ v[near] / (centred @ centred)
    return slopes
