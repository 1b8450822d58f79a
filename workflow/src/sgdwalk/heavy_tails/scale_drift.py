"""How long the scale of the gradients stays the same: its correlation time, and blocks of steps that contain it."""

from typing import NamedTuple

import numpy as np

FEWEST_TIMES = 30  # correlation times in a window, for as many independent scales as an interval needs
LONGEST_BLOCK = 2 / FEWEST_TIMES  # of a window
ERRORS = 2.0  # standard errors above which the correlation of successive steps counts


class Blocks(NamedTuple):
    """Steps of a window in blocks of `length` steps; time: correlation time of the scale, in steps.

    drifts: whether the scale changes too slowly for an interval from such blocks to be more than a lower bound.
    """

    length: int
    time: float
    drifts: bool


def blocks(x: np.ndarray, step: np.ndarray, window: int, least: int) -> Blocks:
    """Blocks of two correlation times of the scale, at least `least` steps and at most a 15th of a longer window.

    x [n]: gradients of a window; step [n]: of each, from the window's start. window: its steps. The scale drifts
    where the window has fewer than 30 correlation times.
    """
    time = correlation_time(x, step)
    longest = max(least, int(LONGEST_BLOCK * window))
    return Blocks(int(np.clip(np.ceil(2 * time), least, longest)), time, time * FEWEST_TIMES > window)


def correlation_time(x: np.ndarray, step: np.ndarray) -> float:
    """Correlation time, in steps, of the scale of x [n]: sum of the autocorrelations of log|x| at lags 1, 2, ...

    The means of log|x| over each step have a sampling variance, estimated from the scatter within the steps, which
    is taken off their variance. The sum ends before the first autocorrelation that is not positive. 0 where
    successive steps are not correlated by more than two standard errors, and for a single value per step or less.
    step [n]: of each value; values of 0 or NaN are left out, and steps without values are passed over.
    """
    known = np.isfinite(x) & (x != 0)
    _, place, count = np.unique(step[known], return_inverse=True, return_counts=True)
    if len(count) < 3 or known.sum() == len(count):
        return 0.0
    logs = np.log(np.abs(x[known]))
    mean = np.bincount(place, logs) / count
    within = ((logs - mean[place]) ** 2).sum() / (len(logs) - len(count))
    covariance = autocovariance(mean)
    if covariance[1] <= ERRORS * covariance[0] / np.sqrt(len(mean)):
        return 0.0
    variance = max(covariance[0] - within * np.mean(1 / count), covariance[1])
    positive = covariance[1 : 1 + np.append(covariance[1:] <= 0, True).argmax()]
    return float(positive.sum() / variance)


def autocovariance(series: np.ndarray) -> np.ndarray:
    """Mean product of the deviations `lag` steps apart, at lags 0 ... n / 2 of series [n]."""
    size = len(series)
    power = np.abs(np.fft.rfft(series - series.mean(), 2 * size)) ** 2
    lags = np.arange(size // 2 + 1)
    return np.fft.irfft(power)[: len(lags)] / (size - lags)
