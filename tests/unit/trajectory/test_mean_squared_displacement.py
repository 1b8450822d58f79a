import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sgdwalk.trajectory import mean_squared_displacement as msd

LAGS = np.arange(1, 40)


def by_double_loop(walk):
    """Mean over t, sum over axes, term by term, at lags 1 ... T - 1."""
    found = []
    for lag in range(1, len(walk)):
        terms = []
        for t in range(len(walk) - lag):
            terms.append(sum((after - before) ** 2 for after, before in zip(walk[t + lag], walk[t], strict=True)))
        found.append(sum(terms) / len(terms))
    return found


@pytest.fixture(scope="module")
def walks():
    """Two random walks [copy, step, axis]."""
    return np.random.default_rng(0).standard_normal((2, 40, 5)).cumsum(axis=1)


def test_from_distances_is_the_double_loop(walks):
    d2 = squareform(pdist(walks[0], "sqeuclidean"))
    np.testing.assert_allclose(msd.from_distances(d2), by_double_loop(walks[0]), rtol=1e-12)


@pytest.mark.parametrize("way", [msd.direct, msd.in_blocks])
def test_from_positions_is_the_double_loop(walks, way):
    np.testing.assert_allclose(way(walks[0], LAGS), by_double_loop(walks[0]), rtol=1e-12)


def test_by_fft_is_the_double_loop_for_each_walk(walks):
    found = msd.by_fft(walks + 1e3, LAGS)  # far from the origin, too
    np.testing.assert_allclose(found, [by_double_loop(walk) for walk in walks], rtol=1e-9)
    np.testing.assert_array_equal(msd.by_fft(walks, LAGS[[0, 7]]), msd.by_fft(walks, LAGS)[:, [0, 7]])


@pytest.mark.parametrize("rows", [1, 7, 39])
def test_blocks_leave_no_step_out_and_count_none_twice(walks, rows, monkeypatch):
    monkeypatch.setattr(msd, "BLOCK", 5 * rows)
    np.testing.assert_allclose(msd.in_blocks(walks[0], LAGS), by_double_loop(walks[0]), rtol=1e-12)


def test_positions_in_single_precision_are_subtracted_in_double(walks):
    points = (walks[0] * 1e-3 + 1e3).astype(np.float32)  # differences of a few roundings
    np.testing.assert_allclose(msd.in_blocks(points, LAGS), by_double_loop(points.astype(float)), rtol=1e-12)
