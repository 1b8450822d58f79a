import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov
from sgdwalk.trajectory.walk_models import MODELS, models, variogram
from walks import ornstein_uhlenbeck, slow_msd

BROWNIAN, FRACTIONAL, WITH_WHITE, RELAXING = MODELS
LAGS = np.arange(1, 51)


def test_the_variogram_of_each_model_is_known():
    def curve(model, *point):
        return variogram(model.covariances(np.array(point), 50), LAGS)

    np.testing.assert_allclose(curve(BROWNIAN), LAGS)
    np.testing.assert_allclose(curve(FRACTIONAL, 1.4), LAGS**1.4, rtol=1e-10)
    share = 1 / (1 + np.exp(-0.7))
    np.testing.assert_allclose(curve(WITH_WHITE, 1.4, 0.7), share + (1 - share) * LAGS**1.4, rtol=1e-10)
    keep = np.exp(-1 / 8)
    np.testing.assert_allclose(curve(RELAXING, np.log(8.0)), (1 - keep**LAGS) / (1 - keep), rtol=1e-10)


def test_the_relaxing_model_is_the_chain_of_that_rate():
    walk = ornstein_uhlenbeck(0.2, 500, 200, np.random.default_rng(0))
    expected = variogram(RELAXING.covariances(np.array([np.log(-1 / np.log(0.8))]), 20), np.array([1, 5, 20]))
    measured = np.array([slow_msd(walk, lag) for lag in (1, 5, 20)])
    np.testing.assert_allclose(measured / measured[0], expected, rtol=0.02)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("time", [0.2, 3.0, 38.5, 2000.0])  # with momentum 0.9 the third is critically damped
def test_the_relaxing_model_with_momentum_is_the_stationary_chain(momentum, time):
    pull = 1 - np.exp(-1 / time)
    step = np.array([[1 + momentum - pull, -momentum], [1.0, 0.0]])  # of (x_t, x_{t-1})
    noise = np.array([1.0, 0.0])
    spread = solve_discrete_lyapunov(step, np.outer(noise, noise))
    moves = np.array([-pull, 0.0])  # u_t = moves . state + noise
    expected = [moves @ spread @ moves + 1]
    reach = noise
    for k in range(1, 30):
        expected.append(moves @ np.linalg.matrix_power(step, k) @ spread @ moves + moves @ reach)
        reach = step @ reach
    found = models(momentum)[3].covariances(np.array([np.log(time)]), 30)
    np.testing.assert_allclose(found, np.array(expected) / expected[0], atol=1e-12)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_first_covariance_is_one_within_all_bounds(model):
    for ends in model.bounds(100).T if len(model.parameters) else [np.zeros(0)]:
        found = model.covariances(ends, 100)
        assert found[0] == pytest.approx(1)
        assert np.isfinite(found).all()
