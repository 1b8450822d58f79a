"""Stages of walks against direct loops, walks of known exponent, and a flat surface that should show nothing."""

import numpy as np
import pytest
from sgdwalk.landscapes import surface_walks, walk_stages
from sgdwalk.landscapes.walk_stages import STAGES


def exponents(found):
    return dict(zip(STAGES, found.exponent, strict=True))


def test_entries_are_the_first_step_inside_and_the_one_after_which_the_walker_stays():
    position = np.zeros((4, 100, 2))
    position[0, :37] = 0.5
    position[0, 10:20] = 0
    position[1, :, 0] = np.linspace(-1, 1, 100)
    position[2, 99] = 0.6
    position[3, 40:90, 1] = 3.0
    inside = (position[1, -10:, 0].mean() - position[1, :, 0]) > 0.2
    first, last = walk_stages.entries(position, 0.2)
    assert first.tolist() == [10, inside.sum(), 0, 0]
    assert last.tolist() == [37, inside.sum(), 100, 90]


def slow_msd(paths, lag):
    """Mean of |x_{t+lag} - x_t|^2 over all pairs of all paths, pair by pair."""
    found = [np.sum((p[t + lag] - p[t]) ** 2) for p in paths for t in range(len(p) - lag)]
    return np.mean(found) if found else np.nan


def test_msd_of_each_stage_against_a_direct_loop_over_all_walkers():
    rng = np.random.default_rng(4)
    path = rng.standard_normal((9, 80, 2)).cumsum(axis=1)
    last = np.array([0, 3, 10, 12, 20, 40, 50, 70, 80])
    first = last // 2
    found = walk_stages.measure(path, first, last, 5, 20)
    parts = {
        "descent": ([p[:e] for p, e in zip(path, last, strict=True)], 5),
        "approach": ([p[:e] for p, e in zip(path, first, strict=True)], 5),
        "basin": ([p[e:] for p, e in zip(path, last, strict=True)], 20),
        "whole": (list(path), 20),
        "start": ([], 10),
    }
    for k, (stage, (walks, longest)) in enumerate(parts.items()):
        expected = np.array([slow_msd(walks, lag) if lag <= longest else np.nan for lag in found.lag])
        if stage == "start":
            start = ((path - path[:, :1]) ** 2).sum(axis=2).mean(axis=0)
            expected = np.where(found.lag <= 10, start[found.lag], np.nan)
        np.testing.assert_allclose(found.msd[k], expected)
        assert (found.first_lag[k], found.last_lag[k]) == (1, longest)
        known = np.isfinite(expected)
        slope = np.polyfit(np.log(found.lag[known]), np.log(expected[known]), 1)[0]
        used = sum(len(walk) > longest for walk in walks) if stage != "start" else 9
        assert found.walkers_used[k] == used
        assert found.exponent[k] == pytest.approx(slope if used >= 5 else np.nan, nan_ok=True)


def test_the_exponent_of_a_single_walker_is_that_of_its_own_time_average():
    rng = np.random.default_rng(5)
    path = rng.standard_normal((4, 60, 2)).cumsum(axis=1)
    last = np.array([9, 10, 30, 60])
    found = walk_stages.measure(path, last, last, 5, 20)
    lags = found.lag[found.lag <= 5]
    for k in (1, 2, 3):
        msd = [slow_msd([path[k, : last[k]]], lag) for lag in lags]
        assert found.single[k] == pytest.approx(np.polyfit(np.log(lags), np.log(msd), 1)[0])
    assert np.isnan(found.single[0])  # fewer than 2 x 5 steps


def test_exponents_of_ballistic_and_brownian_walkers():
    rng = np.random.default_rng(2)
    ballistic = rng.standard_normal((20, 1, 2)) * np.arange(400)[:, None]
    half = np.full(20, 200)
    np.testing.assert_allclose(walk_stages.measure(ballistic, half, half, 20, 40).exponent, 2)
    brownian = rng.standard_normal((200, 400, 2)).cumsum(axis=1)
    half = np.full(200, 200)
    np.testing.assert_allclose(walk_stages.measure(brownian, half, half, 20, 40).exponent, 1, atol=0.1)


def test_stages_without_walkers_or_motion_are_nan():
    path = np.zeros((8, 60, 2))
    entry = np.array([0, 0, 0, 0, 30, 30, 30, 30])
    path[4:] += np.random.default_rng(0).standard_normal((4, 60, 2))
    found = exponents(walk_stages.measure(path, entry, entry, 10, 10))
    assert np.isnan([found["descent"], found["approach"]]).all()
    assert np.isfinite([found["basin"], found["whole"]]).all()
    assert np.isnan(walk_stages.measure(path[:4].repeat(2, axis=0), entry, entry, 10, 10).exponent).all()


def test_stages_create_no_anomalous_exponent_on_a_flat_surface():
    rng = np.random.default_rng(0)
    path, _ = surface_walks.walk(np.zeros((9, 9)), rng.uniform(-1, 1, (300, 2)), 1000, 0.02, 0.01, rng)
    found = exponents(walk_stages.measure(path, *walk_stages.entries(path, 0.3), 20, 100))
    assert list(found.values()) == pytest.approx([1] * 5, abs=0.07)
