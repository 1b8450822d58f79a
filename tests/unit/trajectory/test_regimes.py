import numpy as np
import pytest
from scipy.stats import binom
from sgdwalk.trajectory import regimes
from sgdwalk.trajectory.gaussian_walks import gaussian_walks
from sgdwalk.trajectory.likelihood_fits import fit, steps_of
from sgdwalk.trajectory.walk_models import MODELS

SERIES, COPIES = 60, 100
FRACTIONAL = MODELS[1]


def changes(make, windows, seed=0):
    rng = np.random.default_rng([seed, windows])
    ends = 250 * np.arange(1, windows + 1)
    return [regimes.change(make(rng, ends), ends, COPIES, rng) for _ in range(SERIES)]


def noise(rng, ends, size=0.05):
    return size * rng.standard_normal((2, len(ends)))


def correlated(rng, ends):
    first, second = noise(rng, ends)
    return np.stack([first, 0.7 * first + 0.51**0.5 * second])


def ageing(rng, ends):
    return noise(rng, ends) + np.stack([1.3 - 0.1 * np.log(ends), -np.log(ends) - ends / ends[-1]])


def jumping(rng, ends):
    jump = np.where(np.arange(len(ends)) >= len(ends) // 2, 0.6, 0.0)
    return ageing(rng, ends) - np.stack([jump, 0 * jump])


def slow_gains(values, ends):
    """Log likelihood of each change by least squares, minus that of none."""
    count, u = len(ends), ends / ends[-1]
    trend = np.column_stack([np.ones(count), np.log(u), u])

    def log_likelihood(design):
        left = np.array([y - design @ np.linalg.lstsq(design, y)[0] for y in values])
        return -count / 2 * np.linalg.slogdet(left @ left.T)[1]

    places = range(2, count - 1)
    return [log_likelihood(np.column_stack([trend, np.arange(count) >= k])) - log_likelihood(trend) for k in places]


def test_gains_against_least_squares():
    rng, ends = np.random.default_rng(0), 100 * np.arange(1, 13)
    values = jumping(rng, ends)
    trend, jumps = regimes.directions(ends)
    left = values - values @ trend @ trend.T
    np.testing.assert_allclose(regimes.gains(left[None], jumps)[0], slow_gains(values, ends), rtol=1e-8)


@pytest.mark.parametrize("windows", [10, 24])
@pytest.mark.parametrize("make", [noise, correlated, ageing])
def test_stationary_and_ageing_walks_rarely_change(make, windows):
    alarms = sum(np.isfinite(found.window) for found in changes(make, windows))
    assert alarms <= binom.ppf(0.999, SERIES, 0.05)


@pytest.mark.parametrize("windows", [10, 24])
def test_a_jump_is_found_where_it_is(windows):
    found = [one for one in changes(jumping, windows) if np.isfinite(one.window)]
    assert len(found) > 0.7 * SERIES
    assert np.mean([one.window == windows // 2 for one in found]) > 0.85
    held = np.mean([one.low <= windows // 2 <= one.high for one in found])
    assert held >= 0.9
    assert all(one.low <= one.window <= one.high for one in found)


def windows_of(walk, count):
    """(exponent, log mean squared step) [quantity, window] of a walk in so many windows."""
    rows = []
    for part in np.split(walk, count):
        moves = np.diff(part, axis=0)
        steps = steps_of(moves @ moves.T, drift=False)
        rows.append((fit(FRACTIONAL, steps, part.shape[1]).values[0], np.log((moves**2).sum(1).mean())))
    return np.array(rows).T


@pytest.mark.parametrize(("exponents", "found"), [((1.3, 0.7), 5), ((1.1, 1.1), None)])
def test_walks_that_are_joined(exponents, found):
    ends, changes = 80 * np.arange(1, 11), []
    for seed in range(8):
        rng = np.random.default_rng([seed, 3])
        parts = [gaussian_walks(20 * np.arange(401) ** power, 20, 1, rng)[0] for power in exponents]
        joined = np.concatenate([parts[0][:400], parts[0][400] + parts[1][:400]])
        changes.append(regimes.change(windows_of(joined, 10), ends, COPIES, rng).window)
    assert np.sum(np.array(changes) == found) >= 7 if found else np.isnan(changes).sum() >= 6


def test_windows_without_values_are_left_out():
    rng, ends = np.random.default_rng(1), 250 * np.arange(1, 25)
    values = jumping(rng, ends) + np.stack([np.where(np.arange(24) >= 12, -2.0, 0.0)] * 2)
    values[:, [0, 5]] = np.nan
    assert regimes.change(values, ends, COPIES, rng).window == 12
    assert np.isnan(regimes.change(values[:, :9], ends[:9], COPIES, rng).p)  # seven are left


def test_a_quantity_that_does_not_vary_is_left_out():
    rng, ends = np.random.default_rng(2), 250 * np.arange(1, 25)
    values = jumping(rng, ends)
    alone = regimes.change(np.stack([values[0], np.full(24, 2.0)]), ends, COPIES, rng)
    assert alone.window == 12
    assert np.isnan(regimes.change(np.full((2, 24), 2.0), ends, COPIES, rng).p)
