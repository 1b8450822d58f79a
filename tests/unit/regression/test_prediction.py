"""Theory of SGD on a linear regression: against exact sums over all batches, against the chains, against walkers."""

from itertools import islice, product

import numpy as np
import pytest
from designs import gaussian, mirrored
from sgdwalk.data import digits
from sgdwalk.regression import design, prediction
from sgdwalk.regression.design import Design
from sgdwalk.regression.walkers import walk
from sgdwalk.samplers import SAMPLERS

BETA, RATE = 0.8, 0.05


class Additive(Design):
    """A regression whose noise does not depend on the covariance of the weights."""

    def fourth_moments(self):
        return np.zeros_like(super().fourth_moments())


def additive(made):
    return Additive(made.features, made.eigenvalue, made.minimum, made.residual, made.weight_decay)


def chain(made, sampler="independent", batch_size=4, beta=BETA, rate=RATE):
    return prediction.chain(made, sampler, learning_rate=rate, momentum=beta, batch_size=batch_size)


def exactly(made, label, start, batch_size, steps):
    """Mean [step, 2 d] and covariance [step, 2 d, 2 d] of (position, velocity) of one class, summed over all batches."""
    size = len(made.eigenvalue)
    z, e = made.features, made.residual[:, label]
    pull = made.weight_decay * made.minimum[:, label]
    moves, shifts = [], []
    for batch in product(range(len(z)), repeat=batch_size):
        curve = z[list(batch)].T @ z[list(batch)] / batch_size + made.weight_decay * np.eye(size)
        force = -(z[list(batch)].T @ e[list(batch)] / batch_size + pull)
        moves.append(
            np.block([[np.eye(size) - RATE * curve, RATE * BETA * np.eye(size)], [-curve, BETA * np.eye(size)]])
        )
        shifts.append(np.concatenate([RATE * force, force]))
    moves, shifts = np.array(moves), np.array(shifts)
    mean, square = np.concatenate([start[:, label], np.zeros(size)]), None
    square, found = np.outer(mean, mean), []
    for _ in range(steps):
        found.append((mean, square - np.outer(mean, mean)))
        across = np.einsum("bij,j,bk->ik", moves, mean, shifts) / len(moves)
        square = np.einsum("bij,jk,blk->il", moves, square, moves) / len(moves) + across + across.T
        square += shifts.T @ shifts / len(moves)
        mean = moves.mean(axis=0) @ mean + shifts.mean(axis=0)
    return [np.array(part) for part in zip(*found, strict=True)]


@pytest.mark.parametrize(("batch_size", "weight_decay"), [(1, 0.0), (2, 0.0), (1, 0.2)])
def test_independent_batches_against_the_sum_over_all_batches(batch_size, weight_decay):
    made, start = mirrored(weight_decay), np.array([[0.5, -1.0], [0.0, 0.0], [0.7, 0.2]])
    moments = prediction.varying_noise(made, chain(made, batch_size=batch_size), start.ravel(), 30, np.arange(6))
    displacement = 0
    for label in range(2):
        mean, covariance = exactly(made, label, start, batch_size, 30)
        for direction in range(3):
            pair, mode = [direction, direction + 3], 2 * direction + label
            np.testing.assert_allclose(moments.mean[:, mode], mean[:, pair], atol=1e-12)
            np.testing.assert_allclose(
                moments.covariance[:, mode], covariance[:, pair][:, :, pair], rtol=1e-9, atol=1e-14
            )
            displacement = (
                displacement + (mean[:, direction] - mean[0, direction]) ** 2 + covariance[:, direction, direction]
            )
    np.testing.assert_allclose(moments.displacement, displacement, rtol=1e-9)


@pytest.mark.parametrize(
    ("sampler", "batch_size"), [("independent", 7), ("shuffled-epochs", 5), ("shuffled-epochs", 7)]
)
def test_constant_noise_is_the_chain_of_that_sampler(sampler, batch_size):
    made, start = additive(gaussian(40, 3, 2)), np.zeros(6)
    model, modes = chain(made, sampler, batch_size), np.array([0, 1, 4, 5])
    constant = prediction.constant_noise(model, start, 30, modes)
    np.testing.assert_allclose(constant.covariance, model.covariance(np.arange(30))[:, modes], rtol=1e-10)
    varying = prediction.varying_noise(made, model, start, 30, modes)
    for found, expected in zip(varying, constant, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-13)


