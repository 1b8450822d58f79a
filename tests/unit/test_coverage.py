"""The small version of benchmarks/coverage.py: every interval holds the truth about as often as it says.

Of n intervals that hold the truth with probability p, fewer than the 0.1 % quantile of the binomial law are a failure;
so is a mean width far from the scatter of the estimates. The same bounds must fail for intervals half as wide.
"""

import functools
import importlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
pytestmark = pytest.mark.slow
WALKS, MORE = 40, {"ergodicity": 400}  # its intervals are so skew that one half as wide holds the truth often
WIDTHS = (0.8, 2.2)  # over the ideal, whose standard error is 11 % for 40 walks
SHARE = {("path", "long"): 0.9, ("msl", "long"): 0.85, ("msl", "whole"): 0.9, ("power_laws", "exponent"): 0.88}
CASES = [
    ("msd", "fBm 0.75 in 20", ("early", "middle", "whole")),
    ("msd", "drift in 300", ("early", "middle", "late", "whole")),
    ("msd", "500 stiff, 30 soft", ("early", "middle")),
    ("msd", "blocks in 500", ("early, minus null", "middle, minus null", "late, minus null", "whole, minus null")),
    ("path", "fBm 0.25 in 20", ("short", "long", "transverse")),
    ("msl", "field 0.6", ("whole",)),
    ("stable_laws", "symmetric, alpha 1.5", ("alpha", "scale", "location")),
    ("stable_laws", "general, alpha 1.8, beta 0.5", ("alpha", "beta", "scale", "location")),
    ("scale_drift", "memory 0.0, 250 steps", ("all scales",)),
    ("power_laws", "Pareto 2.5", ("exponent",)),
    ("ergodicity", "5 runs", ("lag 1", "lag 6")),
    ("hessian_trace", "random, 5 products", ("trace",)),
    ("dimension", "D = 2.5", ("variogram", "at distance 0", "sections")),
]


@pytest.fixture(scope="module")
def coverage():
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location("coverage_script", BENCHMARKS / "coverage.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.measure = functools.cache(module.measure)
    yield module
    sys.path[:] = before


def table_of(name):
    return importlib.import_module(f"intervals.{name}")


def failures(coverage, name, kind, quantities, narrower=1.0):
    """What is wrong with the intervals of a kind, made so much narrower about their estimates."""
    table, wrong = table_of(name), []
    measured, truths = coverage.measure(table, kind, MORE.get(name, WALKS)), table.truths(kind)
    for quantity in quantities:
        estimate, low, high, supported = measured[quantity].T
        low, high = estimate - narrower * (estimate - low), estimate + narrower * (high - estimate)
        number, _, held, width = coverage.summary(np.stack([estimate, low, high, supported], 1), truths[quantity])
        least = binom.ppf(0.001, number, SHARE.get((name, quantity), 0.95))
        if not held * number >= least:
            wrong.append(f"{quantity}: {held * number:.0f} of {number} hold the truth, at least {least:.0f} should")
        if name != "ergodicity" and not WIDTHS[0] <= width <= WIDTHS[1]:  # its intervals are not symmetric
            wrong.append(f"{quantity}: {width:.2f} times the ideal width")
    return wrong


@pytest.mark.parametrize(("name", "kind", "quantities"), CASES)
def test_intervals_hold_the_truth_and_are_no_wider_than_they_must_be(coverage, name, kind, quantities):
    assert failures(coverage, name, kind, quantities) == []


@pytest.mark.parametrize(("name", "kind", "quantities"), CASES)
def test_intervals_of_half_the_width_would_be_noticed(coverage, name, kind, quantities):
    for quantity in quantities:
        assert failures(coverage, name, kind, (quantity,), narrower=0.5) != [], quantity


def test_the_direction_exponent_of_equal_steps_is_that_of_the_walk(coverage):
    values = coverage.measure(table_of("msd"), "fBm 0.75 in 300", 10)["middle, direction"]
    assert values[:, 0].mean() == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize(("name", "kind", "quantity", "least", "most"), [
    ("msd", "500 stiff, 30 soft", "middle", 0.95, 1),
    ("msd", "500 stiff, 1 soft", "middle", 0, 0.1),  # .83 of its intervals hold the truth
    ("msd", "500 stiff, 1 soft", "whole", 0, 0.05),  # .70
    ("scale_drift", "memory 0.0, 250 steps", "all scales", 0.85, 1),
    ("scale_drift", "memory 0.99, 250 steps", "all scales", 0, 0.2),  # .37
])  # fmt: skip
def test_what_intervals_cannot_hold_is_not_called_supported(coverage, name, kind, quantity, least, most):
    supported = coverage.measure(table_of(name), kind, WALKS)[quantity][:, 3]
    assert least <= supported.mean() <= most


def test_walks_have_the_curves_that_they_are_tested_against(coverage):
    walks, steps = importlib.import_module("intervals.walks"), 200
    rng, lags = np.random.default_rng(0), np.array([1, 5, 20])
    for kind in ("OU in 300", "many rates in 300", "500 stiff, 30 soft", "drift in 300", "uneven spectrum in 300"):
        make, curve = walks.kinds()[kind]
        made = [make(steps, rng) for _ in range(20)]
        found = np.mean([[((w[lag:] - w[:-lag]) ** 2).sum(1).mean() for lag in lags] for w in made], axis=0)
        expected = curve(lags, steps)
        np.testing.assert_allclose(found / found[0], expected / expected[0], rtol=0.05)


def test_the_ergodicity_breaking_parameter_that_is_tested_against(coverage):
    table = table_of("ergodicity")
    walks = np.random.default_rng(0).standard_normal((4000, table.STEPS, table.DIMENSIONS)).cumsum(1)
    for lag in table.LAGS:
        curve = ((walks[:, lag:] - walks[:, :-lag]) ** 2).sum(2).mean(1)
        assert curve.var() / curve.mean() ** 2 == pytest.approx(table.truths("2 runs")[f"lag {lag}"], rel=0.12)


def test_every_table_has_its_kinds_truths_and_place_in_the_page(coverage):
    page = coverage.PAGE.read_text()
    for name in coverage.TABLES:
        table = table_of(name)
        assert set(table.FAST) <= set(table.KINDS)
        assert f"<!-- {name}: begin -->" in page
        assert f"## {table.TITLE}\n" in page


def test_a_row_says_what_is_supported_and_counts_a_missing_interval_as_a_miss(coverage):
    values = np.array([[1.0, 0.5, 1.5, 1], [1.2, 0.7, 1.7, 1]] * 6 + [[5.0, np.nan, np.nan, 0]] * 4)
    assert coverage.row("kind", "exponent", values, 1.0).startswith("| kind | exponent | 12 | +0.100 | 100.0 | 2.4")
    assert coverage.summary(values[10:], 5.0)[:3] == (6, pytest.approx(-1.3), 0.0)
