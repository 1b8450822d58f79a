"""The stable law's log-likelihood in (alpha, [beta,] log scale, location): derivatives and maximum."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sgdwalk import stable_law, stable_skew
from sgdwalk.stable_integral import ALPHA_MAX, ALPHA_MIN

STEP, WIDE = 5e-4, 4e-3  # of the differences: in alpha of the symmetric law, in alpha and beta of the general one
GAIN = 1e-6  # expected rise of the log-likelihood at which a search ends
SHORTEST = 1e-6  # step below which the search gives up
STALL = 0.01  # the same where no step rises: at an edge the differences are taken beside it
# Edges of the parameters and longest steps of the search, with and without beta.
LOW = {3: np.array([ALPHA_MIN, -np.inf, -np.inf]), 4: np.array([ALPHA_MIN, -1, -np.inf, -np.inf])}
HIGH = {3: np.array([ALPHA_MAX, np.inf, np.inf]), 4: np.array([ALPHA_MAX, 1, np.inf, np.inf])}
STRIDE = {3: np.array([0.5, 2.0, 2.0]), 4: np.array([0.3, 0.4, 2.0, 2.0])}


@dataclass(frozen=True)
class Expansion:
    """The log-likelihood about a point: (alpha, log scale, location), or (alpha, beta, log scale, location).

    value is the sum over x, scores [n, parameter] the first derivatives of each observation's part, second
    [parameter, parameter] the second derivative of the sum.
    """

    point: np.ndarray
    value: float
    scores: np.ndarray
    second: np.ndarray

    @property
    def free(self) -> np.ndarray:
        """Indices of the parameters that no edge holds; beta is held at alpha 2, where it means nothing."""
        push, count = self.scores.sum(axis=0), len(self.point)
        held = (self.point >= HIGH[count]) & (push >= 0) | (self.point <= LOW[count]) & (push <= 0)
        if count == 4 and self.point[0] >= ALPHA_MAX:
            held[1] = True
        return np.flatnonzero(~held)

    def information(self, chosen) -> np.ndarray:
        """Minus the second derivative in the chosen parameters, or the sum of squared scores if not positive."""
        part = -self.second[np.ix_(chosen, chosen)]
        if np.isfinite(part).all() and np.linalg.eigvalsh(part)[0] > 0:
            return part
        scores = self.scores[:, chosen]
        return scores.T @ scores


@dataclass(frozen=True)
class _Shape:
    """Derivatives of log f at z: l_z, l_zz, and in the shape parameters i, j: first l_i, second l_ij, mixed l_iz."""

    density: np.ndarray
    slope: np.ndarray
    bend: np.ndarray
    first: list[np.ndarray]
    second: list[list[np.ndarray]]
    mixed: list[np.ndarray]


def expand(x, point) -> Expansion:
    """Expansion at a point; in alpha and beta by differences of f, kept off their edges: f is nearly linear there."""
    scale = np.exp(point[-2])
    z = (x - point[-1]) / scale
    with np.errstate(over="ignore", invalid="ignore"):  # a Gaussian tried on outliers; its value is refused
        shape = _symmetric_shape(z, point[0]) if len(point) == 3 else _skew_shape(z, point[0], point[1])
        scores, second = _assemble(z, scale, shape)
    return Expansion(point, shape.density.sum() - len(x) * point[-2], scores, second)


def _symmetric_shape(z, alpha) -> _Shape:
    size, sign = np.abs(z), np.sign(z)
    middle = np.clip(alpha, ALPHA_MIN + STEP, ALPHA_MAX - 2 * STEP)
    curves = stable_law.near(middle).curves([middle - STEP, middle, middle + STEP])
    values, (slopes, bends) = curves(size).T, (part.T for part in curves.derivatives(size))
    density, slope, bend = values[1], slopes[1], bends[1]
    if alpha != middle:
        curve = stable_law.log_density(alpha)
        density, (slope, bend) = curve(size), curve.derivatives(size)
    below, at, above = np.exp(values - density)
    l_a = (above - below) / (2 * STEP)
    l_aa = (above - 2 * at + below) / STEP**2 - l_a**2
    l_az = sign * ((above * slopes[2] - below * slopes[0]) / (2 * STEP) - l_a * slope)
    return _Shape(density, sign * slope, bend, [l_a], [[l_aa]], [l_az])


def _skew_shape(z, alpha, beta) -> _Shape:
    a = float(np.clip(alpha, ALPHA_MIN + WIDE, ALPHA_MAX - 2 * WIDE))
    b = float(np.clip(beta, -1 + WIDE, 1 - WIDE))
    curve = stable_skew.log_density(float(alpha), float(beta))
    density, (slope, bend) = curve(z), curve.derivatives(z)
    around = [(a, b), (a - WIDE, b), (a + WIDE, b), (a, b - WIDE), (a, b + WIDE), (a + WIDE, b + WIDE)]
    curves = [stable_skew.log_density(*pair) for pair in around]
    at, a_low, a_high, b_low, b_high, both = f = [np.exp(c(z) - density) for c in curves]
    f_z = [ratio * c.derivatives(z)[0] for ratio, c in zip(f, curves, strict=True)]
    first = [(a_high - a_low) / (2 * WIDE), (b_high - b_low) / (2 * WIDE)]
    mixed = [(f_z[2] - f_z[1]) / (2 * WIDE) - first[0] * slope, (f_z[4] - f_z[3]) / (2 * WIDE) - first[1] * slope]
    l_aa = (a_high - 2 * at + a_low) / WIDE**2 - first[0] ** 2
    l_bb = (b_high - 2 * at + b_low) / WIDE**2 - first[1] ** 2
    l_ab = (both - a_high - b_high + at) / WIDE**2 - first[0] * first[1]
    return _Shape(density, slope, bend, first, [[l_aa, l_ab], [l_ab, l_bb]], mixed)


def _assemble(z, scale, shape) -> tuple[np.ndarray, np.ndarray]:
    """Scores [n, parameter] and the sum of second derivatives [parameter, parameter]."""
    l_z, l_zz = shape.slope, shape.bend
    scores = np.stack([*shape.first, -l_z * z - 1, -l_z / scale], axis=1)
    cross = (l_zz * z + l_z) / scale
    rows = [[*row, -z * m, -m / scale] for row, m in zip(shape.second, shape.mixed, strict=True)]
    rows.append([*(-z * m for m in shape.mixed), (l_zz * z + l_z) * z, cross])
    rows.append([*(-m / scale for m in shape.mixed), cross, l_zz / scale**2])
    return scores, np.array([[entry.sum() for entry in row] for row in rows])


def maximise(x, start, gain: float = GAIN, expand: Callable = expand) -> tuple[Expansion, bool]:
    """Newton's method with shortened steps, inside the edges: its last point, and if it is a maximum.

    The search ends where the log-likelihood is expected to rise by less than gain.

    Raises LinAlgError where the likelihood has no curvature in some direction.
    """
    best = expand(x, start)
    for _ in range(50):
        free = best.free
        gradient = best.scores.sum(axis=0)[free]
        step = np.zeros(len(start))
        step[free] = np.linalg.solve(best.information(free), gradient)
        rise = gradient @ step[free]
        if rise < gain:
            return best, True
        step /= max(1.0, np.abs(step / STRIDE[len(start)]).max())
        trial = _try(x, best.point, step, expand)
        while not trial.value > best.value and np.abs(step).max() > SHORTEST:
            step /= 4
            trial = _try(x, best.point, step, expand)
        if not trial.value > best.value:
            return best, bool(rise < STALL)
        best = trial
    return best, False


def _try(x, point, step, expand) -> Expansion:
    return expand(x, np.clip(point + step, LOW[len(point)], HIGH[len(point)]))
