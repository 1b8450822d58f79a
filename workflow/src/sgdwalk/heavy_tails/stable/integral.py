"""Zolotarev's integral for the density and the tail of a standard stable law, by quadrature.

The law is S0 (Nolan 1997, doi 10.1080/15326349708807450): scale 1, location 0, skewness beta. With
zeta = -beta tan(pi alpha / 2) and s = z - zeta > 0, an angle phi in (0, L), and u the logarithm of the
exponent in the integrand,

    (alpha - 1) u = alpha log s + W(phi),   theta = phi - theta_0,   tan(alpha theta_0) = -zeta,
    W = log cos(alpha theta_0) + log cos(theta) - alpha log sin(alpha phi)
        + (alpha - 1) log cos(alpha theta_0 + (alpha - 1) theta),
    f(z) = alpha / (pi s) integral exp(u - e^u) / |W'(phi)| du,
    P(Z > z) = 1 / pi integral exp(u - e^u) (L - phi(u)) du.

The side z < zeta is the mirror image: s = zeta - z with -beta. phi enters as y = logit(phi / L). The variable
of integration is tau = u - mix y, with mix of the sign of alpha - 1: it is smooth both where phi varies at nearly
constant u (alpha near 2, the side of a thin tail) and where u varies at nearly constant phi. The trapezoidal rule
in tau converges exponentially. Against four times as many points log f is within 1e-8 for |beta| <= 0.5, and within
1e-6 for any |beta| <= 1 - 1e-6, alpha 0.3 to 1.999, |z| <= 1e4.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import expit, gamma

ALPHA_MIN, ALPHA_MAX = 0.3, 2.0  # the range in which the numerics are tested
NEAR_ONE = 1e-4  # closer to alpha 1 with beta not 0, zeta is so large that digits are lost
ANGLES = 3 * np.sinh(np.linspace(-6, 6, 1200))  # y: dense where phi bends, out to 1e-260 at either end
DEPTH, TOP = 20.0, 4.6  # u from -DEPTH max(alpha, min(1/alpha, 2)) to TOP: all but 1e-8 of the integral


def centre(alpha: float, beta: float) -> float:
    """zeta, the point that separates the two sides on which the law is integrated."""
    return -beta * np.tan(np.pi / 2 * alpha) if beta and alpha < ALPHA_MAX else 0.0


def density(s, alpha: float, beta: float = 0.0) -> np.ndarray:
    """f(zeta + s) for s > 0; alpha < 2, and not 1 unless beta is 0."""
    return alpha / (np.pi * s) * _integral(s, alpha, beta, _log_density_kernel)


def survival(s, alpha: float, beta: float = 0.0) -> np.ndarray:
    """P(Z > zeta + s) for s > 0; alpha < 2, and not 1 unless beta is 0."""
    return _integral(s, alpha, beta, _log_survival_kernel) / np.pi


def density_at_centre(alpha: float, beta: float = 0.0) -> float:
    """f(zeta) = Gamma(1 + 1/alpha) cos(theta_0) cos(alpha theta_0)^(1/alpha) / pi."""
    slope = -centre(alpha, beta)
    angle = np.arctan(slope) / alpha
    return gamma(1 + 1 / alpha) * np.cos(angle) * (1 + slope**2) ** (-0.5 / alpha) / np.pi


def below_centre(alpha: float, beta: float = 0.0) -> float:
    """P(Z < zeta) = (pi / 2 - theta_0) / pi."""
    return 0.5 - np.arctan(-centre(alpha, beta)) / (np.pi * alpha)


@dataclass(frozen=True)
class _Angles:
    """The interval of phi: its length L, pi - alpha L, pi - L and log cos(alpha theta_0), without cancellation."""

    length: float
    gap: float
    rest: float
    log_cos: float


def _angles(alpha, beta) -> _Angles:
    if beta == 0:
        return _Angles(np.pi / 2, (2 - alpha) * np.pi / 2, np.pi / 2, 0.0)
    t = np.tan(np.pi / 2 * alpha)
    log_cos = -np.log1p((beta * t) ** 2) / 2
    if alpha > 1:
        gap = np.arctan2(-t * (1 + beta), 1 - beta * t**2)
        return _Angles((np.pi - gap) / alpha, gap, np.pi / 2 - np.arctan(beta * t) / alpha, log_cos)
    full = np.arctan2(t * (1 + beta), 1 - beta * t**2)
    rest = np.arctan2(t * (1 - beta), 1 + beta * t**2) / alpha
    return _Angles(full / alpha, np.pi - full, rest, log_cos)


def _integral(s, alpha, beta, log_kernel) -> np.ndarray:
    """Integral over tau of exp(u - e^u) times a kernel of the angle, for each s."""
    angles = _angles(alpha, beta)
    W, slope = _angle_part(alpha, angles)
    mix = _mix(alpha)
    tilt = (alpha - 1) * mix
    line = tilt * ANGLES - W  # equals alpha log s - (alpha - 1) tau, increasing in y
    kernel = log_kernel(angles.length, slope, tilt + slope)
    inverse = CubicSpline(line, np.stack([ANGLES, kernel], axis=-1))
    level = alpha * np.log(s)[:, None]
    ends = np.array([-DEPTH * max(alpha, min(1 / alpha, 2)), TOP])
    ends = ends - mix * np.interp(level - (alpha - 1) * ends, -W, ANGLES)
    width = ends[:, 1] - ends[:, 0]
    count = int(width.max() / min(0.4, alpha)) + 2
    tau = ends[:, :1] + width[:, None] * np.linspace(0, 1, count)
    y, log_weight = np.moveaxis(inverse(level - (alpha - 1) * tau), -1, 0)
    u = tau + mix * y
    return np.exp(u - np.exp(u) + log_weight).sum(axis=1) * width / (count - 1)


def _mix(alpha) -> float:
    """The factor of y in tau; smaller at small alpha, where y has a wider range."""
    return 1.0 if alpha > 1 else -min(1.0, alpha / (1 - alpha)) if alpha < 1 else 0.0


def _angle_part(alpha, angles) -> tuple[np.ndarray, np.ndarray]:
    """W and -dW/dy at ANGLES; above L / 2 from the angle's complement, to avoid cancellation."""
    phi, complement = angles.length * expit(ANGLES), angles.length * expit(-ANGLES)
    early = ANGLES < 0
    first = np.where(early, angles.rest + phi, complement)  # pi/2 - |theta| up to pi, whose sine is cos(theta)
    inner = np.where(early, alpha * phi, angles.gap + alpha * complement)  # alpha phi, or pi minus it
    outer = np.where(early, angles.rest + (1 - alpha) * phi, angles.gap + (alpha - 1) * complement)
    W = angles.log_cos + np.log(np.sin(first)) - alpha * np.log(np.sin(inner)) + (alpha - 1) * np.log(np.sin(outer))
    sign = np.where(early, 1, -1)
    steepness = -sign / np.tan(first) + (alpha - 1) ** 2 / np.tan(outer) + sign * alpha**2 / np.tan(inner)
    return W, steepness * phi * complement / angles.length


def _log_density_kernel(length, slope, total) -> np.ndarray:
    """Logarithm of dphi/dy over the derivative of the line."""
    log_jacobian = np.log(length) - np.logaddexp(0, ANGLES) - np.logaddexp(0, -ANGLES)
    return log_jacobian - np.log(total)


def _log_survival_kernel(length, slope, total) -> np.ndarray:
    """Logarithm of (L - phi) du/dtau."""
    return np.log(length) - np.logaddexp(0, ANGLES) + np.log(np.maximum(slope, 1e-300) / total)
