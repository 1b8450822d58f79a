"""Multifractal spectrum of a surface by wavelet leaders (Wendt, Roux, Jaffard & Abry 2009, Signal Process. 89, 1100).

The leader of a cell is the largest wavelet coefficient in it and its eight neighbours, over its own and all finer
scales. Where the surface has the Hoelder exponent h, the leaders about it vary with scale as scale^h; how the cumulants
of their logarithms vary with the logarithm of the scale gives the exponents' mean c1 and minus their spread, c2.
"""

from typing import NamedTuple

import numpy as np
import pywt

WAVELET = "db3"  # three vanishing moments: blind to polynomials of second degree
EDGE = 2  # coefficients at each end of a level that depend on values beyond the surface
CENTRE = 2.5  # steps from the first value that a coefficient is made of to its wavelet's centre
FIRST = 3  # octave: finer ones have too few scales below them for a supremum
LEAST = 8  # leaders a side of the coarsest octave
SMALLEST = 257  # points a side: two octaves
INTEGRATION = 1  # order of the fractional integration: leaders need a positive exponent, rough surfaces are near 0
ORDERS = np.arange(-5, 6)  # moments behind the spectrum
BLOCK = 3  # cells of the coarsest octave along a block of the bootstrap
COPIES = 500  # of the bootstrap
ROUNDING = 10  # rounding errors of a height that a typical leader must exceed


class Cumulants(NamedTuple):
    """Mean and variance of the log leaders [octave], their slopes, and the spectrum D(h) at each order [order]."""

    mean: np.ndarray
    variance: np.ndarray
    c1: float
    c2: float
    holder: np.ndarray
    spectrum: np.ndarray


