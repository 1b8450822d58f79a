"""Time-averaged mean squared displacement (MSD) of walks: from squared distances, from positions, or by FFT.

All compute MSD(lag) = mean over t of |w_{t+lag} - w_t|^2 (Chen et al. 2022, Eq. 3). They differ in what they are
given and in the order of their sums, and thus in the last digit; `by_fft` also in accuracy.
"""

import numpy as np
from scipy.fft import next_fast_len

BLOCK = 2**22  # numbers of a long walk that are subtracted at a time


def from_distances(d2: np.ndarray) -> np.ndarray:
    """MSD [lag] at lags 1 ... T - 1 from squared distances d2 [step, step]."""
    return np.array([np.diagonal(d2, lag).mean() for lag in range(1, len(d2))])


def from_positions(walk: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """MSD [lag] of a walk [step, component] by differences in float64, a block of steps at a time.

    Memory beyond the walk: 8 BLOCK bytes.
    """
    return np.array([_mean_square(walk, lag) for lag in lags])


def _mean_square(walk: np.ndarray, lag: int) -> float:
    rows = max(1, BLOCK // walk.shape[1])
    total = 0.0
    for start in range(lag, len(walk), rows):
        stop = min(start + rows, len(walk))
        moved = np.subtract(walk[start:stop], walk[start - lag : stop - lag], dtype=float).ravel()
        total += moved @ moved
    return total / (len(walk) - lag)


def by_fft(walks: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """MSD [copy, lag] of many walks [copy, step, dimension] by one FFT each.

    The sum over t of |x_{t+lag} - x_t|^2 is that of the squares minus twice an autocorrelation, which is the
    inverse FFT of the power spectrum summed over dimensions (Wiener-Khinchin). Relative rounding error about
    1e-16 (R / |x_{t+lag} - x_t|)^2, R the extent of the walk.
    """
    steps = walks.shape[1]
    walks = walks - walks.mean(axis=1, keepdims=True)
    length = next_fast_len(2 * steps, real=True)
    power = (np.abs(np.fft.rfft(walks.swapaxes(1, 2), n=length)) ** 2).sum(axis=1)
    products = np.fft.irfft(power, n=length)[:, lags]
    squares = np.cumsum((walks**2).sum(axis=2), axis=1)
    both = squares[:, steps - lags - 1] + squares[:, [-1]] - squares[:, lags - 1]
    return (both - 2 * products) / (steps - lags)
