"""Numerics of the symmetric stable law: log-density and log-survival of z >= 0 as splines, for one alpha.

Zolotarev's integral over an angle theta in (0, pi/2) (Nolan 1997, doi 10.1080/15326349708807450), with u
the logarithm of its exponent and W the angle's part of it:

    (alpha - 1) u = alpha log z + W(theta),   W = log cos(theta) - alpha log sin(alpha theta)
                                                  + (alpha - 1) log cos((alpha - 1) theta),
    f(z) = alpha / (pi z) integral exp(u - e^u) / |W'(theta(u))| du,
    P(Z > z) = 1 / pi integral exp(u - e^u) (pi/2 - theta(u)) du,

which holds for every alpha, 1 included. theta enters as y = logit(theta / (pi/2)). For alpha > 1 the
variable of integration is tau = u - (alpha - 1) y: it stays smooth where theta(u) gets steep, near alpha 2.
The trapezoid rule in tau converges exponentially.
"""

import numpy as np
from scipy.interpolate import BSpline, CubicSpline, make_interp_spline
from scipy.special import expit, gamma, gammaln, log_ndtr

ALPHA_MIN, ALPHA_MAX = 0.3, 2.0  # the range in which the numerics are tested
HALF_PI = np.pi / 2
ANGLES = 3 * np.sinh(np.linspace(-6, 6, 1200))  # y: dense where theta bends, out to 1e-260 at either end
DEPTH, TOP = 20.0, 4.6  # u from -DEPTH max(alpha, 1/alpha) to TOP holds the integrand to 1e-9 of its mass


def density_integral(z, alpha: float) -> np.ndarray:
    """f(z) for z > 0 by quadrature; alpha < 2."""
    return alpha / (np.pi * z) * _integral(z, alpha, _log_density_kernel)


def survival_integral(z, alpha: float) -> np.ndarray:
    """P(Z > z) for z > 0 by quadrature; alpha < 2."""
    return _integral(z, alpha, _log_survival_kernel) / np.pi


def _integral(z, alpha, log_kernel) -> np.ndarray:
    """Integral over tau of exp(u - e^u) times a kernel of the angle, for each z."""
    W, slope = _angle_part(alpha)
    shift = max(alpha - 1, 0.0)
    line = shift**2 * ANGLES - W  # equals alpha log z - (alpha - 1) tau, increasing in y
    inverse = CubicSpline(line, np.stack([ANGLES, log_kernel(slope, shift**2 + slope)], axis=-1))
    level = alpha * np.log(z)[:, None]
    ends = np.array([-DEPTH * max(alpha, 1 / alpha), TOP])
    ends = ends - shift * np.interp(level - (alpha - 1) * ends, -W, ANGLES)
    width = ends[:, 1] - ends[:, 0]
    count = int(width.max() / min(0.4, 0.8 * alpha)) + 2
    tau = ends[:, :1] + width[:, None] * np.linspace(0, 1, count)
    y, log_weight = np.moveaxis(inverse(level - (alpha - 1) * tau), -1, 0)
    u = tau + shift * y
    return np.exp(u - np.exp(u) + log_weight).sum(axis=1) * width / (count - 1)


def _angle_part(alpha) -> tuple[np.ndarray, np.ndarray]:
    """W and -dW/dy at ANGLES; near pi/2 from the complements of the angles, so that nothing cancels."""
    theta, complement = HALF_PI * expit(ANGLES), HALF_PI * expit(-ANGLES)
    gap = (2 - alpha) * HALF_PI
    early = ANGLES < 0
    inner = np.where(early, alpha * theta, gap + alpha * complement)  # alpha theta, or pi minus it
    outer = gap + (alpha - 1) * complement  # pi/2 - (alpha - 1) theta
    W = np.log(np.sin(complement)) - alpha * np.log(np.sin(inner)) + (alpha - 1) * np.log(np.sin(outer))
    steepness = 1 / np.tan(complement) + (alpha - 1) ** 2 / np.tan(outer)
    steepness += np.where(early, 1, -1) * alpha**2 / np.tan(inner)
    return W, steepness * theta * complement / HALF_PI