def octaves(points: int) -> np.ndarray:
    """Octaves j, of 2^j grid steps, from FIRST to the last in which LEAST leaders a side lie inside the surface."""
    found, side, octave = [], points, 0
    while (side := side // 2 - EDGE) - 2 >= LEAST:
        octave += 1
        found += [octave] if octave >= FIRST else []
    return np.array(found, int)


def leaders(heights: np.ndarray) -> dict[int, np.ndarray]:
    """Leaders {octave: [cell, cell]} of heights [x, y]; those that the border of the surface touches are left out.

    Wavelet coefficients are normalised so that scale^h is that of their moduli (the L1 norm of the wavelet is the same
    at every scale), and multiplied by scale^INTEGRATION, which adds INTEGRATION to every exponent.
    """
    found, approximation, finer = {}, heights, None
    for octave in range(1, octaves(len(heights))[-1] + 1):
        approximation, details = inner_coefficients(approximation)
        largest = np.abs(details).max(axis=0) * 2.0 ** (octave * (INTEGRATION - 1))
        if finer is not None:
            largest = np.maximum(largest, largest_below(finer, len(largest)))
        finer = largest
        if octave >= FIRST:
            found[octave] = np.lib.stride_tricks.sliding_window_view(largest, (3, 3)).max(axis=(2, 3))
    return found


def inner_coefficients(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One level of the transform: (approximation [x, y], details [3, x, y]), without coefficients of the border.

    Coefficient k is made of the values 2 k to 2 k + 5 along each axis.
    """
    approximation, details = pywt.dwt2(values, WAVELET, mode="zero")
    inner = tuple(slice(EDGE, points // 2) for points in values.shape)
    return approximation[inner], np.stack([detail[inner] for detail in details])


def largest_below(finer: np.ndarray, cells: int) -> np.ndarray:
    """Largest of the 2 x 2 finer cells inside each of `cells` a side: 2 k + 2 and 2 k + 3 in cell k.

    The centre of a wavelet is CENTRE steps after the first of the values that it is made of.
    """
    inside = finer[2 : 2 * cells + 2, 2 : 2 * cells + 2]
    return inside.reshape(cells, 2, cells, 2).max(axis=(1, 3))


def measured(surfaces: list[np.ndarray], rounding: float) -> list[dict[int, np.ndarray]]:
    """Leaders of the surfaces [x, y] on which they are not those of rounding errors (`rounding`: of a height).

    Left out is a surface whose finest leaders are less than ROUNDING rounding errors in the median, or where one is 0,
    as those of a quadratic are: wavelets do not see it.
    """
    found = [leaders(heights) for heights in surfaces]
    return [by for by in found if by[FIRST].min() > 0 and np.median(by[FIRST]) > ROUNDING * rounding]


def block_sums(by_octave: dict[int, np.ndarray]) -> np.ndarray:
    """Sums over the leaders in square blocks of the surface: [block, octave, sum].

    Their number, log leaders and squares of these; then, for each of ORDERS q, L^q and L^q log L. A block has BLOCK
    cells of the coarsest octave a side. Leaders are in units of their geometric mean at the finest octave.
    """
    unit, side = np.exp(np.log(by_octave[FIRST]).mean()), BLOCK * 2 ** max(by_octave)
    blocks = max(_block_of(cells, octave, side)[-1] for octave, cells in by_octave.items()) + 1
    sums = [_sums(cells / unit, _block_of(cells, octave, side), blocks) for octave, cells in by_octave.items()]
    found = np.stack(sums, axis=1)
    return found[found[..., 0].any(axis=1)]


def _block_of(cells: np.ndarray, octave: int, side: int) -> np.ndarray:
    """Block [cell] that a row of leaders, or a column, belongs to. Leader 0 is that of cell 1."""
    centre = 2**octave * (np.arange(len(cells)) + 1) + CENTRE * (2**octave - 1)
    return (centre // side).astype(int)


def _sums(cells: np.ndarray, block: np.ndarray, blocks: int) -> np.ndarray:
    """block_sums [block, sum] of one octave."""
    logs = np.log(cells)
    powers = np.exp(ORDERS[:, None, None] * logs)
    terms = np.concatenate([[np.ones_like(logs), logs, logs**2], powers, powers * logs])
    index = block[:, None] * blocks + block
    return np.stack([np.bincount(index.ravel(), term.ravel(), blocks**2) for term in terms], axis=-1)


def cumulants(sums: np.ndarray, octave: np.ndarray) -> Cumulants:
    """The cumulants of sums [octave, sum] (see block_sums) over all leaders.

    Slopes are those of least squares against the logarithm of the scale, octaves weighted by their numbers of leaders:
    the mean of log leaders is c1 log scale + ..., their variance c2 log scale + .... The spectrum is that of Chhabra &
    Jensen (1989): with the weights R = L^q / sum L^q, h(q) is the slope of the mean of log L, and D(q) is 2 plus the
    slope of the mean of log R, of which the number of leaders is taken away.
    """
    number, scale = sums[:, 0], octave * np.log(2)
    mean = sums[:, 1] / number
    variance = sums[:, 2] / number - mean**2
    powers, weighted = np.split(sums[:, 3:], 2, axis=1)
    exponents = weighted / powers
    entropy = ORDERS * exponents - np.log(powers / number[:, None])
    slope = number * (scale - np.average(scale, weights=number))
    slope /= slope @ scale
    holder, spectrum = slope @ exponents - INTEGRATION, 2 + slope @ entropy
    return Cumulants(mean, variance, slope @ mean - INTEGRATION, slope @ variance, holder, spectrum)


def bootstrap(blocks: np.ndarray, octave: np.ndarray, rng: np.random.Generator) -> Cumulants:
    """COPIES of the cumulants, each field [copy, ...], of as many blocks [block, octave, sum] drawn with replacement.

    Blocks are drawn with all their octaves, so that what these share is kept. Copies in which an octave has no leader
    are left out.
    """
    drawn = rng.multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), COPIES)
    sums = np.einsum("cb,bos->cos", drawn, blocks)
    copies = [cumulants(copy, octave) for copy in sums if (copy[:, 0] > 0).all()]
    return Cumulants(*(np.array(values) for values in zip(*copies, strict=True)))


def estimate(
    planes: list[dict[int, np.ndarray]], octave: np.ndarray, rng: np.random.Generator
) -> tuple[Cumulants, Cumulants, Cumulants]:
    """(cumulants, lower and upper ends of their 95 % intervals) of the leaders of several planes together."""
    blocks = np.concatenate([block_sums(by_octave) for by_octave in planes])
    copies = bootstrap(blocks, octave, rng)
    low, high = (Cumulants(*(np.quantile(field, share, axis=0) for field in copies)) for share in (0.025, 0.975))
    return cumulants(blocks.sum(axis=0), octave), low, high
