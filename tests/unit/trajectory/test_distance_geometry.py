import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter
from sgdwalk.trajectory import distance_geometry
from walks import fbm, square


def brownian(steps, spread, rng):
    """Independent Gaussian steps whose covariance has the standard deviations `spread`."""
    return np.cumsum(rng.standard_normal((steps, len(spread))) * spread, axis=0)


@pytest.mark.parametrize("lag", [1, 2, 7])
def test_increment_products_against_explicit_vectors(lag):
    walk = brownian(30, np.linspace(0.1, 3, 8), np.random.default_rng(1))
    steps = walk[lag:] - walk[:-lag]
    np.testing.assert_allclose(distance_geometry.increment_products(square(walk), lag), steps @ steps.T, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("dimensions", [2, 20, 1000, 20_000])
def test_effective_dimension_of_isotropic_steps(dimensions):
    # tr C^2 rests on n = 40,000 products of near-Gaussian law: relative error sqrt(2/n), and 1/sqrt(T) from steps
    found = [
        distance_geometry.effective_dimension(square(brownian(400, np.ones(dimensions), np.random.default_rng(s))), 1)
        for s in range(4)
    ]
    assert np.mean(found) == pytest.approx(dimensions, rel=0.12)


def test_effective_dimension_of_an_anisotropic_walk():
    spread = 1 / np.arange(1, 301) ** 0.5
    variance = spread**2
    truth = variance.sum() ** 2 / (variance**2).sum()
    found = [
        distance_geometry.effective_dimension(square(brownian(400, spread, np.random.default_rng(s))), 1)
        for s in range(8)
    ]
    assert np.mean(found) == pytest.approx(truth, rel=0.15)


@pytest.mark.parametrize("lag", [5, 40])
def test_effective_dimension_over_longer_lags_stays_that_of_the_steps(lag):
    # with 400 / 40 = 10 independent increments a single value scatters by 20 %; without the correction for
    # their small number the mean would be 15 % too high
    found = [
        distance_geometry.effective_dimension(square(brownian(400, np.ones(50), np.random.default_rng([s, 1]))), lag)
        for s in range(30)
    ]
    assert np.mean(found) == pytest.approx(50, rel=0.08)


@pytest.mark.parametrize("H", [0.25, 0.75])
def test_effective_dimension_of_correlated_steps(H):
    # 24 windows: standard error 0.8 %, and what the docstring allows; a further 1 / (1 + rho^2) would give 62.3
    found = [
        distance_geometry.effective_dimension(square(fbm(H, 80, 60, np.random.default_rng(s))), 1) for s in range(60)
    ]
    assert np.mean(found) == pytest.approx(60, rel=0.03)


@pytest.mark.parametrize("memory", [0.8, -0.8])
def test_effective_dimension_of_steps_with_a_memory_of_five(memory):
    # standard error 2 %; divided by 1 + rho^2, 65.4 and 64.3
    found = []
    for seed in range(60):
        noise = np.random.default_rng(seed).standard_normal((180, 60))
        steps = lfilter([1], [1, -memory], noise, axis=0)[100:]
        found.append(distance_geometry.effective_dimension(square(steps.cumsum(0)), 1))
    assert np.mean(found) == pytest.approx(60, rel=0.05)


@pytest.mark.parametrize("dimensions", [3, 10])
def test_effective_dimension_of_few_steps_in_few_dimensions(dimensions):
    # 30 steps: standard error 1 to 2 %
    walks = [brownian(31, np.ones(dimensions), np.random.default_rng([s, 5])) for s in range(200)]
    assert np.mean([distance_geometry.effective_dimension(square(w), 1) for w in walks]) == pytest.approx(
        dimensions, rel=0.05
    )


def test_effective_dimension_of_a_straight_line_is_one():
    line = np.arange(50.0)[:, None] * np.random.default_rng(0).standard_normal(30)
    assert distance_geometry.effective_dimension(square(line), 1) == 1


@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_squared_drift_is_unbiased(drift):
    dimensions, copies = 20, 200
    found, spread = [], []
    for seed in range(copies):
        walk = brownian(120, np.ones(dimensions), np.random.default_rng(seed))
        walk[:, 0] += drift * np.arange(120)
        estimate, sd = distance_geometry.drift2(square(walk))
        found.append(estimate)
        spread.append(sd)
    standard_error = np.std(found) / np.sqrt(copies)
    assert abs(np.mean(found) - drift**2) < 4 * standard_error
    if not drift:
        assert np.mean(spread) == pytest.approx(np.std(found), rel=0.2)  # sd of 200 values: 5 %


@given(st.floats(0.1, 2.0), st.floats(1e-6, 1e6), st.integers(20, 300))
def test_local_exponent_of_a_power_law_is_its_exponent(exponent, scale, longest):
    lags = np.arange(1, longest)
    np.testing.assert_allclose(distance_geometry.local_exponent(lags, scale * lags**exponent), exponent, atol=1e-9)


def test_local_exponent_follows_a_bend():
    lags = np.arange(1, 1000)
    curve = np.where(lags < 30, lags**0.5, 30**-1.0 * lags**1.5)
    found = distance_geometry.local_exponent(lags, curve)
    np.testing.assert_allclose(found[lags < 15], 0.5, atol=1e-9)
    np.testing.assert_allclose(found[lags > 60], 1.5, atol=1e-9)


@pytest.mark.parametrize("dimensions", [1, 3, 20])
def test_one_driftless_walk_in_forty_exceeds_the_quantile_of_the_drift(dimensions):
    # 800 walks at 2.5 %: three binomial deviations below and above 20 are 7 and 33; 1.96 deviations let
    # 39, 27 and 25 pass
    over = 0
    for seed in range(800):
        walk = brownian(60, np.ones(dimensions), np.random.default_rng([seed, dimensions]))
        found, spread = distance_geometry.drift2(square(walk))
        over += found > distance_geometry.drift_quantile(dimensions) * spread
    assert 7 <= over <= 33


@pytest.mark.parametrize(("dimensions", "known"), [(1, 2.38), (3, 2.24), (10, 2.11), (100, 1.995), (1e6, 1.96)])
def test_quantile_of_the_drift_is_that_of_sums_over_the_eigenvalues(dimensions, known):
    # `known`: from 100,000 draws of the sum of chi-squares that the eigenvalues weight, T = 250
    assert distance_geometry.drift_quantile(dimensions) == pytest.approx(known, abs=0.06)
