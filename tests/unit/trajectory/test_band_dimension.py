import numpy as np
import pytest
from sgdwalk.trajectory.band_dimension import band_dimensions
from sgdwalk.trajectory.walk_models import MODELS
from walks import fbm


def bands(walk, covariance, drift=0.0):
    moves = np.diff(walk, axis=0) + drift
    return band_dimensions(moves @ moves.T, covariance)


@pytest.mark.parametrize("exponent", [0.5, 1.5])
@pytest.mark.parametrize("dimensions", [5, 40])
def test_equal_dimensions_are_counted_in_every_band_whatever_the_drift(exponent, dimensions):
    covariance = MODELS[1].covariances(np.array([exponent]), 199)
    walks = [fbm(exponent / 2, 200, dimensions, np.random.default_rng(seed)) for seed in range(20)]
    each = [bands(walk, covariance, drift=1.0) for walk in walks]
    np.testing.assert_allclose(1 / np.mean([1 / found for found, _ in each], axis=0), dimensions, rtol=0.2)
    assert np.mean([overall for _, overall in each]) == pytest.approx(dimensions, rel=0.04)


def test_few_soft_directions_among_stiff_ones_are_told():
    rng = np.random.default_rng(0)
    walk = np.hstack([rng.standard_normal((200, 300)), 3 * rng.standard_normal((200, 3)).cumsum(0)])
    found, _ = bands(walk, MODELS[2].covariances(np.array([1.0, 3.0]), 199))
    assert found[0] < 15 < 100 < found[-1]


def test_a_straight_line_has_one_dimension_or_none():
    found, overall = bands(np.arange(50.0)[:, None] * np.ones(3), np.eye(1, 49)[0])
    assert np.isfinite(found).all()
    assert np.isfinite(overall)


@pytest.mark.parametrize("steps", [20, 34, 67, 131])
def test_a_last_band_of_few_modes_makes_no_dimension_of_its_own(steps):
    rng = np.random.default_rng(steps)
    each = [band_dimensions(moves @ moves.T, np.eye(1, steps)[0]) for moves in rng.standard_normal((40, steps, 60))]
    assert np.mean([found.max() > 3 * found.min() for found, _ in each]) <= 0.1
    assert np.median([overall for _, overall in each]) == pytest.approx(60, rel=0.15)
