"""The fast version of benchmarks/coverage.py."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def coverage():
    spec = importlib.util.spec_from_file_location("coverage_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("H", "dimensions"), [(0.25, 20), (0.5, 200), (0.75, 20)])
def test_intervals_cover_the_exponent_at_lags_up_to_a_tenth_of_the_window(coverage, H, dimensions):
    # 40 walks x 2 ranges at 95 %: 69 of 80 is three binomial deviations (of the 40, were the ranges one) below
    found = np.stack([coverage.measure(f"fBm, H = {H}", dimensions, 200, 100, seed) for seed in range(40)])
    assert found[:, :2, 1].sum() >= 69
    assert np.abs(found[:, :2, 0].mean(0)).max() < 0.06


@pytest.mark.parametrize("law", ["Ornstein-Uhlenbeck", "Brownian with drift"])
def test_intervals_cover_the_exponents_of_bent_curves(coverage, law):
    found = np.stack([coverage.measure(law, 20, 200, 100, seed) for seed in range(40)])
    assert found[:, :2, 1].sum() >= 66


def test_each_simulated_walk_has_its_theoretical_msd(coverage):
    rng = np.random.default_rng(0)
    lags = np.array([1, 5, 20])
    for law in ("fBm, H = 0.75", "Ornstein-Uhlenbeck", "Brownian with drift"):
        make, curve = coverage.LAWS[law]
        walk = make(1000, 2000, rng)
        found = np.array([((walk[lag:] - walk[:-lag]) ** 2).sum(1).mean() for lag in lags])
        expected = curve(lags, 1000)
        np.testing.assert_allclose(found / found[0], expected / expected[0], rtol=0.03)


def test_the_table_has_a_row_for_each_law_dimension_and_range(coverage, monkeypatch):
    monkeypatch.setattr(coverage, "LAWS", {"fBm, H = 0.5": coverage.LAWS["fBm, H = 0.5"]})
    found = coverage.simulate(2, 300, 20, (5,))
    assert found["fBm, H = 0.5", 5].shape == (2, len(coverage.RANGES), 3)


def test_a_table_replaces_the_text_between_its_markers(coverage, tmp_path, monkeypatch):
    page = tmp_path / "coverage.md"
    page.write_text(
        "a\n<!-- walks: begin -->\nold\n<!-- walks: end -->\nb\n<!-- tails: begin -->\n<!-- tails: end -->\n"
    )
    monkeypatch.setattr(coverage, "PAGE", page)
    coverage.write("walks", "new")
    coverage.write("tails", "more")
    assert page.read_text() == (
        "a\n<!-- walks: begin -->\n\nnew\n\n<!-- walks: end -->\nb\n"
        "<!-- tails: begin -->\n\nmore\n\n<!-- tails: end -->\n"
    )
