"""In how many directions a walk moves, slowly or fast: the effective dimension of its steps at each frequency."""

import numpy as np
from scipy.fft import dstn
from scipy.linalg import toeplitz

WIDTH = 0.7  # standard deviation of the average over modes, in natural logarithms of their frequency
SLOWEST = 3.0  # mode; below it too few are left to average over
CENTRES = 30  # frequencies at which averages are taken
CORRELATED = 64  # slowest modes, beyond which the window's ends correlate little
LEAST = 1e-9  # of 1 / D, and of an eigenvalue of correlations


def mode_dimension(products: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Effective dimension D = (tr S)^2 / tr S^2 of the spectral matrix S of the steps at the modes 1 ... N.

    products: dot products of the steps [N, N]. covariance: their expectation at lags 0 ... N - 1, tr C [N].

    Modes of about the same frequency point in directions that are drawn from the same S: the mean squared cosine
    of the angle between different modes is 1 / D. The slowest, which the window's ends correlate, are made
    uncorrelated first. The mean is a Gaussian average over pairs of modes within about a factor of two in frequency,
    each octave of equal weight, about mode 3 or faster ones; below mode 3 D is taken as constant. A standard
    error, that of as many independent squared cosines, is added to 1 / D: intervals that follow from it
    are then rarely too narrow because D came out too large by chance. 1 where all modes are parallel.

    >>> steps = np.random.default_rng(0).standard_normal((200, 50))  # 50 equal dimensions
    >>> found = mode_dimension(steps @ steps.T, np.append(50.0, np.zeros(199)))
    >>> print(f"{found[-1]:.0f} at the highest frequency")
    50 at the highest frequency
    """
    squares = cosines(decorrelated(mode_products(products), mode_products(toeplitz(covariance)))) ** 2
    modes = np.arange(1, len(products) + 1)
    centres = np.geomspace(SLOWEST, len(products), CENTRES)
    weight = np.exp(-0.5 * (np.log(modes / centres[:, None]) / WIDTH) ** 2) / modes
    ones = np.ones_like(squares)
    total = pair_sums(weight, ones)
    error = np.sqrt(4 * pair_sums(weight**2, ones)) / total  # each squared cosine has variance 2, and stands twice
    inverse = pair_sums(weight, squares) / total * (1 + error)
    return np.exp(-np.interp(np.log(modes), np.log(centres), np.log(np.clip(inverse, LEAST, 1))))


def mode_products(products: np.ndarray) -> np.ndarray:
    """Dot products [mode, mode] of a walk's Fourier modes 1 ... N, from those of its steps [N, N].

    Mode k is sqrt(2 / N) sum over t = 0 ... N - 1 of sin(pi k (t + 1/2) / N) s_t, of frequency k / (2 N) per step.
    Sines vanish at the window's ends, so that the fast motion of a bounded walk does not leak into slow modes.
    """
    return dstn(products, type=2, norm="ortho")


def cosines(products: np.ndarray) -> np.ndarray:
    """Cosines of the angles between vectors, from their dot products [N, N]; 0 for a vector of length zero."""
    squares = np.maximum(np.diagonal(products), 0)
    scale = np.sqrt(np.divide(1, squares, out=np.zeros_like(squares), where=squares > 0))
    return np.clip(products * scale * scale[:, None], -1, 1)


def decorrelated(modes: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Dot products of modes, of which the slowest are divided by the square root of their expected correlations.

    modes, expected [mode, mode]: products of the data and those of the same walk in expectation.
    """
    slow = slice(min(CORRELATED, len(modes)))
    values, vectors = np.linalg.eigh(cosines(expected[slow, slow]))
    root = vectors / np.sqrt(np.maximum(values, LEAST)) @ vectors.T
    change = root / np.sqrt(np.maximum(np.diagonal(expected)[slow], np.finfo(float).tiny))
    turned = modes.copy()
    turned[slow] = change @ turned[slow]
    turned[:, slow] = turned[:, slow] @ change.T
    return turned


def pair_sums(weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum [centre] of values [N, N] over ordered pairs of different modes, times the weights [centre, N] of both."""
    return np.einsum("ck,ck->c", weight @ values, weight) - weight**2 @ np.diagonal(values)
