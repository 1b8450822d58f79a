import numpy as np
import pytest
from sgdwalk.trajectory import gaussian_walks, mode_dimension
from walks import fbm, ornstein_uhlenbeck


def found(walk, variogram):
    """Dimension [mode] of a walk [step, dimension] of known variogram."""
    steps = np.diff(walk, axis=0)
    spectrum = gaussian_walks.increment_spectrum(variogram)
    return mode_dimension.mode_dimension(steps @ steps.T, np.fft.irfft(spectrum)[: len(steps)])


def median(make, variogram, seeds=8):
    return np.median([found(make(np.random.default_rng(seed)), variogram) for seed in range(seeds)], axis=0)


def test_modes_are_sine_transforms_of_the_steps():
    steps = np.random.default_rng(0).standard_normal((12, 3))
    k, t = np.arange(1, 13)[:, None], np.arange(12)
    sines = np.sqrt(2 / 12) * np.sin(np.pi * k * (t + 0.5) / 12)
    sines[-1] /= np.sqrt(2)  # the last one, +-1 at every step
    modes = sines @ steps
    np.testing.assert_allclose(mode_dimension.mode_products(steps @ steps.T), modes @ modes.T, atol=1e-12)


@pytest.mark.parametrize("dimensions", [5, 100])
@pytest.mark.parametrize("H", [0.25, 0.5, 0.75])
def test_equal_dimensions_are_found_at_every_frequency(H, dimensions):
    # a standard error is taken off: a quarter at the slowest modes, 1 % at the fastest
    variogram = np.arange(200.0) ** (2 * H)
    dimension = median(lambda rng: fbm(H, 200, dimensions, rng), variogram)
    assert dimension[-1] == pytest.approx(dimensions, rel=0.05)
    assert 0.5 * dimensions < dimension[0] < 1.15 * dimensions
    assert dimension[30] == pytest.approx(0.95 * dimensions, rel=0.1)


def test_a_bounded_walk_does_not_leak_into_slow_modes():
    rate = 0.1
    variogram = 1 - (1 - rate) ** np.arange(200)
    dimension = median(lambda rng: ornstein_uhlenbeck(rate, 200, 100, rng), variogram)
    assert 50 < dimension[0] < 120
    assert dimension[-1] == pytest.approx(100, rel=0.05)


def test_few_soft_directions_make_up_the_slow_modes():
    def walk(rng):
        soft = rng.standard_normal((300, 6)).cumsum(0) * np.sqrt(5)
        return np.hstack([rng.standard_normal((300, 300)) * np.sqrt(0.5), soft])

    lags = np.arange(300)
    dimension = median(walk, 300.0 * (lags > 0) + 30 * lags)
    assert 3 < dimension[0] < 8
    assert dimension[-1] > 150
    assert (np.diff(dimension[2:]) > -1e-9).all()


def test_parallel_modes_have_one_dimension():
    rng = np.random.default_rng(0)
    line = np.outer(rng.standard_normal(50).cumsum(), rng.standard_normal(7))
    np.testing.assert_allclose(found(line, np.arange(50.0)), 1)


def test_sums_over_pairs_are_what_they_say():
    rng = np.random.default_rng(0)
    weight, values = rng.random((2, 5)), rng.random((5, 5))
    slow = [sum(w[i] * w[j] * values[i, j] for i in range(5) for j in range(5) if i != j) for w in weight]
    np.testing.assert_allclose(mode_dimension.pair_sums(weight, values), slow)


def test_expected_correlations_are_taken_out():
    covariance = gaussian_walks.increment_spectrum(np.arange(100) ** 1.6)
    covariance = np.fft.irfft(covariance)[:99]
    expected = mode_dimension.mode_products(covariance[np.abs(np.subtract.outer(range(99), range(99)))])
    slow = slice(mode_dimension.CORRELATED)
    left = mode_dimension.decorrelated(expected, expected)[slow, slow]
    np.testing.assert_allclose(left, np.eye(mode_dimension.CORRELATED), atol=1e-8)
