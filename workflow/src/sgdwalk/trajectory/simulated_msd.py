"""How far the MSD of another walk of the same kind would lie from a window's: deviations of simulated walks.

The walks have Gaussian steps s_t = c_t e_t. The scales c are those of the window's step lengths where these are uneven,
otherwise 1, and 0 for steps of length zero; e is stationary over the steps that are not. Its spectrum is that of
the two power laws fitted to the MSD, its effective dimension D at each frequency that of the window's modes. Where a
window has a drift and, without it, uncorrelated steps, the walks have the same drift and uncorrelated steps.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import toeplitz

from sgdwalk.trajectory import constant_drift, gaussian_walks, mean_squared_displacement, scaling_fits, step_lengths
from sgdwalk.trajectory.distance_geometry import increment_products
from sgdwalk.trajectory.mode_dimension import mode_dimension
from sgdwalk.trajectory.windows import longest_lag

MOST_DIMENSIONS = 8  # that are simulated
FITTED = 0.8  # longest lag of the power laws that are followed, as a share of the window


@dataclass(frozen=True)
class StepModel:
    """Gaussian steps: `scales` [T - 1] times a stationary sequence over the scales that are not zero, plus a drift.

    spectrum: of that sequence, summed over dimensions, as by gaussian_walks.increment_spectrum. dimension: its
    effective dimension at the same frequencies. drift2: squared drift per step.
    """

    spectrum: np.ndarray
    dimension: np.ndarray
    scales: np.ndarray
    drift2: float = 0.0

    def simulated(self) -> "StepModel":
        """The model in `dimensions` equal dimensions whose MSD varies between walks as that of this one.

        The covariance of the MSD at two lags is a sum over frequencies of tr S(f)^2 = (tr S)^2 / D. So many
        equal dimensions have the same covariance if their spectra sum to tr S sqrt(dimensions / D). A drift adds the
        variance 4 lag^2 v' Var v of the mean increment along it, drift2 tr S / D, which the same factor keeps.
        """
        dimensions = int(np.clip(self.dimension.min(), 1, MOST_DIMENSIONS))
        factor = np.sqrt(dimensions / self.dimension)
        alike = np.full_like(self.dimension, dimensions)
        return StepModel(self.spectrum * factor, alike, self.scales, self.drift2 * factor[0])

    def walks(self, copies: int, rng) -> np.ndarray:
        """Walks [copy, step, dimension] of a model whose dimensions are equal, from 0."""
        dimensions, moved = int(self.dimension[0]), self.scales > 0
        steps = np.zeros((copies, len(self.scales), dimensions))
        steps[:, moved] = gaussian_walks.stationary_steps(self.spectrum / dimensions, dimensions, copies, rng)
        steps *= self.scales[:, None]
        steps[..., 0] += np.sqrt(self.drift2)
        return np.concatenate([np.zeros_like(steps[:, :1]), steps.cumsum(1)], axis=1)


@dataclass(frozen=True)
class SimulatedMsd:
    """Relative deviations [copy, lag] of the MSD and of its null from their expectation; start_distance [copy].

    displacements [lag]: the independent ones in the MSD of the window (independent_displacements).
    """

    msd: np.ndarray
    null: np.ndarray
    start: np.ndarray
    displacements: np.ndarray

    def at(self, lags: np.ndarray) -> "SimulatedMsd":
        """The same at some of the lags 1 ... T - 1."""
        of_lags = (self.msd[:, lags - 1], self.null[:, lags - 1], self.start, self.displacements[lags - 1])
        return SimulatedMsd(*of_lags)


@dataclass(frozen=True)
class Expected:
    """Expectation of the MSD and its null [lag], and of end_distances [2]."""

    msd: np.ndarray
    null: np.ndarray
    ends: np.ndarray


def simulate(d2: np.ndarray, copies: int, rng) -> SimulatedMsd:
    """Deviations at lags 1 ... T - 1 of `copies` walks of the same kind as a window of squared distances d2 [T, T].

    At least three of its steps must not be zero.
    """
    model = step_model(d2)
    alike = model.simulated()
    walks = alike.walks(copies, rng)
    of_copies, of_window = expected(alike), expected(model)
    msd = mean_squared_displacement.by_fft(walks, np.arange(1, len(d2))) - of_copies.msd
    null = step_lengths.orthogonal_msd((np.diff(walks, axis=1) ** 2).sum(2)) - of_copies.null
    ends = end_distances(walks) - of_copies.ends + of_window.ends
    msd = msd / of_window.msd
    displacements = independent_displacements(msd, model.dimension)
    return SimulatedMsd(msd, null / of_window.null, ends[:, 0] / ends[:, 1], displacements)


def independent_displacements(deviations: np.ndarray, dimension: np.ndarray) -> np.ndarray:
    """How many independent displacements along one direction the MSD rests on, at lags 1 ... T - 1.

    2 / relative variance of the MSD: the mean of so many squared Gaussian numbers scatters as much. At most what it is
    for uncorrelated steps, 3/2 D (T - 1) / lag with D at the frequency 1 / (4 lag), in the middle of those that a
    displacement consists of: where one soft direction dominates a lag, its chance decides whether the simulated walks
    scatter. deviations [copy, lag]: relative ones of the MSD. dimension: D at frequencies 0 ... 1/2.
    """
    size = deviations.shape[1]
    lags = np.arange(1, size + 1)
    slow = dimension[np.minimum(size // (2 * lags), len(dimension) - 1)]
    return np.minimum(2 / np.maximum(deviations.var(axis=0), np.finfo(float).tiny), 1.5 * slow * size / lags)


def step_model(d2: np.ndarray) -> StepModel:
    """The model of a window of squared distances d2 [T, T], of which at least three steps are not zero."""
    drift2 = constant_drift.squared(d2)
    if drift2 > 0:
        return drifting_model(d2, drift2)
    squares = step_lengths.squared_lengths(d2)
    d2 = step_lengths.without_zero_steps(d2)
    scales, products = (squares > 0).astype(float), increment_products(d2, 1)
    if step_lengths.uneven(d2):
        scales, products = np.sqrt(squares), step_lengths.direction_products(d2)
        d2 = step_lengths.distances_of(products)
    spectrum = gaussian_walks.increment_spectrum(followed_variogram(mean_squared_displacement.from_distances(d2)))
    dimension = mode_dimension(products, np.fft.irfft(spectrum)[: len(spectrum)])
    return StepModel(spectrum, np.append(dimension[0], dimension[:-1]), scales)  # frequencies 0 ... 1/2


def drifting_model(d2: np.ndarray, drift2: float) -> StepModel:
    """The model of a window that drifts and has uncorrelated steps otherwise: one power and D at all frequencies."""
    trace, dimension = constant_drift.scatter(d2)
    alike = np.ones(len(d2) - 1)
    return StepModel(trace * alike, dimension * alike, alike, drift2)


def followed_variogram(msd: np.ndarray) -> np.ndarray:
    """Variogram at lags 0 ... T - 1 of the two power laws fitted to an MSD [lag], or of one where lags are few."""
    lags = scaling_fits.log_lags(longest_lag(FITTED, len(msd) + 1))
    both = scaling_fits.two_segments(lags, msd[lags - 1])
    fit = both if np.isfinite(both.rmse) else scaling_fits.one_segment(lags, msd[lags - 1])
    steepest = gaussian_walks.STEEPEST
    fit = replace(fit, short=min(fit.short, steepest), long=min(fit.long, steepest))
    return np.append(0, fit(np.arange(1, len(msd) + 1)))


def expected(model: StepModel) -> Expected:
    """What is expected of walks of this model at lags 1 ... T - 1."""
    scales, place = model.scales, np.arange(len(model.scales) + 1)
    covariance, moved = np.zeros((len(scales), len(scales))), np.flatnonzero(scales)
    covariance[np.ix_(moved, moved)] = toeplitz(np.fft.irfft(model.spectrum)[: len(model.spectrum)])
    covariance *= scales * scales[:, None]
    d2 = step_lengths.distances_of(covariance) + model.drift2 * (place - place[:, None]) ** 2
    null = step_lengths.orthogonal_msd(np.diagonal(covariance) + model.drift2)
    return Expected(mean_squared_displacement.from_distances(d2), null, np.array(halves(d2)))


def end_distances(walks: np.ndarray) -> np.ndarray:
    """The two means of start_distance [copy, 2] of walks [copy, step, dimension]."""
    half = walks.shape[1] // 2
    parts = walks[:, -half:] - walks[:, :1], walks[:, :half] - walks[:, -1:]
    return np.stack([(part**2).sum(2).mean(1) for part in parts], axis=1)


def halves(d2: np.ndarray) -> tuple[float, float]:
    """Mean squared distance of a window's second half from its first weight, and of its first half from its last."""
    half = len(d2) // 2
    return float(d2[0, -half:].mean()), float(d2[-1, :half].mean())


def start_distance(d2: np.ndarray) -> float:
    """Mean squared distance of the second half from the window's start over that of the first half from its end.

    Scatters about 1 where steps are stationary; large where a walk starts away from where it then stays, a transient.
    NaN for a walk that does not move. d2 [step, step]: squared distances.
    """
    ahead, back = halves(d2)
    return ahead / back if back > 0 else np.nan
