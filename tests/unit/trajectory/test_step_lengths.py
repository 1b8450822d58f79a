import numpy as np
import pytest
from sgdwalk.trajectory import mean_squared_displacement, scaling_fits, step_lengths
from walks import fbm, square

LAGS = np.arange(1, 40)


def steps_of(lengths, dimensions, rng):
    """Gaussian steps [step, dimension] times lengths."""
    return np.asarray(lengths)[:, None] * rng.standard_normal((len(lengths), dimensions))


def walk_of(steps):
    return np.vstack([np.zeros(steps.shape[1]), steps.cumsum(0)])


@pytest.fixture
def steps():
    steps = steps_of(np.geomspace(1, 10, 39), 4, np.random.default_rng(0))
    steps[[5, 6, 20]] = 0
    return steps


def test_the_null_is_the_msd_of_orthogonal_steps_of_the_same_lengths(steps):
    squares = (steps**2).sum(1)
    orthogonal = walk_of(np.diag(np.sqrt(squares)))  # each step along its own axis
    found = step_lengths.orthogonal_msd(step_lengths.squared_lengths(square(walk_of(steps))))
    np.testing.assert_allclose(found, mean_squared_displacement.from_positions(orthogonal, LAGS), rtol=1e-10)
    np.testing.assert_allclose(step_lengths.orthogonal_msd(np.stack([squares, 2 * squares])), [found, 2 * found])


def test_effective_steps_count_the_steps_that_the_null_rests_on(steps):
    squares = (steps**2).sum(1)
    found = step_lengths.effective_steps(squares)
    for lag in (1, 7, 20, 39):
        weights = sum(np.pad(squares[t : t + lag], (t, 39 - t - lag)) for t in range(40 - lag))
        assert found[lag - 1] == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert step_lengths.effective_steps(np.ones(39))[0] == pytest.approx(39)
    np.testing.assert_allclose(step_lengths.effective_steps(np.eye(39)[12]), 1)
    np.testing.assert_array_equal(step_lengths.effective_steps(np.zeros(39)), 0)


def test_the_walk_of_directions_has_the_same_directions_and_unit_steps(steps):
    lengths = np.linalg.norm(steps, axis=1)
    unit = np.where(lengths[:, None] > 0, steps / np.where(lengths, lengths, 1)[:, None], 0)
    d2 = square(walk_of(steps))
    np.testing.assert_allclose(step_lengths.direction_products(d2), unit @ unit.T, atol=1e-9)
    np.testing.assert_allclose(
        step_lengths.direction_msd(d2), mean_squared_displacement.from_positions(walk_of(unit), LAGS), rtol=1e-9
    )
    np.testing.assert_allclose(step_lengths.distances_of(steps @ steps.T), d2, atol=1e-9)


def test_directions_within_rounding_are_nan():
    steps = steps_of(np.ones(39), 4, np.random.default_rng(0))
    assert np.isfinite(step_lengths.direction_msd(square(walk_of(steps)))).all()
    steps[3] *= 1e8  # the others are 1e-16 of the squared distances across it
    assert np.isnan(step_lengths.direction_msd(square(walk_of(steps)))).all()
    assert np.isnan(step_lengths.direction_msd(np.zeros((40, 40)))).all()


@pytest.mark.parametrize(("dimensions", "expected"), [(1, 0.74), (5, 0.63), (20, 0.53)])
def test_directions_of_a_mean_reverting_walk_of_few_dimensions_read_closer_to_1(dimensions, expected):
    lags = scaling_fits.log_lags(160)
    curves = [
        step_lengths.direction_msd(square(fbm(0.25, 200, dimensions, np.random.default_rng([seed, dimensions]))))
        for seed in range(20)
    ]
    found = scaling_fits.power_law(lags, np.array(curves)[:, lags - 1])[0]
    assert found.mean() == pytest.approx(expected, abs=0.04)  # standard errors: 0.02, 0.01, 0.005


def test_the_dimension_of_directions_does_not_depend_on_lengths():
    rng = np.random.default_rng(0)
    for lengths in (np.ones(199), np.geomspace(1, 100, 199), rng.pareto(1.5, 199) + 1):
        d2 = square(walk_of(steps_of(lengths, 30, rng)))
        assert step_lengths.direction_dimension(d2) == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize("dimensions", [1, 5, 100])
def test_lengths_are_uneven_beyond_what_gaussian_steps_are(dimensions):
    def share(lengths):
        walks = [walk_of(steps_of(lengths, dimensions, np.random.default_rng(seed))) for seed in range(20)]
        return np.mean([step_lengths.uneven(square(walk)) for walk in walks])

    assert share(np.ones(199)) <= 0.1
    assert share(np.geomspace(1, 100, 199)) >= 0.9


def test_zero_steps_are_left_out(steps):
    left = step_lengths.without_zero_steps(square(walk_of(steps)))
    np.testing.assert_allclose(left, square(walk_of(steps[np.linalg.norm(steps, axis=1) > 0])), atol=1e-9)
