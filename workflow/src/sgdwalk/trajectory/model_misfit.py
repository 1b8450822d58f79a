"""How far the MSD of a window lies from that of a model fitted to its likelihood, and how far it would by chance.

The same model is fitted to each of a number of simulated walks of it. Measured MSD over fitted one scatters among these
as it would for a window of the model, what the fit absorbs included.
"""

from dataclasses import dataclass

import numpy as np

from sgdwalk.trajectory import gaussian_walks, mean_squared_displacement, step_lengths, toeplitz_likelihood
from sgdwalk.trajectory.likelihood_fits import Fit, Steps, closing_in, grid_inverses, grid_points, steps_of
from sgdwalk.trajectory.toeplitz_likelihood import Inverses
from sgdwalk.trajectory.walk_models import Model, variogram

BLOCK = 2**22  # numbers of the dot products of simulated steps that are held at a time
BAND = (0.025, 0.975)


@dataclass(frozen=True)
class Misfit:
    """Measured MSD over the fitted one [lag], its 95 % band for walks of the model, and the p value of the largest
    deviation at any lag in standard deviations of these walks.
    """

    ratio: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: float


def misfit(model: Model, fit: Fit, steps: Steps, dimension: float, lags: np.ndarray, copies: int, rng) -> Misfit:
    """Misfit at some of the lags 1 ... n of a window of n steps. With a drift projected out, of the walk without it.

    Walks of more than gaussian_walks.SIMULATED_DIMENSIONS are simulated in so many, and their deviations shrink as
    1 / sqrt(dimension).
    """
    size = len(steps.products)
    here = grid_inverses(model, tuple(fit.coordinates[:, None]), size)
    covariance = model.covariances(fit.coordinates, size)
    ratio = measured(steps, here)[lags - 1] / fitted(steps.step_variance(here), covariance[None], here, steps, lags)[0]
    dimensions = int(np.clip(round(dimension), 1, gaussian_walks.SIMULATED_DIMENSIONS))
    found = np.log(of_copies(model, steps, covariance, dimensions, lags, copies, rng))
    found *= np.sqrt(dimensions / max(dimension, dimensions))
    p = exchangeable_p(np.log(ratio), found)
    low, high = np.exp(np.quantile(found, BAND, axis=0, method="weibull"))
    return Misfit(ratio, low, high, p)


def exchangeable_p(one: np.ndarray, others: np.ndarray) -> float:
    """P value of the largest deviation of `one` [lag] at any lag, among `others` [copy, lag].

    In standard deviations of each lag, over all of them together: the one is treated as any other, so that ranks are
    equally likely however few the others are.
    """
    rows = np.vstack([one, others])
    largest = np.abs((rows - rows.mean(0)) / rows.std(0)).max(1)
    return float((largest >= largest[0]).mean())


def measured(steps: Steps, of: Inverses) -> np.ndarray:
    """MSD [lag] at lags 1 ... n of a window; where a drift is projected out, minus its estimate by the one inverse."""
    products = steps.products
    if steps.drift:
        weights = of.of_ones[0] / of.of_ones[0].sum()
        along = products @ weights
        products = products - along - along[:, None] + weights @ along
    return mean_squared_displacement.from_distances(step_lengths.distances_of(products))


def fitted(variance: np.ndarray, covariances: np.ndarray, of: Inverses, steps: Steps, lags: np.ndarray) -> np.ndarray:
    """Expected MSD [matrix, lag] for D s^2 = variance [matrix]; with a drift projected out D s^2 lag^2 / U less."""
    taken = lags**2 / of.of_ones.sum(1)[:, None] if steps.drift else 0
    return variance[:, None] * (variogram(covariances, lags) - taken)


def of_copies(
    model: Model, steps: Steps, covariance: np.ndarray, dimensions: int, lags: np.ndarray, copies: int, rng
) -> np.ndarray:
    """Measured over fitted MSD [copy, lag] of simulated walks whose steps have this autocovariance [n].

    The best point of a grid is taken as the fit, which is as fine as the likelihood of the window in so many dimensions
    needs.
    """
    size = len(covariance)
    axes, _ = closing_in(model, steps, dimensions, model.bounds(size))
    of, covariances = grid_inverses(model, axes, size), model.covariances(grid_points(axes), size)
    curve = np.append(0, variogram(covariance, np.arange(1, size + 1)))
    walks = gaussian_walks.gaussian_walks(curve * dimensions, dimensions, copies, rng)
    found = []
    for part in np.array_split(walks, max(1, copies * size**2 // BLOCK)):
        moves = np.diff(part, axis=1)
        products = moves @ moves.swapaxes(1, 2)
        copy = steps_of(products, drift=steps.drift)
        variance = copy.step_variance(of)
        best = toeplitz_likelihood.log_likelihood(variance, of, steps.drift).argmax(0)
        chosen = of.at(best)
        if steps.drift:
            weights = chosen.of_ones / chosen.of_ones.sum(1, keepdims=True)
            part = part - np.arange(size + 1)[:, None] * (weights[:, None] @ moves)
        msd = mean_squared_displacement.by_fft(part, lags)
        expected = fitted(variance[best, np.arange(len(best))], covariances[best], chosen, steps, lags)
        found.append(msd / expected)
    return np.concatenate(found)
