"""The curvature that a walker feels in each mode: its minibatch gradient against its position."""

from typing import NamedTuple

import numpy as np


class Felt(NamedTuple):
    """curvature rho and its standard error [mode], variance of one example's gradient [mode], noise [step, mode] of the
    minibatch gradient.
    """

    curvature: np.ndarray
    error: np.ndarray
    variance: np.ndarray
    noise: np.ndarray


def regress(position: np.ndarray, gradient: np.ndarray, first: int, batch_size: int, epoch: np.ndarray | None) -> Felt:
    """Least squares of g_k = rho theta_k + constant + trend k + noise in each mode, over the steps from `first` on.

    position, gradient [step, mode], from the first step of an epoch on. As theta_{k+1} - (1 + beta) theta_k +
    beta theta_{k-1} = -eta (g_k + lambda theta_k), this is the regression of the position as an autoregression of
    second order whose beta is known, and eta times the error of rho is that of the stiffness eta (rho + lambda).

    epoch: None for independent batches of `batch_size`; for shuffled epochs the examples in each batch of an epoch.
    Noise of batches without replacement sums to 0 over an epoch, so that plain least squares would find a restoring
    force that is not there. There the regression is of `innovations`, whose noise is uncorrelated with all before it.
    """
    steps = len(gradient)
    regular = np.stack([np.ones(steps), np.linspace(-1, 1, steps)], axis=1)
    if epoch is None:
        weight, new = np.full(steps, float(batch_size)), (regular, position, gradient)
        share = 1.0
    else:
        weight = innovation_weights(steps, epoch)
        new = [innovations(part, epoch) for part in (regular, position, gradient)]
        share = 1 - 1 / epoch.sum()
    root = np.sqrt(weight[first:, None])
    basis, x, y = (root * part[first:] for part in new)
    orthonormal, triangle = np.linalg.qr(basis)
    x_left, y_left = (part - orthonormal @ (orthonormal.T @ part) for part in (x, y))
    square = (x_left**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        curvature = (x_left * y_left).sum(axis=0) / square
        freedom = np.count_nonzero(weight[first:]) - basis.shape[1] - 1
        variance = ((y_left - curvature * x_left) ** 2).sum(axis=0) / freedom
        error = np.sqrt(variance / square)
    slow = regular @ np.linalg.solve(triangle, orthonormal.T @ (y - curvature * x))
    return Felt(curvature, error, share * variance, (gradient - curvature * position - slow)[first:])


def innovations(series: np.ndarray, epoch: np.ndarray) -> np.ndarray:
    """x_k + sum over the batches j before k in its epoch of S_j x_j / (N - sum of their S_j), of series [step, any].

    Given the batches so far, the rest of an epoch has the mean noise - sum of S_j noise_j over the examples that are
    left: what this adds makes the noise of a batch a difference from what could be expected.
    """
    count, size = len(series), len(epoch)
    padded = np.concatenate([series, np.zeros((-count % size, *series.shape[1:]))])
    drawn = padded.reshape(-1, size, *series.shape[1:]) * epoch[:, None]
    before = np.cumsum(drawn, axis=1) - drawn
    return (padded + (before / left(epoch)[:, None]).reshape(padded.shape))[:count]


def innovation_weights(steps: int, epoch: np.ndarray) -> np.ndarray:
    """One over the variance of the innovations' noise [step], in units of one example's; 0 for the last batch of an
    epoch, whose noise is known from the others.
    """
    variance = 1 / epoch - 1 / left(epoch)
    weight = np.divide(1, variance, out=np.zeros(len(epoch)), where=np.arange(len(epoch)) < len(epoch) - 1)
    return np.resize(weight, steps)


def left(epoch: np.ndarray) -> np.ndarray:
    """Examples that are left before each batch of an epoch."""
    return epoch.sum() - np.cumsum(epoch) + epoch
