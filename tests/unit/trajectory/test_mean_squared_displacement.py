import numpy as np
import pytest
from sgdwalk.trajectory import mean_squared_displacement as msd
from walks import slow_msd, square

LAGS = np.arange(1, 40)


@pytest.fixture(scope="module")
def walks():
    """Two random walks [copy, step, axis]."""
    return np.random.default_rng(0).standard_normal((2, 40, 5)).cumsum(axis=1)


def test_from_distances_against_a_loop_over_steps(walks):
    d2 = square(walks[0])
    np.testing.assert_allclose(msd.from_distances(d2), [slow_msd(walks[0], lag) for lag in LAGS], rtol=1e-12)


def test_from_positions_against_a_loop_over_steps(walks):
    np.testing.assert_allclose(
        msd.from_positions(walks[0], LAGS), [slow_msd(walks[0], lag) for lag in LAGS], rtol=1e-12
    )


def test_by_fft_against_a_loop_over_steps_for_each_walk(walks):
    found = msd.by_fft(walks + 1e3, LAGS)  # far from the origin, too
    np.testing.assert_allclose(found, [[slow_msd(walk, lag) for lag in LAGS] for walk in walks], rtol=1e-9)
    np.testing.assert_array_equal(msd.by_fft(walks, LAGS[[0, 7]]), msd.by_fft(walks, LAGS)[:, [0, 7]])


@pytest.mark.parametrize("rows", [1, 7, 39])
def test_blocks_leave_no_step_out_and_count_none_twice(walks, rows, monkeypatch):
    monkeypatch.setattr(msd, "BLOCK", 5 * rows)
    np.testing.assert_allclose(
        msd.from_positions(walks[0], LAGS), [slow_msd(walks[0], lag) for lag in LAGS], rtol=1e-12
    )


def test_positions_in_single_precision_are_subtracted_and_summed_in_double(walks):
    points = walks[0].astype(np.float32)
    np.testing.assert_allclose(
        msd.from_positions(points, LAGS), [slow_msd(points.astype(float), lag) for lag in LAGS], rtol=1e-12
    )
