"""The symmetric stable law's log-likelihood in (alpha, log scale, location): derivatives and maximum."""

from dataclasses import dataclass

import numpy as np

from sgdwalk import stable_law
from sgdwalk.stable_law import ALPHA_MAX, ALPHA_MIN

STEP = 1e-3  # in alpha, of the differences
STRIDE = np.array([0.5, 2.0, 2.0])  # longest step of the search in (alpha, log scale, location)
GAIN = 1e-6  # expected rise of the log-likelihood at which the search ends


@dataclass(frozen=True)
class Expansion:
    """The log-likelihood about a point (alpha, log scale, location).

    value is the sum over x, scores [n, 3] the first derivatives of each observation's part. information
    [3, 3] is minus the second derivative of the sum, or the sum of squared scores where that is not positive.
    """

    point: np.ndarray
    value: float
    scores: np.ndarray
    information: np.ndarray

    @property
    def free(self) -> np.ndarray:
        """Indices of the parameters that no edge of alpha holds."""
        push = self.scores[:, 0].sum()
        held = (self.point[0] >= ALPHA_MAX and push >= 0) or (self.point[0] <= ALPHA_MIN and push <= 0)
        return np.arange(1 if held else 0, 3)


def expand(x, point) -> Expansion:
    """Expansion at a point; in alpha by differences of f, kept off its edges: f is nearly linear there."""
    alpha, scale = point[0], np.exp(point[1])
    z = (x - point[2]) / scale
    size, sign = np.abs(z), np.sign(z)
    middle = np.clip(alpha, ALPHA_MIN + STEP, ALPHA_MAX - STEP)
    curves = [stable_law.log_density(a) for a in (middle - STEP, middle, middle + STEP)]
    curve = curves[1] if alpha == middle else stable_law.log_density(alpha)
    density = curve(size)
    with np.errstate(over="ignore", invalid="ignore"):  # a Gaussian tried on outliers; its value is refused
        below, at, above = (np.exp(c(size) - density) for c in curves)
        f_aa = (above - 2 * at + below) / STEP**2
        f_a = (above - below) / (2 * STEP)
        f_az = sign * (above * curves[2].slope(size) - below * curves[0].slope(size)) / (2 * STEP)
        l_z, l_zz = sign * curve.slope(size), curve.bend(size)
        l_aa, l_az = f_aa - f_a**2, f_az - f_a * l_z
        scores = np.stack([f_a, -l_z * z - 1, -l_z / scale], axis=1)
        second = _symmetric(
            l_aa, -z * l_az, -l_az / scale, l_zz * z**2 + l_z * z, (l_zz * z + l_z) / scale, l_zz / scale**2
        )
        information = _positive(-second, scores)
    return Expansion(point, density.sum() - len(x) * point[1], scores, information)


def _symmetric(aa, as_, am, ss, sm, mm) -> np.ndarray:
    """Sums of the upper triangle's terms as a matrix."""
    aa, as_, am, ss, sm, mm = (term.sum() for term in (aa, as_, am, ss, sm, mm))
    return np.array([[aa, as_, am], [as_, ss, sm], [am, sm, mm]])


def _positive(information, scores) -> np.ndarray:
    if np.isfinite(information).all() and np.linalg.eigvalsh(information)[0] > 0:
        return information
    return scores.T @ scores


def maximise(x, start) -> tuple[Expansion, bool]:
    """Newton's method with shortened steps, alpha inside its edges: its last point, and if it is a maximum.

    Raises LinAlgError where the likelihood has no curvature in some direction.
    """
    best = expand(x, start)
    for _ in range(50):
        free = best.free
        gradient = best.scores.sum(axis=0)[free]
        step = np.zeros(3)
        step[free] = np.linalg.solve(best.information[np.ix_(free, free)], gradient)
        if gradient @ step[free] < GAIN:
            return best, True
        step /= max(1.0, np.abs(step / STRIDE).max())
        trial = _try(x, best.point, step)
        while not trial.value > best.value and np.abs(step).max() > 1e-9:
            step /= 4
            trial = _try(x, best.point, step)
        if not trial.value > best.value:
            return best, False
        best = trial
    return best, False


def _try(x, point, step) -> Expansion:
    point = point + step
    return expand(x, np.array([np.clip(point[0], ALPHA_MIN, ALPHA_MAX), *point[1:]]))
