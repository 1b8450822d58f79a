"""Fits of walks of known law: exponents, what an interval holds, a bounce told from memory, a drift from persistence."""

import functools

import numpy as np
import pytest
from scipy.stats import binom
from sgdwalk.trajectory import toeplitz_likelihood
from sgdwalk.trajectory.gaussian_walks import gaussian_walks
from sgdwalk.trajectory.likelihood_fits import DROP, fit, steps_of
from sgdwalk.trajectory.walk_models import MODELS
from walks import ornstein_uhlenbeck

BROWNIAN, FRACTIONAL, WITH_WHITE, RELAXING = MODELS
STEPS, DIMENSIONS, WALKS = 120, 20, 30


def walk_of(kind, seed):
    rng = np.random.default_rng([seed, 11])
    if kind == "relaxing":
        return ornstein_uhlenbeck(0.1, STEPS, DIMENSIONS, rng)
    exponent, noise, drift = {
        "subdiffusive": (0.5, 0, 0), "Brownian": (1.0, 0, 0), "superdiffusive": (1.5, 0, 0),
        "bouncing": (1.5, 2.0, 0), "drifting": (1.0, 0, 0.5),
    }[kind]  # fmt: skip
    walk = gaussian_walks(DIMENSIONS * np.arange(STEPS) ** exponent, DIMENSIONS, 1, rng)[0]
    return walk + noise * rng.standard_normal(walk.shape) + drift * np.arange(STEPS)[:, None] * np.eye(1, DIMENSIONS)


@functools.cache
def fits(kind, model, drift):
    found = []
    for seed in range(WALKS):
        moves = np.diff(walk_of(kind, seed), axis=0)
        found.append(fit(model, steps_of(moves @ moves.T, drift=drift), DIMENSIONS))
    return found


def estimates(found, k=0):
    return np.array([(one.values[k], *one.intervals[k]) for one in found]).T


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "model", "truth", "drift"),
    [
        ("subdiffusive", FRACTIONAL, 0.5, False),
        ("subdiffusive", FRACTIONAL, 0.5, True),
        ("Brownian", FRACTIONAL, 1.0, False),
        ("drifting", FRACTIONAL, 1.0, True),
        ("superdiffusive", FRACTIONAL, 1.5, False),
        ("superdiffusive", FRACTIONAL, 1.5, True),
        ("bouncing", WITH_WHITE, 1.5, False),
        ("relaxing", RELAXING, -1 / np.log(0.9), False),
        ("relaxing", RELAXING, -1 / np.log(0.9), True),
    ],
)
def test_intervals_hold_the_truth_and_are_no_wider_than_the_scatter(kind, model, truth, drift):
    value, low, high = estimates(fits(kind, model, drift))
    error = value.std(ddof=1) / np.sqrt(WALKS)
    assert abs(value.mean() - truth) < 3.5 * error
    assert (low <= value).all()
    assert (value <= high).all()
    assert ((low <= truth) & (truth <= high)).sum() >= binom.ppf(0.001, WALKS, 0.95)
    assert 0.7 < (high - low).mean() / (2 * 1.96 * value.std(ddof=1)) < 1.45


def test_exponents_are_closer_than_a_line_through_the_msd():
    value, *_ = estimates(fits("superdiffusive", FRACTIONAL, False))
    lags = np.arange(1, int(0.8 * STEPS))
    slopes = []
    for seed in range(WALKS):
        walk = walk_of("superdiffusive", seed)
        curve = [((walk[lag:] - walk[:-lag]) ** 2).sum(1).mean() for lag in lags]
        slopes.append(np.polyfit(np.log(lags), np.log(curve), 1, w=lags**-0.5)[0])
    assert value.std() < 0.6 * np.std(slopes)


@pytest.mark.slow
def test_a_bounce_is_told_from_memory():
    plain, *_ = estimates(fits("bouncing", FRACTIONAL, False))
    share, low, _ = estimates(fits("bouncing", WITH_WHITE, False), 1)
    assert plain.mean() < 0.8  # what is 1.5 without the noise
    assert share.mean() == pytest.approx(8 / 9, abs=0.02)
    assert (low > 0).all()
    _, low, _ = estimates(fits("subdiffusive", WITH_WHITE, False), 1)
    assert (low == 0).mean() > 0.8
    aic = [[2 * len(m.parameters) - 2 * np.array([f.log_likelihood for f in fits(kind, m, False)]) for m in MODELS]
           for kind in ("subdiffusive", "bouncing", "relaxing")]  # fmt: skip
    chosen = np.argmin(aic, axis=1)
    assert (chosen[0] == 1).mean() > 0.7
    assert (chosen[1] == 2).all()
    assert (chosen[2] == 3).mean() > 0.9


def test_a_drift_that_is_projected_out_is_no_persistence():
    value, *_ = estimates(fits("drifting", FRACTIONAL, True))
    assert value.mean() == pytest.approx(1, abs=3.5 * value.std() / np.sqrt(WALKS))
    kept, *_ = estimates(fits("drifting", WITH_WHITE, False))
    assert kept.mean() > 1.04


def test_maximum_and_interval_are_those_of_the_likelihood():
    moves = np.diff(walk_of("superdiffusive", 0), axis=0)
    steps = steps_of(moves @ moves.T, drift=True)

    def exact(exponent):
        of = toeplitz_likelihood.inverses(FRACTIONAL.covariances(np.array([[exponent]]), STEPS - 1))
        return 300 * steps.log_likelihood(of)[0]

    found = fit(FRACTIONAL, steps, 300)
    best, (low, high) = found.values[0], found.intervals[0]
    assert found.log_likelihood == pytest.approx(exact(best), abs=1e-3)
    assert max(exact(best - 0.002), exact(best + 0.002)) < exact(best)
    for end in (low, high):
        assert exact(best) - exact(end) == pytest.approx(DROP, abs=0.02)


def test_the_ends_of_a_range_stand_for_their_limits():
    value, low, high = estimates(fits("superdiffusive", RELAXING, False))
    assert np.isinf(value).all()
    assert np.isinf(high).all()
    assert np.isfinite(low).all()
