import numpy as np
import pytest
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
    assert fit.exponent == pytest.approx(exponent, rel=1e-6)
    assert fit.exponent_high - fit.exponent == pytest.approx(1.96 * (exponent - 1) / len(tail) ** 0.5, rel=1e-3)
    assert fit.ratio == pytest.approx(difference.sum(), abs=0.05)
    assert fit.z == pytest.approx(difference.sum() / (difference.std() * len(tail) ** 0.5), rel=0.01)


def test_tail_begins_where_the_distance_is_least():
    rng = np.random.default_rng(5)
    x = np.sort(np.concatenate([rng.uniform(0.1, 1, 600), pareto(2.5, 600, rng) / 2e-3]))
    found = power_law_tail.beginning(x)

    def distance(smallest):
        tail = x[x >= smallest]
        exponent = 1 + len(tail) / np.log(tail / smallest).sum()
        rank = np.array([np.mean(tail <= v) for v in tail])
        return np.abs(rank - 1 + (tail / smallest) ** (1 - exponent)).max()

    assert found == pytest.approx(1, rel=0.3)
    assert all(distance(found) < distance(v) + 2e-3 for v in np.quantile(x, np.linspace(0, 0.9, 19)))


def test_the_exponent_of_a_light_tail_is_not_capped():
    x = 1 + 1e-3 * np.random.default_rng(6).random(500)
    assert power_law_tail.fit(x).exponent > 100


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
