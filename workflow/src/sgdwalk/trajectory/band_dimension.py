"""Effective dimension of a window's steps in bands of frequency, whatever constant drift they have."""

import numpy as np
from scipy.linalg import toeplitz

from sgdwalk.trajectory.mode_dimension import LEAST, cosines, decorrelated, mode_products

SLOWEST = 16  # last mode of the first band; each other band is an octave
FEWEST = 8  # even modes of the last band; fewer belong to the one before


def band_dimensions(products: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, float]:
    """(D [band], overall D): effective dimension (tr S)^2 / tr S^2 of the spectral matrix S of the steps.

    products: dot products of the steps [N, N]. covariance: autocovariance [N] from lag 0 on, up to a factor. Bands are
    of modes 1 ... 16, 17 ... 32, ... N, of frequency k / (2 N) per step. 1 / D is the mean squared cosine of the angles
    between the modes of a band (mode_dimension); only even modes are used, in which a constant drift does not show. The
    overall D is that of the mean 1 / D over modes.

    >>> steps = np.random.default_rng(0).standard_normal((200, 50)) + 3  # 50 equal dimensions and a drift
    >>> _, overall = band_dimensions(steps @ steps.T, np.append(1.0, np.zeros(199)))
    >>> print(f"{overall:.0f}")
    48
    """
    even = slice(1, None, 2)
    modes, expected = mode_products(products)[even, even], mode_products(toeplitz(covariance))[even, even]
    squares = cosines(decorrelated(modes, expected)) ** 2
    number = 2 * np.arange(1, len(squares) + 1)
    band = np.maximum(0, np.ceil(np.log2(number / SLOWEST))).astype(int)
    if (band == band[-1]).sum() < FEWEST:
        band = np.minimum(band, max(0, band[-1] - 1))
    inverse = np.array([mean_off_diagonal(squares[np.ix_(band == k, band == k)]) for k in range(band.max() + 1)])
    return 1 / inverse, float(1 / np.average(inverse, weights=np.bincount(band)))


def mean_off_diagonal(squares: np.ndarray) -> float:
    """Mean of a matrix [k, k] of squared cosines without its diagonal, between LEAST and 1."""
    count = len(squares)
    return float(np.clip((squares.sum() - np.trace(squares)) / (count * (count - 1)), LEAST, 1))
