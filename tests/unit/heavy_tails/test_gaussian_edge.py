import numpy as np
import pytest
from scipy.stats import norm
from sgdwalk.heavy_tails.stable import bounds, gaussian_edge
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.heavy_tails.stable.gaussian_edge_table import simulate


def test_gaussian_log_likelihood():
    x = np.random.default_rng(0).normal(3, 2e-6, 100)
    assert gaussian_edge.gaussian(x) == pytest.approx(norm.logpdf(x, x.mean(), x.std()).sum())


@pytest.mark.slow
def test_rejects_four_to_six_in_a_hundred_gaussian_samples():
    """At a number of points that is not tabulated; 3,000 samples give the share an error of 0.4 %."""
    ratios = simulate(75, 3000, seed=2)
    assert 0.04 <= np.mean(ratios > gaussian_edge.critical_value(75, 0.05)) <= 0.06
    p = np.array([gaussian_edge.p_value(ratio, 75) for ratio in ratios])
    assert 0.015 <= np.mean(p < 0.025) <= 0.035


@pytest.mark.slow
def test_the_table_is_reproduced_by_its_simulation():
    ratios = simulate(1000, 600, seed=1)
    share = np.mean(ratios > gaussian_edge.QUANTILES[1000][gaussian_edge.LEVELS.index(0.1)])
    assert share == pytest.approx(0.1, abs=0.043)  # 3.5 sd of the share


def test_critical_values_are_interpolated_between_tabulated_numbers():
    at = gaussian_edge.QUANTILES[100][2], gaussian_edge.QUANTILES[200][2]
    assert gaussian_edge.critical_value(100, 0.05) == at[0]
    assert gaussian_edge.critical_value(20_000**0.5, 0.05) == pytest.approx(sum(at) / 2)
    assert gaussian_edge.critical_value(3) == gaussian_edge.critical_value(50)
    assert gaussian_edge.critical_value(500, 0.01) > gaussian_edge.critical_value(500, 0.05)


def test_p_value_inverts_the_critical_value():
    for level in (0.1, 0.05, 0.03, 0.01):
        assert gaussian_edge.p_value(gaussian_edge.critical_value(300, level), 300) == pytest.approx(level, rel=1e-6)
    assert gaussian_edge.p_value(0.0, 300) == 1
    assert gaussian_edge.p_value(1e3, 300) == pytest.approx(0.001)


def test_interval_reaches_two_exactly_where_the_gaussian_is_not_rejected():
    reached = []
    for seed in range(60):
        x = stable.sample(300, 1.97, rng=seed)
        fit = stable.fit(x)
        ratio = 2 * (fit.log_likelihood - gaussian_edge.gaussian(x))
        assert (fit.alpha_high == 2) == (ratio < gaussian_edge.critical_value(300))
        assert fit.alpha <= fit.alpha_high
        reached.append(fit.alpha_high == 2)
    assert 0 < np.mean(reached) < 1


@pytest.mark.parametrize("alpha", [1.4, 1.95, 1.999])
def test_upper_bound_of_alpha(alpha):
    for half in (0.01, 0.1):
        assert bounds._alpha_bounds(alpha, half, 0, True)[1] == 2
        low, high = bounds._alpha_bounds(alpha, half, 0, False)
        assert low < alpha < high < 2
