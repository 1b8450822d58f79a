import numpy as np
import pytest
from scipy.linalg import toeplitz
from scipy.stats import multivariate_normal
from sgdwalk.trajectory import toeplitz_likelihood
from sgdwalk.trajectory.toeplitz_likelihood import diagonal_sums, inverses, log_likelihood, step_variance
from sgdwalk.trajectory.walk_models import MODELS

POINTS = {0: [[]], 1: [[0.02], [0.5], [1.5], [1.98]], 2: [[0.3, -6.0], [1.5, 2.0], [1.9, 13.0]]}
CASES = [(model, point) for model in MODELS for point in POINTS[len(model.parameters)]]


def products(size, dimensions, seed=0):
    steps = np.random.default_rng(seed).standard_normal((size, dimensions)) + 0.3
    return steps @ steps.T


def by_cholesky(R, G, drift):
    """log L / D and D s^2 by solving with R itself."""
    size, solved, ones = len(R), np.linalg.solve(R, G), np.ones(len(R))
    determinant = 2 * np.log(np.diagonal(np.linalg.cholesky(R))).sum()
    if not drift:
        variance = np.trace(solved) / size
        return -0.5 * (size * np.log(variance) + determinant), variance
    u = np.linalg.solve(R, ones)
    variance = (np.trace(solved) - u @ G @ u / u.sum()) / (size - 1)
    return -0.5 * ((size - 1) * np.log(variance) + determinant + np.log(u.sum())), variance


@pytest.mark.parametrize("drift", [False, True])
@pytest.mark.parametrize(("model", "point"), CASES, ids=lambda part: getattr(part, "name", str(part)))
def test_the_likelihood_equals_that_by_cholesky(model, point, drift):
    G, covariance = products(300, 10), model.covariances(np.array(point), 300)
    of = inverses(covariance[None])
    variance = step_variance(diagonal_sums(G), G, of, drift)
    expected, expected_variance = by_cholesky(toeplitz(covariance), G, drift)
    np.testing.assert_allclose(variance, expected_variance, rtol=1e-12)
    np.testing.assert_allclose(log_likelihood(variance, of, drift), expected, rtol=1e-13)


def test_many_windows_and_many_matrices_at_once():
    G = np.stack([products(40, 3, seed) for seed in range(4)])
    of = inverses(MODELS[1].covariances(np.array([[0.5], [1.0], [1.5]]), 40))
    for drift in (False, True):
        together = step_variance(diagonal_sums(G), G, of, drift)
        assert together.shape == (3, 4)
        alone = step_variance(diagonal_sums(G[2]), G[2], of.at(np.array([1])), drift)
        np.testing.assert_allclose(together[1, 2], alone[0], rtol=1e-13)


def test_it_is_the_density_of_the_steps_in_every_dimension():
    steps = np.random.default_rng(3).standard_normal((30, 5))
    G, covariances = steps @ steps.T, MODELS[1].covariances(np.array([[0.6], [1.4]]), 30)
    of = inverses(covariances)
    variance = step_variance(diagonal_sums(G), G, of, False)
    density = [
        sum(multivariate_normal(cov=v / 5 * toeplitz(r)).logpdf(x) for x in steps.T)
        for r, v in zip(covariances, variance, strict=True)
    ]
    ours = 5 * log_likelihood(variance, of, False)
    assert ours[1] - ours[0] == pytest.approx(density[1] - density[0], rel=1e-10)


def test_a_drift_that_is_projected_out_has_no_influence():
    steps = np.random.default_rng(1).standard_normal((50, 4))
    of = inverses(MODELS[1].covariances(np.array([[1.3]]), 50))
    found = [step_variance(diagonal_sums(G), G, of, True) for G in (s @ s.T for s in (steps, steps + 7.0))]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-10)


def test_diagonal_sums_against_a_slow_rewrite():
    G = products(7, 3)
    slow = [[sum(G[p + k, q + k] for k in range(7 - max(p, q))) for q in range(7)] for p in range(7)]
    np.testing.assert_allclose(diagonal_sums(G), slow, rtol=1e-13)


def test_inverse_of_ones():
    R = toeplitz(covariance := MODELS[1].covariances(np.array([1.7]), 60))
    np.testing.assert_allclose(
        toeplitz_likelihood.inverses(covariance[None]).of_ones[0], np.linalg.solve(R, np.ones(60)), rtol=1e-9
    )
