"""The fast version of benchmarks/msd_intervals.py: intervals on walks that broke those of one dimension for all lags."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "msd_intervals.py"
STEPS, WALKS, COPIES = 200, 32, 100
LEAST = 27  # of 32 intervals: three binomial deviations below 95 %


@pytest.fixture(scope="module")
def intervals():
    spec = importlib.util.spec_from_file_location("intervals_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measured(intervals, case):
    """(estimates [walk, 4] of exponent and excess by fit, true exponent by fit) of a kind of walk."""
    values, _ = intervals.measure(case, STEPS, WALKS, COPIES)
    truth = intervals.truths(intervals.cases()[case][1](np.arange(1, STEPS), STEPS))
    return {fit: (values[0, :, k], values[1, :, k]) for k, fit in enumerate(intervals.SHOWN)}, truth


def held(values, truth):
    return int(((values[:, 1] <= truth) & (truth <= values[:, 2])).sum())


@pytest.mark.parametrize("case", ["500 stiff, 1 soft", "500 stiff, 10 soft"])
def test_few_soft_directions_are_known_to_be_few(intervals, case):
    found, truth = measured(intervals, case)
    for fit in ("early", "middle"):
        assert held(found[fit][0], truth[fit]) >= LEAST, fit
    for fit in ("late", "whole", "long"):
        assert found[fit][0][:, 3].mean() <= 0.1, fit  # hardly ever supported: an interval may miss the truth


@pytest.mark.parametrize("case", ["blocks in 500", "decay in 500"])
def test_uneven_steps_are_told_from_correlated_ones(intervals, case):
    found, truth = measured(intervals, case)
    for fit in ("early", "middle", "late", "whole", "short", "long"):
        raw, excess = found[fit]
        assert held(raw, truth[fit]) >= LEAST, fit
        assert held(excess, 0) >= LEAST, fit
        assert abs(excess[:, 0].mean()) < 4 * excess[:, 0].std(ddof=1) / np.sqrt(WALKS) + 1e-3, fit
        assert intervals.summary(excess, 0)[2] < 1.9, fit  # width over ideal, whose standard error is 13 %


@pytest.mark.parametrize("case", ["OU in 300", "fBm 0.5 in 300"])
def test_intervals_are_no_wider_than_they_must_be(intervals, case):
    found, truth = measured(intervals, case)
    for fit in ("early", "middle", "late", "whole"):
        assert held(found[fit][0], truth[fit]) >= LEAST, fit
        assert intervals.summary(found[fit][0], truth[fit])[2] < 1.9, fit
    for fit in ("short", "long"):  # the crossover jumps
        assert held(found[fit][0], truth[fit]) >= LEAST, fit


def test_the_kinds_of_walks_have_the_curves_that_they_are_tested_against(intervals):
    rng, lags = np.random.default_rng(0), np.array([1, 5, 20])
    for case in ("OU in 300", "many rates in 300", "500 stiff, 30 soft", "drift in 300"):
        make, curve = intervals.cases()[case]
        walks = [make(STEPS, rng) for _ in range(20)]
        found = np.mean([[((w[lag:] - w[:-lag]) ** 2).sum(1).mean() for lag in lags] for w in walks], axis=0)
        expected = curve(lags, STEPS)
        np.testing.assert_allclose(found / found[0], expected / expected[0], rtol=0.03)
