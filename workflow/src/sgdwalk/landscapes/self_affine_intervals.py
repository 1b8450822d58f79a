"""Intervals of a reading from simulated self-affine surfaces: the dimensions for which it is not unlikely."""

import numpy as np

from sgdwalk.landscapes.box_counts import section_dimension
from sgdwalk.landscapes.random_surfaces import fractional_brownian_surface
from sgdwalk.landscapes.variogram import readings

TRIED = (2.01, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8, 2.9, 2.99)


def simulated(n: int, realisations: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Readings [tried, realisation] of fractional Brownian surfaces of n points a side whose dimensions are TRIED.

    By name: `dimension` (variogram.variogram_dimension), `extrapolated_dimension`, `section_dimension`.
    """

    def read(true: float) -> tuple[float, ...]:
        surface = fractional_brownian_surface(n, 3 - true, rng)
        return *readings(surface), section_dimension(surface)

    found = np.array([[read(true) for _ in range(realisations)] for true in TRIED])
    names = ("dimension", "extrapolated_dimension", "section_dimension")
    return dict(zip(names, np.moveaxis(found, -1, 0), strict=True))


def calibrated(value: np.ndarray, read: np.ndarray) -> np.ndarray:
    """The dimensions of surfaces whose mean readings are these values [...]; read [tried, realisation], as in interval.

    2 or 3, the limits of a surface, for values beyond all mean readings.
    """
    return np.interp(value, np.maximum.accumulate(read.mean(axis=1)), TRIED, left=2.0, right=3.0)


def interval(dimension: float, read: np.ndarray) -> tuple[float, float]:
    """95 % interval: the true dimensions for which an estimate of `dimension` is not unlikely.

    read [tried, realisation]: estimates from simulated surfaces of the dimensions TRIED. Beyond these the interval ends
    at 2 or 3, the limits of a surface.
    """
    return not_unlikely(dimension, read, TRIED, left=2.0, right=3.0)


def reading_interval(value: float, read: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean reading of surfaces like the one that reads `value`, which lies in it.

    read [tried, realisation]: readings of simulated surfaces of the dimensions TRIED. The mean readings of those
    dimensions for which `value` is not unlikely. The spread at `value` itself would be too small for a surface that
    reads low by chance, as smoother ones scatter less.
    """
    low, high = not_unlikely(value, read, np.maximum.accumulate(read.mean(axis=1)))
    return np.minimum(low, value), np.maximum(high, value)


def not_unlikely(value: float, read: np.ndarray, truths, left=None, right=None) -> tuple[float, float]:
    """The least and the greatest of truths [tried] for which `value` lies between the 2.5 and 97.5 % of read.

    read [tried, realisation]: grows with the truths. Interpolated; left, right: the ends beyond all that were tried, by
    default the first and the last truth. NaN for a value that is.
    """
    low, high = np.maximum.accumulate(np.quantile(read, [0.025, 0.975], axis=1), axis=1)
    ends = {"left": left, "right": right}
    return np.interp(value, high, truths, **ends), np.interp(value, low, truths, **ends)
