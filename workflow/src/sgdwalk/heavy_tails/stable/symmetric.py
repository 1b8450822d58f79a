"""Log-density and log-survival of the symmetric stable law: tables in alpha, quintic splines in |z|.

alpha in [0.3, 2] is divided into cells of 0.1. In a cell f at each node of |z| is a Chebyshev series in alpha
through values from quadrature; a cell is computed when it is first needed (about 0.05 s) and kept. What is
interpolated is f (1 + z^2)^((1 + alpha) / 2) and not log f: near alpha 2 the tail is proportional to
2 - alpha, which the series can follow and its logarithm cannot.
"""

from functools import cache, lru_cache

import numpy as np
from numpy.polynomial.chebyshev import chebpts2, chebvander
from scipy.interpolate import BSpline, make_interp_spline
from scipy.special import gammaln, log_ndtr

from sgdwalk.heavy_tails.stable import integral
from sgdwalk.heavy_tails.stable.integral import ALPHA_MAX, ALPHA_MIN

CELL, ORDER = 0.1, 11  # width of a cell in alpha; order of the series in it


class Curves:
    """Functions of |z|, one per column: a quintic spline in q = asinh(z / core), power laws beyond its last node."""

    def __init__(self, spline: BSpline, core: float, last: float, exponent):
        """The spline up to q = last, with a column for each exponent [column] of the power laws, or for one."""
        self.spline, self.core, self.last, self.exponent = spline, core, last, np.asarray(exponent, float)

    def __call__(self, z) -> np.ndarray:
        """Values at z >= 0 [..., column]."""
        q = np.arcsinh(z / self.core)
        inside = np.minimum(q, self.last)
        return self.spline(inside) + np.multiply.outer(q - inside, self.exponent)

    def derivatives(self, z) -> tuple[np.ndarray, np.ndarray]:
        """First and second derivatives in z at z >= 0 [..., column]."""
        inside, stretch = np.minimum(np.arcsinh(z / self.core), self.last), 1 / np.hypot(z, self.core)
        first, second = self.spline(inside, 1).T, self.spline(inside, 2).T
        return (first * stretch).T, ((second - first * (z * stretch)) * stretch**2).T


class GaussCurve:
    """The log-density at alpha 2, whose tail is not a power law."""

    def __call__(self, z) -> np.ndarray:
        """Value at z."""
        return -(z**2) / 4 - np.log(2 * np.sqrt(np.pi))

    def derivatives(self, z) -> tuple[np.ndarray, np.ndarray]:
        """First and second derivatives in z."""
        return -z / 2, np.full_like(z, -0.5)


def core(alpha: float) -> float:
    """Width of the centre: w in f(z) = f(0) (1 - (z / w)^2 + ...), reduced below alpha 1.

    There the series at 0 is only asymptotic and the density bends long before z = w.
    """
    return min(alpha, 1.0) ** 2 * np.exp((np.log(2) + gammaln(1 / alpha) - gammaln(3 / alpha)) / 2)


def _nodes(alpha) -> np.ndarray:
    """Nodes in q: dense over the transition from Gaussian to power law, out to where the latter is accurate."""
    end = np.log(2 / core(alpha)) + 9 * np.log(10) / alpha
    bend = np.arcsinh(16 / core(alpha))
    if alpha < 1.5:
        return np.linspace(0, end, int(end / 0.1))
    spacing = 0.03 if alpha < 1.85 else 0.014
    return np.concatenate([np.arange(0, bend, spacing), np.linspace(bend, end, 90)])


class EvenSplines:
    """Quintic splines through values at fixed nodes q, even about q = 0; what does not depend on the values is kept.

    At the last node the first derivative is given and the second is 0. The coefficients are linear in the values and
    in that derivative: `of_values` [coefficient, node], `of_slope` [coefficient].
    """

    def __init__(self, q):
        def spline(values, slope):
            none = 0 * slope
            return make_interp_spline(q, values, k=5, bc_type=([(1, none), (3, none)], [(1, slope), (2, none)]))

        each = spline(np.eye(len(q)), np.zeros(len(q)))
        self.knots, self.of_values = each.t, each.c
        self.of_slope = spline(np.zeros((len(q), 1)), np.ones(1)).c[:, 0]

    def __call__(self, values, slope) -> BSpline:
        """Spline through values [node(, column)] with the slope [column] at its end."""
        return BSpline.construct_fast(self.knots, self.of_values @ values + np.multiply.outer(self.of_slope, slope), 5)


class Cell:
    """The densities of alpha in [low, low + CELL] at nodes of |z|, as Chebyshev series in alpha."""

    def __init__(self, low: float):
        self.low, self.core, self.q = low, core(low), _nodes(low)
        z = self.core * np.sinh(self.q)
        self.weight = np.log1p(z**2) / 2
        points = chebpts2(ORDER + 1)
        logs = [_log_density(z, a) + (1 + a) * self.weight for a in self._alpha(points)]
        self.peak = np.max(logs, axis=0)
        self.series = np.linalg.solve(chebvander(points, ORDER), np.exp(logs - self.peak))
        self.splines = EvenSplines(self.q)

    def _alpha(self, points):
        return self.low + CELL * (points + 1) / 2

    def curves(self, alphas) -> Curves:
        """Curves of log f for alphas in the cell, or just beyond its ends: a number or an array."""
        alphas = np.asarray(alphas, float)
        values = chebvander(2 * (alphas - self.low) / CELL - 1, ORDER) @ self.series
        logs = np.log(values).reshape(*alphas.shape, -1) + self.peak - np.multiply.outer(1 + alphas, self.weight)
        return Curves(self.splines(logs.T, -alphas - 1), self.core, self.q[-1], -alphas - 1)


def _log_density(z, alpha) -> np.ndarray:
    """Logarithm of f at nodes z, the first of which is 0, by quadrature."""
    if alpha >= ALPHA_MAX:
        return GaussCurve()(z)
    inner = integral.density(z[1:], alpha)
    return np.log(np.concatenate([[integral.density_at_centre(alpha)], inner]))


@cache
def _cell(index: int) -> Cell:
    return Cell(ALPHA_MIN + CELL * index)


def near(alpha: float) -> Cell:
    """The cell that contains alpha."""
    count = round((ALPHA_MAX - ALPHA_MIN) / CELL)
    return _cell(min(int((alpha - ALPHA_MIN) / CELL), count - 1))


def log_density(alpha: float) -> Curves | GaussCurve:
    """Curve of log f(z), z >= 0, within 2e-7 of the integral."""
    return GaussCurve() if alpha == ALPHA_MAX else near(alpha).curves(alpha)


@lru_cache(maxsize=32)
def log_survival(alpha: float):
    """Curve of log P(Z > z), z >= 0."""
    if alpha == ALPHA_MAX:
        return lambda z: log_ndtr(-z / np.sqrt(2))
    q, width = _nodes(alpha), core(alpha)
    start = -2 * integral.density_at_centre(alpha) * width
    inner = integral.survival(width * np.sinh(q[1:]), alpha)
    values = np.log(np.concatenate([[0.5], inner]))
    ends = ([(1, start), (2, -(start**2))], [(1, -alpha), (2, 0.0)])
    return Curves(make_interp_spline(q, values, k=5, bc_type=ends), width, q[-1], -alpha)
