import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm
from sgdwalk.heavy_tails import power_law_tail


def pareto(exponent, size, rng):
    return 2e-3 * (1 - rng.random(size)) ** (-1 / (exponent - 1))


def test_recovers_a_power_law_with_stated_error():
    rng = np.random.default_rng(1)
    fits = [power_law_tail.fit(pareto(2.5, 400, rng)) for _ in range(40)]
    assert all(fit.status == "ok" and fit.z > 0 for fit in fits)
    assert np.mean([fit.exponent_low <= 2.5 <= fit.exponent_high for fit in fits]) >= 0.8  # where it begins is chosen
    assert np.mean([fit.exponent for fit in fits]) == pytest.approx(2.5, abs=0.1)


def test_an_exponential_is_told_from_a_power_law():
    x = np.random.default_rng(2).exponential(3e-4, 4000)
    assert power_law_tail.fit(x).ratio < 0
    heavy = power_law_tail.fit(pareto(2.5, 2000, np.random.default_rng(3)))
    assert heavy.p < 0.01
    assert heavy.ratio > 0


def test_exponent_interval_and_ratio_against_their_formulas():
    x = pareto(2.2, 600, np.random.default_rng(4)) + 1e-3
    fit = power_law_tail.fit(x)
    tail = x[x >= fit.smallest]
    exponent = 1 + len(tail) / np.log(tail / fit.smallest).sum()
    rate = 1 / (tail.mean() - fit.smallest)
    power = np.log((exponent - 1) / fit.smallest) - exponent * np.log(tail / fit.smallest)
    exponential = np.log(rate) - rate * (tail - fit.smallest)
    difference = power - exponential
    assert fit.number == len(tail)
    assert fit.exponent == pytest.approx(exponent, rel=1e-9)
    assert fit.exponent_high - fit.exponent == pytest.approx(1.96 * (exponent - 1) / len(tail) ** 0.5, rel=1e-3)
    assert fit.ratio == pytest.approx(difference.sum(), rel=1e-9)
    assert fit.z == pytest.approx(difference.sum() / (difference.std() * len(tail) ** 0.5), rel=1e-9)
    assert fit.p == pytest.approx(2 * norm.sf(abs(fit.z)))


def test_tail_begins_where_the_distance_is_least():
    rng = np.random.default_rng(5)
    x = np.sort(np.concatenate([rng.uniform(0.1, 1, 600), pareto(2.5, 600, rng) / 2e-3]))
    found, least = power_law_tail.beginning(x)

    def distance(smallest):
        tail = x[x >= smallest]
        exponent = 1 + len(tail) / np.log(tail / smallest).sum()
        rank = np.array([np.mean(tail <= v) for v in tail])
        away = rank - 1 + (tail / smallest) ** (1 - exponent)
        return max(away.max(), (1 / len(tail) - away).max())

    assert found == pytest.approx(1, rel=0.3)
    assert least == pytest.approx(distance(found))
    assert all(distance(found) < distance(v) + 2e-3 for v in np.quantile(x, np.linspace(0, 0.9, 19)))


def test_the_exponent_of_a_light_tail_is_not_capped():
    x = 1 + 1e-3 * np.random.default_rng(6).random(500)
    assert power_law_tail.fit(x).exponent > 100


@pytest.mark.slow
def test_the_p_value_of_a_power_law_is_uniform_and_that_of_other_laws_is_small():
    rng = np.random.default_rng(7)
    body = [np.concatenate([rng.uniform(0.1, 1, 100), pareto(2.5, 100, rng) / 2e-3]) for _ in range(40)]
    p = [power_law_tail.fit(x, copies=30, seed=k).fit_p for k, x in enumerate(body)]
    assert np.mean(np.array(p) < 0.1) <= 0.25  # three standard deviations above 10 %
    assert np.mean(p) == pytest.approx(0.5, abs=0.15)
    even = [rng.random(1000) for _ in range(10)]
    assert np.median([power_law_tail.fit(x, copies=30, seed=k).fit_p for k, x in enumerate(even)]) < 0.1


def test_the_p_value_against_a_slow_rewrite():
    rng = np.random.default_rng(8)
    x = np.sort(np.concatenate([rng.uniform(1e-4, 2e-3, 60), pareto(2.5, 60, rng)]))
    smallest, distance = power_law_tail.beginning(x)
    tail = x[x >= smallest]
    rng, larger = np.random.default_rng(4), 0
    for _ in range(25):
        above = rng.binomial(120, len(tail) / 120)
        drawn = smallest * np.exp(rng.standard_exponential(above) * np.log(tail / smallest).mean())
        rest = rng.choice(x[x < smallest], 120 - above)
        larger += power_law_tail.beginning(np.sort(np.concatenate([rest, drawn])))[1] >= distance
    assert power_law_tail.fit(x, copies=25, seed=4).fit_p == larger / 25
    assert np.isnan(power_law_tail.fit(x).fit_p)


def test_the_lognormal_ratio_against_a_search_for_its_maximum():
    rng = np.random.default_rng(9)
    for logs in (np.abs(rng.standard_normal(300)), rng.exponential(size=300) ** 0.8, 5 + rng.standard_normal(300)):

        def minus(point, logs=logs):
            centre, scale = point[0], np.exp(point[1])
            return -(norm.logpdf(logs, centre, scale) - norm.logsf(0, centre, scale)).sum()

        best = min(minimize(minus, [c, 0.0], method="Nelder-Mead", tol=1e-10).fun for c in (-3.0, 0.0, 3.0))
        power = -(np.log(logs.mean()) + 1) * len(logs)
        assert power_law_tail.lognormal_ratio(logs) == pytest.approx(power + best, abs=1e-4)
    assert power_law_tail.lognormal_ratio(rng.exponential(size=300) ** 2) == 0  # wider than an exponential law


def test_the_p_value_against_the_lognormal_holds_its_level_and_rejects_a_lognormal():
    rng = np.random.default_rng(10)
    p = [power_law_tail.fit(pareto(2.5, 200, rng)).lognormal_p for _ in range(100)]
    assert np.mean(np.array(p) < 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)
    p = [power_law_tail.fit(np.exp(rng.standard_normal(3000))).lognormal_p for _ in range(12)]
    assert np.mean(np.array(p) < 0.05) >= 0.5


@pytest.mark.parametrize(
    ("x", "status"),
    [
        (np.full(80, np.nan), "too few points"),
        (np.append(np.arange(1, 80.0), np.inf), "not finite"),
        (np.arange(80.0), "not positive"),
        (np.ones(80), "constant"),
        (np.append(np.ones(40), np.full(100, np.nan)), "too few points"),
        ([], "too few points"),
    ],
)
def test_bad_input_has_a_status_and_no_numbers(x, status):
    fit = power_law_tail.fit(x)
    assert (fit.status, fit.number) == (status, 0)
    assert np.isnan([v for k, v in vars(fit).items() if k not in ("status", "number")]).all()