def _log_density_kernel(slope, total) -> np.ndarray:
    """Logarithm of dtheta/dy over the derivative of the line."""
    log_jacobian = np.log(HALF_PI) - np.logaddexp(0, ANGLES) - np.logaddexp(0, -ANGLES)
    return log_jacobian - np.log(total)


def _log_survival_kernel(slope, total) -> np.ndarray:
    """Logarithm of (pi/2 - theta) du/dtau."""
    return np.log(HALF_PI) - np.logaddexp(0, ANGLES) + np.log(np.maximum(slope, 1e-300) / total)


class Curve:
    """A function of |z|: a quintic spline in q = asinh(z / core), a power law beyond its last node."""

    def __init__(self, alpha: float, values, left, exponent: float):
        """values(z) at nodes z >= 0; left: two end conditions at 0 as (order, derivative in q)."""
        self.core, self.exponent = core(alpha), exponent
        q = _nodes(alpha)
        ends = (left, [(1, exponent), (2, 0.0)])
        self.spline: BSpline = make_interp_spline(q, values(self.core * np.sinh(q)), k=5, bc_type=ends)
        self.last = q[-1]

    def __call__(self, z) -> np.ndarray:
        """Value at z >= 0."""
        q = np.arcsinh(z / self.core)
        inside = np.minimum(q, self.last)
        return self.spline(inside) + self.exponent * (q - inside)

    def slope(self, z) -> np.ndarray:
        """First derivative in z."""
        return self.spline(self._inside(z), 1) / np.hypot(z, self.core)

    def bend(self, z) -> np.ndarray:
        """Second derivative in z."""
        stretch = 1 / np.hypot(z, self.core)
        q = self._inside(z)
        return (self.spline(q, 2) - self.spline(q, 1) * z * stretch) * stretch**2

    def _inside(self, z) -> np.ndarray:
        return np.minimum(np.arcsinh(z / self.core), self.last)


class GaussCurve:
    """The log-density of alpha 2, whose tail no power law continues."""

    def __call__(self, z) -> np.ndarray:
        """Value at z."""
        return -(z**2) / 4 - np.log(2 * np.sqrt(np.pi))

    def slope(self, z) -> np.ndarray:
        """First derivative in z."""
        return -z / 2

    def bend(self, z) -> np.ndarray:
        """Second derivative in z."""
        return np.full_like(z, -0.5)


def core(alpha: float) -> float:
    """Width of the centre: w in f(z) = f(0) (1 - (z / w)^2 + ...), less below alpha 1.

    There the series at 0 only is asymptotic and the density bends long before z = w.
    """
    return min(alpha, 1.0) ** 2 * np.exp((np.log(2) + gammaln(1 / alpha) - gammaln(3 / alpha)) / 2)


def _nodes(alpha) -> np.ndarray:
    """Nodes in q: dense over the bend from Gaussian to power law, out to where the latter rules."""
    end = np.log(2 / core(alpha)) + 9 * np.log(10) / alpha
    bend = np.arcsinh(16 / core(alpha))
    if alpha < 1.5:
        return np.linspace(0, end, int(end / 0.1))
    return np.concatenate([np.arange(0, bend, 0.014), np.linspace(bend, end, 90)])


def log_density(alpha: float) -> Curve | GaussCurve:
    """Curve of log f(z), z >= 0."""
    if alpha == 2:
        return GaussCurve()
    peak = gamma(1 + 1 / alpha) / np.pi

    def values(z):
        return np.log(np.concatenate([[peak], density_integral(z[1:], alpha)]))

    return Curve(alpha, values, [(1, 0.0), (3, 0.0)], -alpha - 1)


def log_survival(alpha: float):
    """Curve of log P(Z > z), z >= 0."""
    if alpha == 2:
        return lambda z: log_ndtr(-z / np.sqrt(2))
    start = -2 * gamma(1 + 1 / alpha) / np.pi * core(alpha)

    def values(z):
        return np.log(np.concatenate([[0.5], survival_integral(z[1:], alpha)]))

    return Curve(alpha, values, [(1, start), (2, -(start**2))], -alpha)
