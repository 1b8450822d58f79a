import numpy as np
import pytest
from sgdwalk.trajectory import model_misfit, toeplitz_likelihood
from sgdwalk.trajectory.likelihood_fits import fit, grid_inverses, steps_of
from sgdwalk.trajectory.model_misfit import misfit
from sgdwalk.trajectory.walk_models import MODELS
from walks import fbm, ornstein_uhlenbeck, slow_msd

BROWNIAN, FRACTIONAL, WITH_WHITE, RELAXING = MODELS
LAGS = np.array([1, 2, 4, 8, 16, 32, 64])


def seen(walk, model, dimension, drift=False, copies=39, seed=0):
    moves = np.diff(walk, axis=0)
    steps = steps_of(moves @ moves.T, drift=drift)
    found = fit(model, steps, dimension)
    return found, misfit(model, found, steps, dimension, LAGS, copies, np.random.default_rng(seed))


def test_ratio_to_the_msd_of_the_fitted_model():
    walk = fbm(0.3, 100, 5, np.random.default_rng(0))
    found, result = seen(walk, FRACTIONAL, 5)
    R = FRACTIONAL.covariances(found.coordinates, 99)
    of = toeplitz_likelihood.inverses(R[None])
    moves = np.diff(walk, axis=0)
    variance = of.trace(toeplitz_likelihood.diagonal_sums(moves @ moves.T))[0] / 99
    expected = [slow_msd(walk, lag) / (variance * lag ** found.values[0]) for lag in LAGS]
    np.testing.assert_allclose(result.ratio, expected, rtol=1e-8)


def test_with_a_drift_projected_out_the_expected_msd_is_that_of_walks_without_theirs():
    rng, R = np.random.default_rng(1), FRACTIONAL.covariances(np.array([1.2]), 39)
    of = grid_inverses(FRACTIONAL, (np.array([1.2]),), 39)
    root = np.linalg.cholesky(R[np.abs(np.subtract.outer(np.arange(39), np.arange(39)))])
    curves = []
    for _ in range(300):
        moves = root @ rng.standard_normal((39, 10)) + 5.0
        steps = steps_of(moves @ moves.T, drift=True)
        curves.append(model_misfit.measured(steps, of))
    lags = np.arange(1, 40)
    expected = model_misfit.fitted(np.array([10.0]), R[None], of, steps, lags)[0]
    np.testing.assert_allclose(np.mean(curves, axis=0)[:30], expected[:30], rtol=0.06)


@pytest.mark.parametrize("drift", [False, True])
def test_p_values_of_walks_of_the_model_are_uniform(drift):
    p = [seen(fbm(0.75, 100, 10, np.random.default_rng(s)), FRACTIONAL, 10, drift, seed=s)[1].p for s in range(30)]
    assert np.mean(p) == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / 30))
    assert np.mean(np.array(p) <= 0.05) <= 0.2


def test_another_law_lies_outside_the_band():
    walk = ornstein_uhlenbeck(0.1, 100, 50, np.random.default_rng(0))
    for model in (BROWNIAN, FRACTIONAL):
        assert seen(walk, model, 50)[1].p == 1 / 40
    good = seen(walk, RELAXING, 50)[1]
    assert good.p > 0.05
    assert ((good.low <= good.ratio) & (good.ratio <= good.high)).mean() > 0.8


def test_more_dimensions_have_a_narrower_band():
    walk = fbm(0.5, 100, 160, np.random.default_rng(0))
    wide, narrow = seen(walk, FRACTIONAL, 16)[1], seen(walk, FRACTIONAL, 160)[1]
    assert np.log(wide.high / wide.low)[-1] / np.log(narrow.high / narrow.low)[-1] == pytest.approx(10**0.5, rel=0.3)


@pytest.mark.parametrize("copies", [20, 100])
def test_p_values_among_rows_of_one_law_are_uniform_however_few_they_are(copies):
    rng = np.random.default_rng(copies)
    p = [model_misfit.exchangeable_p(rows[0], rows[1:]) for rows in rng.standard_normal((2000, copies + 1, 15))]
    for level in (0.05, 0.2, 0.5):
        expected = np.floor(level * (copies + 1)) / (copies + 1)
        assert np.mean(np.array(p) <= level) == pytest.approx(expected, abs=4 * np.sqrt(expected / 2000))
