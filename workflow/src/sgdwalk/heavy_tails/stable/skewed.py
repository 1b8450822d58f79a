"""Log-density and distribution of the general stable law S0(alpha, beta): one quintic spline over the whole line."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import make_interp_spline

from sgdwalk.heavy_tails.stable import integral, symmetric
from sgdwalk.heavy_tails.stable.integral import NEAR_ONE, centre

BETA_MAX = 1 - 1e-6  # used for |beta| = 1: the thin tail's density ends at 1e-6 of the thick one's
SPACING, BEND, FAR = 0.08, 0.03, 0.2  # of nodes in asinh: within 20 scales, there near alpha 2, beyond
STRETCH = 0.75  # below this alpha the spacing grows as 1 / alpha: log f bends on the scale of z^alpha
SKEWED, SHARP = 0.7, 0.022  # the spacing from this |beta| on, where the thin tail ends sharply
SINGULAR = 0.75  # below this alpha the density is sharpest at zeta, above it at 0


class SkewCurve:
    """log f(z) of S0(alpha, beta): a spline in q = asinh((z - origin) / core), power laws beyond its ends."""

    def __init__(self, alpha: float, beta: float):
        self.exponent = -alpha - 1
        self.origin = centre(alpha, beta) if alpha < SINGULAR else 0.0
        self.core = symmetric.core(alpha)
        q = _nodes(alpha, beta, self.core)
        values = np.log(density(self.origin + self.core * np.sinh(q), alpha, beta))
        ends = ([(1, -self.exponent), (2, 0.0)], [(1, self.exponent), (2, 0.0)])
        self.spline, self.last = make_interp_spline(q, values, k=5, bc_type=ends), q[-1]

    def __call__(self, z) -> np.ndarray:
        """Value at z."""
        q = np.arcsinh((z - self.origin) / self.core)
        inside = np.clip(q, -self.last, self.last)
        return self.spline(inside) + self.exponent * np.abs(q - inside)

    def derivatives(self, z) -> tuple[np.ndarray, np.ndarray]:
        """First and second derivatives in z."""
        shifted = z - self.origin
        q, stretch = np.arcsinh(shifted / self.core), 1 / np.hypot(shifted, self.core)
        inside = np.clip(q, -self.last, self.last)
        first, second = self.spline(inside, 1), self.spline(inside, 2)
        return first * stretch, (second - first * shifted * stretch) * stretch**2


def _nodes(alpha, beta, core) -> np.ndarray:
    """Nodes in q, symmetric about 0: dense over 20 scales, wide out to where the tails are power laws."""
    stretch = max(1.0, STRETCH / alpha)
    spacing = stretch * (SHARP if abs(beta) >= SKEWED else SPACING if alpha < 1.6 else BEND)
    end = np.log(2 / core) + 9 * np.log(10) / alpha
    bend = np.arcsinh(20 / core)
    inner = np.arange(0, bend, spacing)
    half = np.concatenate([inner, np.linspace(bend, end, int((end - bend) / (FAR * stretch)) + 2)])
    return np.concatenate([-half[:0:-1], half])


def density(z, alpha: float, beta: float) -> np.ndarray:
    """f(z) by quadrature; alpha < 2."""
    return _across_one(_density, z, alpha, float(np.clip(beta, -BETA_MAX, BETA_MAX)))


def distribution(z, alpha: float, beta: float) -> np.ndarray:
    """P(Z <= z) by quadrature; the left tail keeps its relative precision; alpha < 2."""
    return _across_one(_distribution, z, alpha, float(np.clip(beta, -BETA_MAX, BETA_MAX)))


def _across_one(function, z, alpha, beta) -> np.ndarray:
    """function(z, alpha, beta), interpolated linearly between 1 - NEAR_ONE and 1 + NEAR_ONE if alpha is in between.

    Density and distribution are smooth in alpha; the relative error is below 1e-6.
    """
    if beta == 0 or abs(alpha - 1) >= NEAR_ONE:
        return function(z, alpha, beta)
    share = (alpha - 1 + NEAR_ONE) / (2 * NEAR_ONE)
    return (1 - share) * function(z, 1 - NEAR_ONE, beta) + share * function(z, 1 + NEAR_ONE, beta)


def _density(z, alpha, beta) -> np.ndarray:
    s = z - centre(alpha, beta)
    result = np.full(len(s), integral.density_at_centre(alpha, beta))
    for side, sign in ((s > 0, 1), (s < 0, -1)):
        if side.any():
            result[side] = integral.density(sign * s[side], alpha, sign * beta)
    return result


def _distribution(z, alpha, beta) -> np.ndarray:
    s = z - centre(alpha, beta)
    result = np.full(len(s), integral.below_centre(alpha, beta))
    if (s > 0).any():
        result[s > 0] = 1 - integral.survival(s[s > 0], alpha, beta)
    if (s < 0).any():
        result[s < 0] = integral.survival(-s[s < 0], alpha, -beta)
    return result


@lru_cache(maxsize=64)
def log_density(alpha: float, beta: float):
    """Curve of log f(z); at alpha 2 that of the Gaussian."""
    if alpha == symmetric.ALPHA_MAX:
        return symmetric.GaussCurve()
    return SkewCurve(alpha, beta)
