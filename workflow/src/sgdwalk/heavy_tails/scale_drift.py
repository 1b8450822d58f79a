"""How long the scale of the gradients stays the same: its correlation time, and blocks of steps that contain it."""

from typing import NamedTuple

import numpy as np
from scipy.fft import dct
from scipy.special import fdtrc

FEWEST_TIMES = 30  # correlation times in a window, for as many independent scales as an interval needs
LONGEST_BLOCK = 2 / FEWEST_TIMES  # of a window
ERRORS = 2.0  # standard errors above which the correlation of successive steps counts
SLOW = 3  # slowest modes of the scale, whose power is compared with that of the next ones
FEWEST_MODES = 15  # that are looked at, the slow ones among them
FLAT = 8.0  # correlation times to a half-period of the fastest mode, up to which the spectrum is nearly flat
LEVEL = 0.05  # share of the windows of a constant scale in which it is said to drift


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
    where the window has fewer than 30 correlation times, or where its slowest modes are too strong for a stationary
    scale (slow_change): a window of few correlation times makes them look short.
    """
    time = correlation_time(x, step)
    longest = max(least, int(LONGEST_BLOCK * window))
    drifts = time * FEWEST_TIMES > window or slow_change(x, step, time) < LEVEL
    return Blocks(int(np.clip(np.ceil(2 * time), least, longest)), time, drifts)


def step_means(x: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, float]:
    """(means of log|x| over each step that has values, the sampling variance of such a mean).

    step [n]: of each value of x [n]; values of 0 or NaN are left out. The variance is NaN for a single value per step
    or less.
    """
    known = np.isfinite(x) & (x != 0)
    _, place, count = np.unique(step[known], return_inverse=True, return_counts=True)
    logs = np.log(np.abs(x[known]))
    mean = np.bincount(place, logs) / np.maximum(count, 1)
    if len(logs) == len(count):
        return mean, np.nan
    within = ((logs - mean[place]) ** 2).sum() / (len(logs) - len(count))
    return mean, float(within * np.mean(1 / count))


def slow_change(x: np.ndarray, step: np.ndarray, time: float) -> float:
    """The p value of a slow change of the scale of x [n]; 1 for values at too few steps or of one size.

    F test of the means of log|x| over each step (step_means): power of the three slowest modes of their cosine
    transform against that of the next ones, up to the fifteenth, or to more where the correlation time `time` leaves
    the spectrum nearly flat further on. Exact for independent Gaussian means. A stationary scale of which the window
    holds 30 correlation times has a little more power in its slowest modes.
    """
    mean = step_means(x, step)[0]
    power = dct(mean - mean.mean(), norm="ortho")[1:] ** 2 if len(mean) else mean
    last = len(power) if time == 0 else int(min(max(len(mean) / (FLAT * time), FEWEST_MODES), len(power)))
    if len(power) < FEWEST_MODES or not power[SLOW:last].any():
        return 1.0
    return float(fdtrc(SLOW, last - SLOW, power[:SLOW].mean() / power[SLOW:last].mean()))


def correlation_time(x: np.ndarray, step: np.ndarray) -> float:
    """Correlation time, in steps, of the scale of x [n]: sum of the autocorrelations of log|x| at lags 1, 2, ...

    The sampling variance of the means of log|x| over each step is taken off their variance (step_means). The sum
    ends before the first autocorrelation that is not positive. 0 where successive steps are not correlated by more
    than two standard errors, and for a single value per step or less. step [n]: of each value; steps without values
    are passed over.
    """
    mean, sampling = step_means(x, step)
    if len(mean) < 3 or np.isnan(sampling):
        return 0.0
    covariance = autocovariance(mean)
    if covariance[1] <= ERRORS * covariance[0] / np.sqrt(len(mean)):
        return 0.0
    variance = max(covariance[0] - sampling, covariance[1])
    positive = covariance[1 : 1 + np.append(covariance[1:] <= 0, True).argmax()]
    return float(positive.sum() / variance)


def autocovariance(series: np.ndarray) -> np.ndarray:
    """Mean product of the deviations `lag` steps apart, at lags 0 ... n / 2 of series [n]."""
    size = len(series)
    power = np.abs(np.fft.rfft(series - series.mean(), 2 * size)) ** 2
    lags = np.arange(size // 2 + 1)
    return np.fft.irfft(power)[: len(lags)] / (size - lags)
