"""The likelihood of a window's steps as a function of a model's parameters: its maximum and profile intervals.

It is evaluated on grids that close in on where it is not far below its maximum, whatever its shape; on the last of them
it is interpolated by splines.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import make_interp_spline

from sgdwalk.trajectory import toeplitz_likelihood
from sgdwalk.trajectory.toeplitz_likelihood import Inverses
from sgdwalk.trajectory.walk_models import Model, Parameter

POINTS = {0: 1, 1: 25, 2: 13}  # of a grid along each parameter, by the number of these
KEPT = 6.0  # log likelihood below the maximum up to which a grid is kept
MARGIN = 2  # points beyond those that are kept, on each side
SHRINKS = 0.8  # a grid that does not become smaller by this factor is the last
MOST = 30  # grids
FINE = 201  # points along each parameter at which the splines are evaluated
DROP = 1.9207  # of a profile likelihood at the ends of a 95 % interval, half the quantile of chi-square


@dataclass(frozen=True)
class Steps:
    """What the likelihood needs of a window: dot products of its steps [n, n] and their diagonal sums.

    drift: whether a constant drift is projected out.
    """

    products: np.ndarray
    sums: np.ndarray
    drift: bool

    def step_variance(self, of: Inverses) -> np.ndarray:
        """D s^2 [matrix] for covariances with these inverses."""
        return toeplitz_likelihood.step_variance(self.sums, self.products, of, self.drift)

    def log_likelihood(self, of: Inverses) -> np.ndarray:
        """Log L / D [matrix]."""
        return toeplitz_likelihood.log_likelihood(self.step_variance(of), of, self.drift)


def steps_of(products: np.ndarray, *, drift: bool) -> Steps:
    """The steps with these dot products; drift: whether a constant one is projected out."""
    return Steps(products, toeplitz_likelihood.diagonal_sums(products), drift)


@dataclass(frozen=True)
class Fit:
    """A model fitted to a window.

    coordinates [parameter]: where the likelihood is largest; values [parameter] of the parameters there, and
    intervals [parameter, 2] from their profile likelihoods. log_likelihood: the largest.
    """

    coordinates: np.ndarray
    values: np.ndarray
    intervals: np.ndarray
    log_likelihood: float


def fit(model: Model, steps: Steps, dimension: float) -> Fit:
    """Maximum of the likelihood of D = `dimension` equal dimensions, and 95 % profile-likelihood intervals.

    A value or interval at the end of a parameter's range is what that stands for (Parameter.ends).
    """
    bounds = model.bounds(len(steps.products))
    axes, values = closing_in(model, steps, dimension, bounds)
    fine = [np.linspace(axis[0], axis[-1], FINE) for axis in axes]
    for k, axis in enumerate(axes):
        values = make_interp_spline(axis, values, k=3, axis=k)(fine[k])
    best = np.unravel_index(values.argmax(), values.shape)
    found = np.array([axis[k] for axis, k in zip(fine, best, strict=True)])
    intervals, estimates = np.empty((len(axes), 2)), np.empty(len(axes))
    for k, parameter in enumerate(model.parameters):
        intervals[k] = profile_interval(parameter, fine[k], profile(values, k), bounds[k])
        estimates[k] = value_at(parameter, found[k], bounds[k])
    return Fit(found, estimates, intervals, float(values.max()))


def closing_in(model: Model, steps: Steps, dimension: float, bounds: np.ndarray) -> tuple[tuple, np.ndarray]:
    """(axes, log likelihood on their grid) of the grid on which the likelihood is within KEPT of its maximum."""
    size = len(steps.products)
    axes = first_axes(model, size)
    for k in range(MOST):
        of = first_inverses(model, size) if k == 0 else grid_inverses(model, axes, size)
        values = dimension * steps.log_likelihood(of).reshape([len(axis) for axis in axes])
        closer = tuple(kept_axis(axes[j], profile(values, j), bounds[j]) for j in range(len(axes)))
        if k == MOST - 1 or all(alike(new, old) for new, old in zip(closer, axes, strict=True)):
            return axes, values
        axes = closer


def first_axes(model: Model, size: int) -> tuple[np.ndarray, ...]:
    """The whole range of each parameter."""
    bounds = model.bounds(size)
    return tuple(np.linspace(*ends, POINTS[len(bounds)]) for ends in bounds)


@lru_cache(maxsize=8)
def first_inverses(model: Model, size: int) -> Inverses:
    """Those of first_axes, which all windows share."""
    return grid_inverses(model, first_axes(model, size), size)


def grid_inverses(model: Model, axes: tuple[np.ndarray, ...], size: int) -> Inverses:
    """Inverses of the covariances on the grid of these axes, in the order of its points."""
    return toeplitz_likelihood.inverses(model.covariances(grid_points(axes), size))


def grid_points(axes: tuple[np.ndarray, ...]) -> np.ndarray:
    """Coordinates [point, parameter] of the grid of these axes; a single point without parameters."""
    grid = np.meshgrid(*axes, indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, len(axes)) if axes else np.zeros((1, 0))


def profile(values: np.ndarray, axis: int) -> np.ndarray:
    """Largest value along one axis of a grid, over all others."""
    return values.max(axis=tuple({*range(values.ndim)} - {axis}))


def kept_axis(axis: np.ndarray, values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The axis of the next grid: about the points that are kept, or as long as before where these end with the grid."""
    kept = np.flatnonzero(values > values.max() - KEPT)
    low, high = axis[kept[[0, -1]]] + np.array([-MARGIN, MARGIN]) * (axis[1] - axis[0])
    if (kept[0] == 0 and axis[0] > ends[0]) or (kept[-1] == len(axis) - 1 and axis[-1] < ends[1]):
        length = max(high - low, axis[-1] - axis[0])
        low, high = axis[values.argmax()] + np.array([-length, length]) / 2
    return np.linspace(max(low, ends[0]), min(high, ends[1]), len(axis))


def alike(new: np.ndarray, old: np.ndarray) -> bool:
    """Whether a grid lies within another one and is hardly shorter."""
    inside = new[0] >= old[0] and new[-1] <= old[-1]
    return bool(inside and new[-1] - new[0] > SHRINKS * (old[-1] - old[0]))


def profile_interval(parameter: Parameter, axis: np.ndarray, values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """[2]: where the profile likelihood on a fine axis falls DROP below its maximum, as values of the parameter."""
    inside = np.flatnonzero(values >= values.max() - DROP)
    found = []
    for here, beyond in ((inside[0], inside[0] - 1), (inside[-1], inside[-1] + 1)):
        place = axis[here]
        if 0 <= beyond < len(axis):
            share = (values[here] - values.max() + DROP) / (values[here] - values[beyond])
            place += share * (axis[beyond] - axis[here])
        found.append(value_at(parameter, place, ends))
    return np.array(found)


def value_at(parameter: Parameter, coordinate: float, bounds: np.ndarray) -> float:
    """The value of a parameter at a coordinate; at an end of its range what that stands for."""
    for end, bound in zip(parameter.ends, bounds, strict=True):
        if np.isclose(coordinate, bound):
            return end
    return float(parameter.value(coordinate))
