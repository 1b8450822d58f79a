"""Whether a window is a walk of uncorrelated steps with a constant drift: then its drift is not a matter of chance."""

import numpy as np

from sgdwalk.trajectory import step_lengths
from sgdwalk.trajectory.distance_geometry import drift2, drift_quantile, effective_dimension, increment_products

LONGEST = 0.1  # separation of two steps up to which correlations are looked for, as a share of the window
ERRORS = 3.0  # standard errors of the correlations in a band of separations, beyond which steps are correlated


def squared(d2: np.ndarray) -> float:
    """The squared drift per step, if the steps of d2 [step, step] have one and are otherwise uncorrelated; else 0.

    There is a drift where drift2 exceeds its 97.5 % point without one. Where steps minus their mean correlate, or have
    uneven lengths, what looks like a drift may be persistence, which another walk would have in another amount.
    """
    estimate, spread = drift2(d2)
    if estimate <= drift_quantile(effective_dimension(d2, 1)) * spread:
        return 0.0
    if not (step_lengths.squared_lengths(d2) > 0).all() or step_lengths.uneven(d2):
        return 0.0
    resolved = step_lengths.ROUNDING * d2.max() <= step_lengths.DIGITS * scatter(d2)[0]  # no straight line
    return estimate if resolved and (np.abs(correlations(d2)) < ERRORS).all() else 0.0


def centred_products(d2: np.ndarray) -> np.ndarray:
    """Dot products [step, step] of the steps minus their mean."""
    products = increment_products(d2, 1)
    rows = products.mean(0)
    return products - rows - rows[:, None] + rows.mean()


def scatter(d2: np.ndarray) -> tuple[float, float]:
    """(tr C, effective dimension (tr C)^2 / tr C^2) of the covariance C of the steps about their mean.

    tr C^2 is the mean squared product of steps at least a quarter of the window apart.
    """
    products = centred_products(d2)
    far = products[np.triu_indices(len(products), len(d2) // 4)]
    trace = np.trace(products) / (len(products) - 1)
    return float(trace), float(max(1.0, trace**2 / max((far**2).mean(), np.finfo(float).tiny)))


def correlations(d2: np.ndarray) -> np.ndarray:
    """Mean product of two steps minus their mean, in standard errors, [band] of separations 1, 2-3, 4-7, ... to T/10.

    The mean that is subtracted makes each product smaller by tr C / number, which is added. The standard error is
    that of uncorrelated steps, sqrt(tr C^2) over the root of the number of products.
    """
    products, (trace, dimension) = centred_products(d2), scatter(d2)
    size, error = len(products), trace / np.sqrt(dimension)
    last = max(1, int(LONGEST * len(d2)))
    sums = np.array([np.trace(products, k) for k in range(1, last + 1)])
    sums += (size - np.arange(1, last + 1)) * trace / size
    edges = np.unique(2 ** np.arange(int(np.log2(last)) + 1)) - 1
    counts = np.add.reduceat(size - np.arange(1.0, last + 1), edges)
    return np.add.reduceat(sums, edges) / (error * np.sqrt(counts))