def test_means_and_displacement_of_a_start_are_the_chains():
    made, start = gaussian(40, 3, 2), np.arange(6.0)
    model = chain(made)
    constant, varying = (
        f(*a, start, 20, np.arange(6))
        for f, a in ((prediction.constant_noise, (model,)), (prediction.varying_noise, (made, model)))
    )
    np.testing.assert_allclose(varying.mean, constant.mean, atol=1e-12)
    np.testing.assert_allclose(
        constant.displacement,
        constant.covariance[..., 0, 0].sum(axis=1) + ((constant.mean[..., 0] - start) ** 2).sum(axis=1),
    )


def with_all_covariances(made, label, means, steps, rate, batch_size):
    """Variances of position and velocity [step, 2, direction] of one class with every off-diagonal covariance."""
    z, rho = made.features, made.eigenvalue
    place = both = speed = np.zeros((len(rho), len(rho)))
    found = []
    for step in range(steps):
        found.append((np.diag(place), np.diag(speed)))
        error = made.residual[:, label] + z @ means[step]
        spread = (z.T * (error**2 + ((z @ place) * z).sum(axis=1))) @ z / len(z)
        noise = (spread - np.outer(rho * means[step], rho * means[step]) - np.outer(rho, rho) * place) / batch_size
        pulled = both.T * rho
        speed = BETA**2 * speed - BETA * (pulled + pulled.T) + np.outer(rho, rho) * place + noise
        both = BETA * both - place * rho
        place = place + rate * (both + both.T) + rate**2 * speed
        both = both + rate * speed
    return np.array(found)


def test_covariances_between_directions_matter_little_on_the_digits():
    made, steps, rate = design.of_images(digits.load(), 0.0), 60, 1e-3
    start = np.zeros_like(made.minimum)
    start[[0, 1, 4, 19]] = 0.02
    moments = prediction.varying_noise(
        made, chain(made, batch_size=32, rate=rate), start.ravel(), steps, np.arange(start.size)
    )
    at = [
        values.reshape(steps, *start.shape)[:, :, 4]
        for values in np.moveaxis(moments.covariance.diagonal(0, 2, 3), 2, 0)
    ]
    means = moments.mean[..., 0].reshape(steps, *start.shape)[:, :, 4]
    exact = with_all_covariances(made, 4, means, steps, rate, 32)
    for found, expected in zip(at, np.moveaxis(exact, 1, 0), strict=True):
        off = np.abs(found[1:] / expected[1:] - 1)
        assert off[:, [0, 1, 4, 19]].max() < 0.001
        assert off.max() < 0.02


def test_stationary_variances_grow_by_one_over_one_minus_x():
    rng, rate = np.random.default_rng(0), 2e-3
    made = design.of_arrays(rng.standard_normal((5000, 40)), rng.standard_normal((5000, 1)))
    x = rate * made.eigenvalue.sum() / (2 * 2 * (1 - BETA))
    model = chain(made, batch_size=2, rate=rate)
    late = prediction.varying_noise(made, model, np.zeros(40), 2500, np.arange(40)).covariance[-1, :, 0, 0]
    ratio = late / model.stationary()[:, 0, 0]
    assert 0.05 < x < 0.15
    np.testing.assert_allclose(ratio, 1 / (1 - x), atol=x / 10)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_walkers_have_the_variances_along_the_path_and_not_those_at_the_minimum(sampler):
    made, count, steps = gaussian(300, 3, 1, seed=2), 20_000, 41
    start = np.array([[0.6], [0.4], [0.0]])
    model = chain(made, sampler, batch_size=10, rate=0.02)
    modes = np.arange(3)
    paths = walk(made, start, lr=0.02, momenta=[BETA], batch_size=10, sampler=sampler, walkers=count, seed=1)
    found = np.array([x[:, :, 0, 0].var(axis=0) for x, _ in islice(paths, steps)])[[3, 10, 25, 40]]
    along = prediction.varying_noise(made, model, start.ravel(), steps, modes).covariance[[3, 10, 25, 40], :, 0, 0]
    constant = prediction.constant_noise(model, start.ravel(), steps, modes).covariance[[3, 10, 25, 40], :, 0, 0]
    assert np.abs(found / along - 1).max() < 0.04
    assert np.abs(found / constant - 1).max() > 0.5
