"""Shorter windows cut from longer ones, against recordings with the shorter window."""

import numpy as np
import pytest
import torch
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage import contracts, run_files
from sgdwalk.trajectory.shorter_windows import cut
from torch import nn

STEPS = 67


def recorded(window, steps=STEPS):
    random = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)).double()
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    recorder = Recorder(model, window, samples=120, layers=True, sketch=5, anchors=[9], epoch_steps=11, noise=True)
    gradients = []
    for step in range(steps):
        for p in model.parameters():
            p.grad = torch.randn(p.shape, generator=random, dtype=p.dtype)
        gradients.append(torch.cat([p.grad.reshape(-1) for p in model.parameters()]).numpy())
        recorder.record(torch.tensor(float(step)))
        with torch.no_grad():
            for p in model.parameters():
                p -= p.grad
        if step % 11 == 10:
            recorder.end_epoch()
    recorder.close()
    return recorder.datasets(), np.array(gradients).astype(np.float32)


@pytest.mark.parametrize("length", [5, 10, 20])
@pytest.mark.parametrize("steps", [60, 67, 61])
def test_distances_losses_and_sketch_are_those_recorded_in_short_windows(length, steps):
    found, expected = cut(recorded(20, steps)[0], length), recorded(length, steps)[0]
    for name in ("training", "sketch", "distances", "layers"):
        contracts.check(found[name], run_files.CONTRACTS[name])
        assert_close(found[name], expected[name])


def assert_close(a, b):
    assert a.sizes == b.sizes
    for name in b.variables:
        if b[name].dtype.kind == "f":
            np.testing.assert_allclose(a[name], b[name], rtol=1e-9, atol=1e-12)
        else:
            np.testing.assert_array_equal(a[name], b[name])


def test_gradient_samples_go_with_their_steps():
    data, gradients = recorded(20)
    found = cut(data, 5)["gradients"]
    contracts.check(found, run_files.GRADIENTS)
    assert found.sizes["window"] == 14
    np.testing.assert_array_equal(found.window_steps, [5] * 13 + [2])
    for window in range(13):
        start = 5 * window
        assert set(found.step.values[window]) == set(range(start, start + 5))
        for value, step in zip(found.gradient.values[window], found.step.values[window], strict=True):
            assert value in gradients[step]
        for layer, columns in enumerate((slice(15), slice(15, None))):
            values = found.layer_gradient.values[window, layer]
            for value, step in zip(values, found.layer_step.values[window], strict=True):
                assert value in gradients[step, columns]
        tracked = gradients[start : start + 5][:, found.tracked_parameter.values]
        np.testing.assert_array_equal(found.tracked_gradient[window], tracked)


@pytest.mark.parametrize("length", [3, 40])
def test_a_length_that_does_not_divide_the_window_is_refused(length):
    with pytest.raises(ValueError, match=f"window = {length}: must divide 20"):
        cut(recorded(20)[0], length)
