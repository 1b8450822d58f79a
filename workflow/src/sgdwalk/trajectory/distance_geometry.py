"""What the squared distances of one window say: displacements, dot products of increments, dimensions.

Every function takes d2 [step, step], d2[i, j] = |w_i - w_j|^2.
"""

import numpy as np
from scipy.stats import chi2

SEPARATIONS = 60
ROUNDING = 1e-16
FREEDOM = 10.8


def msd(d2: np.ndarray) -> np.ndarray:
    """Time-averaged MSD at lags 1 ... T - 1: mean over t of |w_{t+lag} - w_t|^2 (Chen et al., Eq. 3)."""
    return np.array([np.diagonal(d2, lag).mean() for lag in range(1, len(d2))])


def increment_products(d2: np.ndarray, lag: int) -> np.ndarray:
    """Dot products [i, j] of the increments w_{i+lag} - w_i and w_{j+lag} - w_j."""
    a, b = d2[lag:, :-lag], d2[:-lag, :-lag]
    return (a + a.T - b - d2[lag:, lag:]) / 2


def effective_dimension(d2: np.ndarray, lag: int) -> float:
    """(tr C)^2 / tr C^2 of the covariance C of increments over `lag` steps.

    tr C is the mean squared increment. tr C^2 is the variance of the dot product of two increments that
    share no step. Their mean is estimated from as few as (T - lag - s) / lag independent pairs, which the last
    factor corrects. Where increments correlate (rho) the variance grows by 1 + rho^2 and so does the mean's
    own, which takes as much away: left alone, the two leave 5 % for fractional Brownian motion up to H = 0.75
    and steps that remember 5 others, but 20 % too much at H = 0.9. The plain ratio, with the diagonal counted
    in, could never exceed the number of steps. 1 where products do not vary beyond rounding: a straight line.
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


def effective_steps(d2: np.ndarray) -> float:
    """(sum of |s|^2)^2 / sum of |s|^4 over the steps s: how many steps make up the walk's length.

    All of them where they are alike; a handful of a Levy flight's, however long it is.
    """
    squares = np.diagonal(d2, 1)
    return float(squares.sum() ** 2 / (squares**2).sum())


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
    """97.5 % point of drift2's first value over its second for a driftless walk of uncorrelated Gaussian steps.

    About that of a chi-square, less its mean, of 10.8 degrees of freedom a dimension: as skewed as the sum over
    pairs of steps so far apart, by the eigenvalues of the matrix that selects them. From 2.33 at one dimension
    down to 1.96 at many.
    """
    freedom = FREEDOM * dimension
    return float((chi2.ppf(0.975, freedom) - freedom) / np.sqrt(2 * freedom))


def local_exponent(lags: np.ndarray, curve: np.ndarray, half_width: float = 0.5) -> np.ndarray:
    """Running exponent d log curve / d log lag: slope of a straight line through the points within
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
