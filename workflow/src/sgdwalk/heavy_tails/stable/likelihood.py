"""The stable law's log-likelihood in (alpha, [beta,] log scale, location): derivatives and maximum."""

from dataclasses import dataclass

import numpy as np

from sgdwalk.heavy_tails.stable import skewed, symmetric
from sgdwalk.heavy_tails.stable.integral import ALPHA_MAX, ALPHA_MIN, centre

STEP, WIDE = 5e-4, 2e-3  # of the differences: in alpha of the symmetric law, in alpha and beta of the general one
GAIN = 1e-6  # expected rise of the log-likelihood at which a search ends
SHORTEST = 1e-6  # step below which the search gives up
STALL = 0.01  # expected rise that is accepted where no step rises: near an edge differences are taken beside it
BESIDE = 4 * WIDE  # distance from alpha 2 within which those differences can point to where no step rises
CLOSE = 0.1  # distance within which beta may step onto its edge
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
        """Indices of the parameters that are not fixed at an edge; beta is fixed at alpha 2, where it has no effect."""
        push, count = self.scores.sum(axis=0), len(self.point)
        held = (self.point >= HIGH[count]) & (push >= 0) | (self.point <= LOW[count]) & (push <= 0)
        if count == 4 and self.point[0] >= ALPHA_MAX:
            held[1] = True
        return np.flatnonzero(~held)

    def information(self, chosen) -> np.ndarray:
        """Minus the second derivative in the chosen parameters, or the sum of squared scores if it is not definite."""
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
    """Expansion of the log-likelihood of x [n] at a point.

    Derivatives in alpha and beta are finite differences of f, taken inside the edges, near which f is almost linear.
    """
    if _peaked(point):
        return turned(_expand(x, _moved(point, 1)), -1)
    return _expand(x, point)


def _expand(x, point) -> Expansion:
    """Expansion at a point, whose last entry is the position of the peak where the law is peaked."""
    scale = np.exp(point[-2])
    z = (x - point[-1]) / scale
    with np.errstate(over="ignore", invalid="ignore"):  # a Gaussian on outliers, whose value is rejected
        shape = _symmetric_shape(z, point[0]) if len(point) == 3 else _skew_shape(z, point[0], point[1])
        scores, second = _assemble(z, scale, shape)
    return Expansion(point, shape.density.sum() - len(x) * point[-2], scores, second.sum(axis=2))


def expand_blocks(x, point, labels) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the first [block, parameter] and second derivatives [block, parameter, parameter] within blocks of x [n].

    point: of a symmetric law. labels [n]: block of each observation, 0, 1, ...
    """
    scale = np.exp(point[-2])
    z = (x - point[-1]) / scale
    scores, second = _assemble(z, scale, _symmetric_shape(z, point[0]))
    first = np.stack([np.bincount(labels, column) for column in scores.T], axis=1)
    return first, np.stack([[np.bincount(labels, entry) for entry in row] for row in second]).transpose(2, 0, 1)


def _peaked(point) -> bool:
    """Whether the location is replaced by the position of the peak, location + scale zeta.

    At small alpha the peak at zeta is far narrower than zeta shifts with alpha and beta: the ridge of the likelihood
    is curved in the location and straight in the peak's position. Toward alpha 1 zeta grows without bound.
    """
    return len(point) == 4 and point[0] < skewed.SINGULAR


def _moved(point, sign: int) -> np.ndarray:
    """The point with the peak's position instead of the location (sign 1), or the reverse (sign -1)."""
    return np.append(point[:-1], point[-1] + sign * np.exp(point[-2]) * centre(*point[:2]))


def turned(expansion: Expansion, sign: int) -> Expansion:
    """The expansion in the peak's position instead of the location (sign 1), or the reverse (sign -1)."""
    first, second = _distance(expansion.point)
    jacobian = np.eye(4)
    jacobian[3] -= sign * first
    bent = jacobian.T @ expansion.second @ jacobian - sign * expansion.scores[:, 3].sum() * second
    return Expansion(_moved(expansion.point, sign), expansion.value, expansion.scores @ jacobian, bent)


def _distance(point) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivatives of scale zeta = -scale beta tan(pi alpha / 2) in the point's four parameters."""
    alpha, beta, scale = point[0], point[1], np.exp(point[2])
    t = np.tan(np.pi / 2 * alpha)
    rise = np.pi / 2 * (1 + t**2)
    a, b, c = -scale * beta * rise, -scale * t, -scale * beta * t
    second = [[np.pi * t * a, -scale * rise, a, 0], [-scale * rise, 0, b, 0], [a, b, c, 0], [0, 0, 0, 0]]
    return np.array([a, b, c, 0]), np.array(second)


def _symmetric_shape(z, alpha) -> _Shape:
    size, sign = np.abs(z), np.sign(z)
    middle = np.clip(alpha, ALPHA_MIN + STEP, ALPHA_MAX - 2 * STEP)
    curves = symmetric.near(middle).curves([middle - STEP, middle, middle + STEP])
    values, (slopes, bends) = curves(size).T, (part.T for part in curves.derivatives(size))
    density, slope, bend = values[1], slopes[1], bends[1]
    if alpha != middle:
        curve = symmetric.log_density(alpha)
        density, (slope, bend) = curve(size), curve.derivatives(size)
    below, at, above = np.exp(values - density)
    l_a = (above - below) / (2 * STEP)
    l_aa = (above - 2 * at + below) / STEP**2 - l_a**2
    l_az = sign * ((above * slopes[2] - below * slopes[0]) / (2 * STEP) - l_a * slope)
    return _Shape(density, sign * slope, bend, [l_a], [[l_aa]], [l_az])


