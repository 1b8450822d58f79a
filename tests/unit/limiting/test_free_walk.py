"""The walk that momentum alone makes, against sums over its noise and simulated walks."""

import numpy as np
import pytest
from sgdwalk.limiting import free_walk


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_displacements_are_sums_over_the_noise_of_every_step(momentum):
    steps = np.array([1, 2, 7, 40])
    kicks = [sum(momentum**k for k in range(m)) for m in range(1, 41)]
    np.testing.assert_allclose(
        free_walk.from_rest(steps, momentum), [sum(k**2 for k in kicks[:t]) for t in steps], rtol=1e-12
    )
    correlated = [sum(momentum ** abs(i - j) for i in range(lag) for j in range(lag)) for lag in steps]
    np.testing.assert_allclose(free_walk.stationary(steps, momentum), correlated, rtol=1e-12)


def test_displacements_are_those_of_simulated_walks():
    rng, momentum = np.random.default_rng(0), 0.8
    velocity, position = np.zeros(20_000), np.zeros((61, 20_000))
    for k in range(60):
        velocity = momentum * velocity + rng.standard_normal(20_000)
        position[k + 1] = position[k] + velocity
    times = np.array([1, 5, 30, 60])
    found = (position[times] ** 2).mean(axis=1)
    np.testing.assert_allclose(found, free_walk.from_rest(times, momentum), rtol=0.04)  # 4 standard errors
    late = position[40:] - position[40]  # the velocity is stationary by then
    lags = np.array([1, 5, 20])
    unit = 1 / (1 - momentum**2)  # mean squared step
    np.testing.assert_allclose((late[lags] ** 2).mean(axis=1) / unit, free_walk.stationary(lags, momentum), rtol=0.04)


def test_without_momentum_it_is_a_random_walk():
    lags = np.arange(1, 20)
    np.testing.assert_array_equal(free_walk.from_rest(lags, 0.0), lags)
    np.testing.assert_array_equal(free_walk.stationary(lags, 0.0), lags)
