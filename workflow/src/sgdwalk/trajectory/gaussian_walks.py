"""Gaussian walks that follow a fitted MSD curve, and the parametric bootstrap intervals they give."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.linalg import toeplitz

from sgdwalk.trajectory.scaling_fits import TwoSegments

SIMULATED_DIMENSIONS = 16  # at most; more of them are accounted for by shrinking deviations
STEEPEST = 1.98  # exponent of the steepest curve that is simulated; 2, a straight line, has no spread at all


def gaussian_walks(variogram: np.ndarray, dimensions: int, copies: int, rng) -> np.ndarray:
    """Gaussian walks [copy, step, dimension] with stationary increments of the given variogram.

    variogram[k] = E |x_{t+k} - x_t|^2 summed over dimensions, k = 0 ... T - 1; the result has T steps.
    """
    steps = stationary_steps(increment_spectrum(variogram) / dimensions, dimensions, copies, rng)
    return np.concatenate([np.zeros_like(steps[:, :1]), steps.cumsum(axis=1)], axis=1)


def stationary_steps(spectrum: np.ndarray, dimensions: int, copies: int, rng) -> np.ndarray:
    """Gaussian steps [copy, step, dimension], stationary and of this spectrum (increment_spectrum) in each dimension.

    They are as many as the spectrum is long. Drawn by circulant embedding (Davies & Harte 1987).
    """
    length = 2 * (len(spectrum) - 1)
    noise = rng.standard_normal((copies, dimensions, len(spectrum), 2)).view(complex)[..., 0]
    noise[..., [0, -1]] = np.sqrt(2) * noise[..., [0, -1]].real
    noise *= np.sqrt(spectrum * length / 2)
    return np.fft.irfft(noise, n=length)[..., : len(spectrum)].swapaxes(1, 2)


def increment_spectrum(variogram: np.ndarray) -> np.ndarray:
    """Spectrum, on a ring of 2 (T - 2) steps, of the stationary increments of a walk with this variogram.

    Values below zero are set to zero: a curve fitted to data, with a sharp bend downwards, is not always a valid
    variogram. `spectral_variogram` gives the variogram that results.
    """
    reach = np.concatenate([variogram[1:2], variogram, [2 * variogram[-1] - variogram[-2]]])
    k = np.arange(len(variogram) - 1)
    ahead, here, behind = reach[k + 2], reach[k + 1], reach[k]
    covariance = (ahead + behind - 2 * here) / 2
    return np.maximum(np.fft.rfft(np.concatenate([covariance, covariance[-2:0:-1]])).real, 0)


def spectral_variogram(spectrum: np.ndarray) -> np.ndarray:
    """Variogram at lags 0 ... T - 1 of a walk whose T - 1 increments have this spectrum."""
    covariance = np.fft.irfft(spectrum)[: len(spectrum)]
    growth = 2 * np.cumsum(covariance) - covariance[0]
    return np.concatenate([[0.0], np.cumsum(growth)])


def following_walks(fit: TwoSegments, steps: int, dimension: float, copies: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """(Gaussian walks [copy, step, dimension] that follow a fitted curve, in at most 16 dimensions; their variogram).

    Exponents are limited to STEEPEST.
    """
    limited = replace(fit, short=min(fit.short, STEEPEST), long=min(fit.long, STEEPEST))
    variogram = np.concatenate([[0.0], limited(np.arange(1, steps))])
    dimensions = int(np.clip(round(dimension), 1, SIMULATED_DIMENSIONS))
    expected = spectral_variogram(increment_spectrum(variogram))
    return gaussian_walks(variogram, dimensions, copies, rng), expected


def walk_distances(fit: TwoSegments, steps: int, dimension: float, copies: int, rng) -> Iterator[np.ndarray]:
    """Squared distances [step, step] of each of `copies` Gaussian walks that follow a fitted curve.

    One array serves all: copy what you keep. Walks of more than 16 dimensions are simulated in 16, and the
    deviations of their squared distances from the expected ones shrink as 1 / sqrt(dimension).
    """
    walks, expected = following_walks(fit, steps, dimension, copies, rng)
    share = np.sqrt(walks.shape[2] / max(dimension, walks.shape[2]))
    curve = fit(np.arange(1, steps))
    constant = toeplitz(np.append(0, (1 - share) * curve))
    factor = toeplitz(np.append(0, share * curve / expected[1:]))
    d2 = np.empty_like(factor)
    for walk in walks:
        squares, one = (walk**2).sum(1, keepdims=True), np.ones((steps, 1))
        np.matmul(np.hstack([-2 * walk, squares, one]), np.hstack([walk, one, squares]).T, out=d2)
        d2 *= factor
        d2 += constant
        yield d2


def basic_interval(estimate: float, truth: float, copies: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Basic bootstrap interval (low, high): the estimate minus the quantiles of (copy - truth).

    estimate: from the data; copies [copy]: the same from simulations whose true value is `truth`. Quantiles at
    rank p (copies + 1), between which one more draw falls with probability `level`. Copies that are NaN are
    left out; NaN if all are. Source: Davison & Hinkley 1997, Section 5.2.
    """
    copies = copies[np.isfinite(copies)]
    if not len(copies):
        return np.nan, np.nan
    low, high = np.quantile(copies - truth, [(1 - level) / 2, (1 + level) / 2], method="weibull")
    return float(estimate - high), float(estimate - low)
