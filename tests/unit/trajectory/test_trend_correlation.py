import numpy as np
import pytest
import xarray as xr
from scipy.stats import spearmanr
from sgdwalk.trajectory.trend_correlation import (
    autocorrelation,
    change_correlation,
    independent_points,
    rank_correlation,
)
from sgdwalk.trajectory.window_series import noise_strength, window_of


def white(rng, count):
    return rng.standard_normal(count)


def walk(rng, count):
    return rng.standard_normal(count).cumsum()


def falling(rng, count):
    return np.linspace(4, 0, count) + rng.standard_normal(count)


def test_the_value_is_that_of_spearman_and_gaps_are_left_out():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 12))
    x[3], y[7] = np.nan, np.inf
    kept = np.isfinite(x) & np.isfinite(y)
    found = rank_correlation(x, y)
    assert found.value == pytest.approx(spearmanr(x[kept], y[kept]).statistic)
    assert found.points == 10
    changed = change_correlation(x, y)
    assert changed.value == pytest.approx(spearmanr(np.diff(x[kept]), np.diff(y[kept])).statistic)
    time = np.arange(10)
    apart = spearmanr(x[kept], time).statistic * spearmanr(y[kept], time).statistic
    assert found.trends == pytest.approx(apart)


def test_the_number_of_independent_points_is_that_of_the_formula():
    a, b = np.random.default_rng(1).standard_normal((2, 9)).cumsum(axis=1)
    total = 1 / 9
    for lag in range(1, 8):
        ra, rb = (((v - v.mean())[lag:] * (v - v.mean())[:-lag]).sum() / ((v - v.mean()) ** 2).sum() for v in (a, b))
        total += 2 / 9 * (1 - lag / 9) * ra * rb
    assert independent_points(a, b) == pytest.approx(min(9, 1 / total))
    assert len(autocorrelation(a)) == 7


@pytest.mark.parametrize(
    ("correlation", "series", "most"),
    [
        (rank_correlation, white, 0.06), (rank_correlation, walk, 0.07), (change_correlation, white, 0.06),
        (change_correlation, walk, 0.05), (change_correlation, falling, 0.06),
    ],
)  # fmt: skip
def test_independent_series_seldom_correlate(correlation, series, most):
    rng = np.random.default_rng(2)
    found = [correlation(series(rng, 24), series(rng, 24)) for _ in range(300)]
    assert np.mean([c.low > 0 or c.high < 0 for c in found]) <= most


def test_two_trends_correlate_as_much_as_they_follow_time():
    rng = np.random.default_rng(3)
    found = [rank_correlation(falling(rng, 24), falling(rng, 24)) for _ in range(200)]
    np.testing.assert_allclose(np.mean([c.value - c.trends for c in found]), 0, atol=0.03)
    assert np.mean([c.value for c in found]) > 0.4


def test_a_common_part_is_found_beyond_the_trends():
    rng = np.random.default_rng(4)
    found = []
    for _ in range(50):
        common = falling(rng, 24)
        found.append(change_correlation(common, common + 0.3 * rng.standard_normal(24)).low)
    assert np.mean(np.array(found) > 0) > 0.9


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_too_few_points_tell_nothing(count):
    x = np.arange(count) ** 2.0
    for found in (rank_correlation(x, -x), change_correlation(x, x)):
        assert np.isnan(found.value) or (found.low, found.high) == (-1, 1)
    assert np.isnan(rank_correlation(np.ones(9), np.arange(9)).value)


def test_noise_strength_is_the_mean_square_of_a_windows_steps():
    norm = np.r_[np.full(4, 2.0), 1, 3, np.nan, 3, np.full(3, np.nan)]
    training = xr.Dataset({"noise_norm": ("step", norm)})
    windows = xr.Dataset(coords={"window_start": ("window", [0, 4, 8]), "lag": [1, 2, 3]})
    np.testing.assert_allclose(noise_strength(training, windows), [4, 19 / 3, np.nan])
    np.testing.assert_array_equal(window_of(np.array([0, 3, 4, 8, 12]), windows), [0, 0, 1, 2, 2])
