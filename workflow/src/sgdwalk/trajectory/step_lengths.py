"""What the lengths of a window's steps alone make of its MSD, and the walk of their directions without the lengths.

d2 [step, step] are the squared distances of the T weights of a window, s_t = w_{t+1} - w_t its T - 1 steps.
"""

import numpy as np

from sgdwalk.trajectory import mean_squared_displacement
from sgdwalk.trajectory.distance_geometry import increment_products

ROUNDING = 1e-16  # of a squared distance, relative to the largest
DIGITS = 1e-3  # error that is allowed in the dot product of two directions
UNEVEN = 2.0  # ratio of a variance to that of Gaussian steps, above which lengths are uneven


def without_zero_steps(d2: np.ndarray) -> np.ndarray:
    """d2 [step, step] without the weights that equal those of the step before."""
    moved = np.append(True, squared_lengths(d2) > 0)
    return d2[np.ix_(moved, moved)]


def squared_lengths(d2: np.ndarray) -> np.ndarray:
    """|s_t|^2 [step] of the T - 1 steps."""
    return np.diagonal(d2, 1)


def orthogonal_msd(squares: np.ndarray) -> np.ndarray:
    """Null of the MSD [..., lag] at lags 1 ... T - 1: that of steps of the same lengths which are all orthogonal.

    MSD_0(lag) = mean over t of |s_t|^2 + ... + |s_{t+lag-1}|^2: the mean of what uncorrelated steps of these lengths
    show, in any number of dimensions. squares [..., step]: squared lengths.

    >>> print(orthogonal_msd(np.array([1.0, 4.0, 1.0])))  # means of 1, 4, 1, of 5, 5, and of 6
    [2. 5. 6.]
    """
    size = squares.shape[-1]
    lags, zero = np.arange(1, size + 1), np.zeros((*squares.shape[:-1], 1))
    walked = np.concatenate([zero, squares.cumsum(-1)], axis=-1)
    sums = np.concatenate([zero, walked.cumsum(-1)], axis=-1)
    starts = size + 1 - lags
    return (sums[..., [-1]] - sums[..., lags] - sums[..., starts]) / starts


def effective_steps(squares: np.ndarray) -> np.ndarray:
    """How many steps the null of the MSD rests on at lags 1 ... T - 1: (sum of m)^2 / sum of m^2 over the steps.

    m [step] = |s|^2 times the number of increments over the lag that contain the step. At lag 1 it is T - 1 where
    all steps are equally long, and a handful for a Lévy flight. squares [step]: squared lengths. 0 if all are zero.
    """
    place = np.arange(1, len(squares) + 1)
    lags = place[:, None]
    contained = np.minimum(np.minimum(place, place[::-1]), np.minimum(lags, lags[::-1]))
    weights = contained * squares
    return weights.sum(1) ** 2 / np.maximum((weights**2).sum(1), np.finfo(float).tiny)


def direction_products(d2: np.ndarray) -> np.ndarray:
    """Dot products [step, step] of the directions s / |s|; 0 for steps of length zero."""
    lengths = np.sqrt(squared_lengths(d2))
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return increment_products(d2, 1) * scale * scale[:, None]


def distances_of(products: np.ndarray) -> np.ndarray:
    """Squared distances [T, T] of the walk whose T - 1 steps have these dot products [step, step]."""
    sums = np.zeros((len(products) + 1, len(products) + 1))
    np.cumsum(products.cumsum(0), axis=1, out=sums[1:, 1:])
    squares = np.diagonal(sums)
    return np.maximum(squares[:, None] + squares - 2 * sums, 0)


def without_momentum(d2: np.ndarray, momentum: float) -> np.ndarray:
    """Squared distances [T - 1, T - 1] of the walk of the steps s_t - momentum s_{t-1}; d2 itself for no momentum.

    SGD with momentum (not Nesterov's) moves by s_t = momentum s_{t-1} - lr gradient: this is the walk that the
    gradients alone would make, without the first of them. Rounding is that of d2.
    """
    if not momentum:
        return d2
    products = increment_products(d2, 1)
    free = products[1:] - momentum * products[:-1]
    return distances_of(free[:, 1:] - momentum * free[:, :-1])


def direction_msd(d2: np.ndarray) -> np.ndarray:
    """MSD [lag] at lags 1 ... T - 1 of the walk of unit steps s / |s|, which stays where a step has length zero.

    It measures for how long steps keep their direction, and is no displacement of the weights. NaN where products
    of directions are not resolved.
    """
    if not resolved(d2):
        return np.full(len(d2) - 1, np.nan)
    return mean_squared_displacement.from_distances(distances_of(direction_products(d2)))


def resolved(d2: np.ndarray, made_from: np.ndarray | None = None) -> bool:
    """Whether the dot products of the steps' directions are known to three digits, given the rounding of d2.

    made_from: squared distances whose rounding it is, where d2 were computed from others.
    """
    squares = squared_lengths(d2)
    moved = squares[squares > 0]
    largest = (d2 if made_from is None else made_from).max()
    return len(moved) > 0 and bool(ROUNDING * largest <= DIGITS * moved.min())


def direction_dimension(d2: np.ndarray) -> float:
    """Effective dimension of the steps whatever their lengths: 1 / mean squared cosine between two different steps.

    Zero steps must have been taken out; at least two must be left.
    """
    cosines = direction_products(d2)
    count = len(cosines)
    others = max((cosines**2).sum() - count, (count - 1) / count)  # a dimension beyond count^2 is not measured
    return float(max(1, count * (count - 1) / others))


def uneven(d2: np.ndarray) -> bool:
    """Whether |s|^2 varies by more than twice what Gaussian steps do: a relative variance of 2 / dimension.

    Zero steps must have been taken out. False where the directions of the steps are not resolved.
    """
    squares = squared_lengths(d2)
    return resolved(d2) and bool(squares.var() > UNEVEN * 2 / direction_dimension(d2) * squares.mean() ** 2)
