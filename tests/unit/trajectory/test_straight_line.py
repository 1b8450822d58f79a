import numpy as np
import pytest
from scipy.stats import linregress
from sgdwalk.trajectory.straight_line import slope


def test_a_slope_has_the_interval_of_its_scatter():
    x, y = np.array([0.0, 1, 2, 4, 5]), np.array([0.1, 0.9, 2.3, 3.6, 5.2])
    value, low, high = slope(x, y)
    fit = linregress(x, y)
    assert (value, value - low, high - value) == pytest.approx((fit.slope, *[3.182446 * fit.stderr] * 2), rel=1e-6)
    assert slope(np.append(x, [6, np.nan]), np.append(y, [np.nan, 1])) == (value, low, high)
    assert np.isnan(slope(x[:2], y[:2])).all()
    assert np.isnan(slope(x, np.array([np.nan, np.nan, np.nan, 1, 2]))).all()
    assert np.isnan(slope(np.ones(5), y)).all()


def test_the_interval_of_a_slope_covers_it():
    rng, x = np.random.default_rng(0), np.arange(5.0)
    found = [slope(x, 2 * x + rng.standard_normal(5)) for _ in range(1000)]
    covered = np.mean([low <= 2 <= high for _, low, high in found])
    assert covered == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 1000))
