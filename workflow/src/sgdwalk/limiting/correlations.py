"""Autocorrelation of time series averaged over modes, with intervals from stretches of the run."""

import numpy as np

from sgdwalk import quantiles
from sgdwalk.trajectory.student_mean import student_mean

MOST_BLOCKS = 10


def products(series: np.ndarray, lag: int) -> np.ndarray:
    """x_k x_{k+lag} [step, mode] of series [step, mode], 0 for the last `lag` steps."""
    found = np.zeros_like(series)
    found[: len(series) - lag] = series[: len(series) - lag] * series[lag:]
    return found


def autocorrelation(series: np.ndarray, lags: np.ndarray, period: int) -> tuple[np.ndarray, np.ndarray]:
    """(mean over modes of sum x_k x_{k+lag} / sum x_k^2 per pair, half its 95 % interval), each [lag].

    series [step, mode], whose expectation is 0. The run is cut into equal stretches, at most ten and none shorter than
    `period` steps (an epoch); the interval is Student's between the linearised ratios of the stretches. NaN for fewer
    than two stretches.
    """
    steps = len(series)
    blocks = min(MOST_BLOCKS, steps // max(period, 1))
    length = steps // blocks if blocks else steps
    starts = np.arange(max(blocks, 1)) * length
    pairs = np.diff(np.append(starts, steps))[:, None]
    power = np.add.reduceat(products(series, 0), starts, axis=0) / pairs
    variance = (series**2).mean(axis=0)
    found, half = np.full(len(lags), np.nan), np.full(len(lags), np.nan)
    for k, lag in enumerate(lags):
        moved = np.add.reduceat(products(series, lag), starts, axis=0)
        ratio = moved.sum(axis=0) / (steps - lag) / variance
        counted = np.diff(np.append(np.minimum(starts, steps - lag), steps - lag))[:, None]
        away = ((moved - ratio * power * counted) / variance).mean(axis=1)
        found[k] = ratio.mean()
        if blocks > 1:
            spread = away.std(ddof=1) * np.sqrt(blocks) / (steps - lag)
            half[k] = quantiles.student(0.975, blocks - 1) * spread
    return found, half


def within_epochs(noise: np.ndarray, size: int, full: int) -> tuple[float, float]:
    """(mean correlation of two different batches of an epoch, half its 95 % interval), averaged over modes.

    noise [step, mode], from the beginning of an epoch of `size` batches on, of which the first `full` are of full size.
    Mean over pairs ((sum of the noise)^2 - sum of its squares) / (n (n - 1)) over the variance, epoch by epoch;
    Student's interval between epochs, as if the variance were known: wider than needed where noise sums to 0.
    """
    epochs = noise[: len(noise) // size * size].reshape(-1, size, noise.shape[1])[:, :full]
    if full < 2 or not len(epochs):
        return np.nan, np.nan
    variance = (epochs**2).mean(axis=(0, 1))
    both = (epochs.sum(axis=1) ** 2 - (epochs**2).sum(axis=1)) / (full * (full - 1))
    each = (both / variance).mean(axis=1)
    mean, _, half = student_mean(each)
    return float(mean), float(half)