def _skew_shape(z, alpha, beta) -> _Shape:
    """Derivatives at z, or at the distance z from the peak where the law is peaked.

    Differences in alpha are taken at beta itself, also at its edge, where f differs from f beside it.
    """
    a = float(np.clip(alpha, ALPHA_MIN + WIDE, ALPHA_MAX - 2 * WIDE))
    b = float(np.clip(beta, -1 + WIDE, 1 - WIDE))
    alpha, beta, high = float(alpha), float(beta), WIDE if beta > 0 else -WIDE  # high: toward the nearer edge
    in_alpha = [(a - WIDE, beta), (a, beta), (a + WIDE, beta)]
    in_beta = [(a, b - high), (a, b), (a, b + high)]
    in_both = [(a + WIDE, b), (a + WIDE, b + high)]
    peaked = alpha < skewed.SINGULAR
    laws = {pair: _log_density(z, *pair, peaked) for pair in {(alpha, beta), *in_alpha, *in_beta, *in_both}}
    density, slope, bend = laws[alpha, beta]
    f = {pair: np.exp(law[0] - density) for pair, law in laws.items()}
    f_z = {pair: f[pair] * laws[pair][1] for pair in [*in_alpha, *in_beta]}

    def first(of, low, _, up, width):
        return (of[up] - of[low]) / (2 * width)

    def second(low, middle, up):
        return (f[up] - 2 * f[middle] + f[low]) / WIDE**2

    l_a, l_b = first(f, *in_alpha, WIDE), first(f, *in_beta, high)
    mixed = [first(f_z, *in_alpha, WIDE) - l_a * slope, first(f_z, *in_beta, high) - l_b * slope]
    across = (f[in_both[1]] - f[in_both[0]] - f[in_beta[2]] + f[in_beta[1]]) / (WIDE * high)
    l_aa, l_ab, l_bb = second(*in_alpha) - l_a**2, across - l_a * l_b, second(*in_beta) - l_b**2
    return _Shape(density, slope, bend, [l_a, l_b], [[l_aa, l_ab], [l_ab, l_bb]], mixed)


def _log_density(z, alpha, beta, peaked: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-density with its first and second derivatives at z, or at z from the peak."""
    curve = skewed.log_density(alpha, beta)
    z = z + centre(alpha, beta) if peaked else z
    return curve(z), *curve.derivatives(z)


def _assemble(z, scale, shape) -> tuple[np.ndarray, np.ndarray]:
    """Scores [n, parameter] and second derivatives [parameter, parameter, n]."""
    l_z, l_zz = shape.slope, shape.bend
    scores = np.stack([*shape.first, -l_z * z - 1, -l_z / scale], axis=1)
    cross = (l_zz * z + l_z) / scale
    rows = [[*row, -z * m, -m / scale] for row, m in zip(shape.second, shape.mixed, strict=True)]
    rows.append([*(-z * m for m in shape.mixed), (l_zz * z + l_z) * z, cross])
    rows.append([*(-m / scale for m in shape.mixed), cross, l_zz / scale**2])
    return scores, np.array([[np.broadcast_to(entry, z.shape) for entry in row] for row in rows])


def maximise(x, start, gain: float = GAIN) -> tuple[Expansion, bool]:
    """Newton's method with shortened steps, inside the edges: (last expansion, whether it is a maximum).

    x [n]: sorted or not. start: the first point. The search ends where the log-likelihood is expected to rise by
    less than gain. Where the law is peaked, steps are straight in the peak's position. A step is first tried on the
    log-likelihood alone, at a sixth of the cost of an expansion. A search for a general law that is stuck within
    BESIDE of alpha 2 ends there or at 2, whichever is likelier. LinAlgError where the likelihood has no curvature
    in some direction.
    """
    best = expand(x, start)
    for _ in range(50):
        peaked = _peaked(best.point)
        view = turned(best, 1) if peaked else best
        free = view.free
        gradient = view.scores.sum(axis=0)[free]
        step = np.zeros(len(start))
        step[free] = np.linalg.solve(view.information(free), gradient)
        rise = gradient @ step[free]
        if rise < gain:
            return best, True
        step /= max(1.0, np.abs(step / STRIDE[len(start)]).max())
        trial = _stepped(view.point, step, peaked)
        while not (better := _value(x, trial) > best.value) and np.abs(step).max() > SHORTEST:
            step /= 4
            trial = _stepped(view.point, step, peaked)
        if not better and len(start) == 4 and best.point[0] > ALPHA_MAX - BESIDE:
            return max(best, expand(x, _gaussian(x)), key=lambda found: found.value), True
        if not better:
            return best, bool(rise < STALL)
        best = expand(x, trial)
    return best, False


def _gaussian(x) -> np.ndarray:
    """The point of the likeliest Gaussian."""
    return np.array([ALPHA_MAX, 0.0, np.log(x.std() / np.sqrt(2)), x.mean()])


def _stepped(point, step, peaked: bool) -> np.ndarray:
    """The point a step away, clipped to the edges, with the location as its last entry.

    Beta keeps a quarter of its distance to an edge that is not close: from the edge the search would return slowly.
    """
    low, high = LOW[len(step)].copy(), HIGH[len(step)].copy()
    if len(step) == 4:
        low[1], high[1] = [edge if abs(edge - point[1]) < CLOSE else (3 * edge + point[1]) / 4 for edge in (-1, 1)]
    inside = np.clip(point + step, low, high)
    return _moved(inside, -1) if peaked else inside


def _value(x, point) -> float:
    """The log-likelihood."""
    z = (x - point[-1]) / np.exp(point[-2])
    if len(point) == 3:
        curve, z = symmetric.log_density(point[0]), np.abs(z)
    else:
        curve = skewed.log_density(float(point[0]), float(point[1]))
    with np.errstate(over="ignore"):
        return curve(z).sum() - len(x) * point[-2]
