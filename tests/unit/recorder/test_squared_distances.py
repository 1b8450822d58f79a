import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import squareform
from sgdwalk.recorder import squared_distances as module
from sgdwalk.recorder.squared_distances import condensed, squared_distances


def by_differences(weights):
    """The definition, in extended precision, pair by pair."""
    w = np.asarray(weights).astype(np.longdouble)
    return np.array([[((a - b) ** 2).sum() for b in w] for a in w]).astype(float)


def environment():
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def walk(steps, parameters, seed=0, start=0.0):
    rng = np.random.default_rng(seed)
    return start + np.cumsum(rng.standard_normal((steps, parameters)), axis=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_equals_differences_for_every_kind_of_input(dtype, kind):
    weights = walk(31, 57).astype(dtype)
    found = squared_distances(kind(weights))
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), by_differences(weights), rtol=1e-12)  # R/d is about 10 here


def test_half_precision_is_taken():
    weights = torch.from_numpy(walk(9, 40)).bfloat16()
    np.testing.assert_allclose(squared_distances(weights).numpy(), by_differences(weights.double()), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_short_lags_keep_their_digits_far_from_the_origin(dtype):
    # |w| = 1e4 steps: a Gram matrix about the origin would lose 8 digits of 16 (all of them in float32)
    parameters = 400
    weights = walk(200, parameters, start=1e4).astype(dtype)
    found, truth = squared_distances(weights).numpy(), by_differences(weights)
    first = np.diagonal(truth, 1)
    assert np.abs(np.diagonal(found, 1) / first - 1).max() < 1e-9


@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_the_caller_keeps_its_float64_weights(kind):
    weights = kind(walk(20, 9, start=3.0))
    before = walk(20, 9, start=3.0)
    squared_distances(weights)
    np.testing.assert_array_equal(np.asarray(weights), before)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(1, 30), st.integers(0, 2**31), st.floats(1e-6, 1e6))
def test_is_a_squared_metric(steps, parameters, seed, scale):
    weights = scale * walk(steps, parameters, seed)
    found = squared_distances(weights.copy()).numpy()
    assert (np.diagonal(found) == 0).all()
    assert (found == found.T).all()
    assert (found >= 0).all()
    np.testing.assert_allclose(found, by_differences(weights), rtol=1e-9, atol=1e-12 * found.max())


def test_blocks_of_parameters_and_rows_change_nothing(monkeypatch):
    weights = walk(50, 101)
    whole = squared_distances(weights.copy())
    monkeypatch.setattr(module, "ON_CPU", 8 * 50 * 7)
    torch.testing.assert_close(squared_distances(weights.copy()), whole, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_product_of_other_devices_is_that_of_a_cpu(monkeypatch, dtype):
    weights = torch.from_numpy(walk(50, 101)).to(dtype)
    whole = module._gram_on_cpu(weights, slice(None)).tril()
    monkeypatch.setattr(module, "ELSEWHERE", 8 * 50 * 7)
    monkeypatch.setattr(module, "ROWS", 13)
    for found in (module._gram(weights, slice(None)), module._gram_on_cpu(weights, slice(None))):
        torch.testing.assert_close(found.tril(), whole, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(("threads", "room", "taken"), [(1, 1, 1), (3, 1, 3), (3, 0.05, 1), (99, 1e9, 8)])
def test_blocks_are_spread_over_the_threads_that_torch_has_and_memory_allows(threads, room, taken, monkeypatch):
    weights = torch.from_numpy(walk(10, 800))
    whole = squared_distances(weights)
    shares, summed = [], module._summed
    monkeypatch.setattr(module, "ON_CPU", 8 * 10 * 100)  # eight blocks
    monkeypatch.setattr(module, "SHARE", room * 3 * 8 * 10 * 120 / weights.nbytes)
    monkeypatch.setattr(
        module, "_summed", lambda w, starts, *rest: shares.append(len(starts)) or summed(w, starts, *rest)
    )
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    found = squared_distances(weights)
    torch.set_num_threads(before)
    assert (len(shares), sum(shares)) == (taken, 8)
    torch.testing.assert_close(found, whole, rtol=1e-12, atol=1e-12)


def test_equal_weights_are_zero_apart_up_to_rounding():
    weights = np.repeat(walk(10, 30), 2, axis=0)
    found = squared_distances(weights.copy()).numpy()
    assert np.diagonal(found, 1)[::2].max() < 1e-14 * found.max()


def test_a_step_that_is_not_finite_has_no_finite_distance():
    weights = walk(6, 4)
    weights[4, 2] = np.nan
    found = squared_distances(weights).numpy()
    assert not np.isfinite(found[4, [0, 1, 2, 3, 5]]).any()


def test_condensed_is_the_order_of_squareform():
    matrix = squared_distances(walk(12, 3))
    pairs = condensed(matrix)
    np.testing.assert_array_equal(squareform(pairs), matrix.numpy())
    np.testing.assert_array_equal(pairs, squareform(matrix.numpy(), checks=False))


PEAK = """
import numpy as np
import torch
from sgdwalk.recorder.squared_distances import squared_distances

weights = torch.ones(200, 200_000, dtype=torch.{dtype}).cumsum_(0)
squared_distances(weights[:, :1000])
def peak():  # ru_maxrss would begin with the parent's
    return 1024 * int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
before = peak()
out = squared_distances(weights)
print((peak() - before - 8 * out.numel()) / (weights.numel() * weights.element_size()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_memory_beyond_input_and_output_is_below_a_third_of_the_input(dtype):
    # its own process, whose peak before is the input's: the rest of the input would show if it were copied
    script = PEAK.format(dtype=dtype)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.3
