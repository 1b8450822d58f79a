"""The recorder with models of every kind, and used in ways that it must refuse."""

import numpy as np
import pytest
import torch
from sgdwalk.recorder.window_recorder import Recorder
from torch import nn

HALF, BRAIN, SINGLE, DOUBLE = torch.float16, torch.bfloat16, torch.float32, torch.float64


def walked(dtypes, steps=25, *, length=None, window=10, end=True, **options):
    """A closed recorder of a walk of random steps, and its weights [step, parameter]."""
    torch.manual_seed(0)
    parameters = [nn.Parameter(torch.randn(4, dtype=dtype)) for dtype in dtypes]
    recorder, seen = Recorder(nn.ParameterList(parameters), window, samples=10, **options), []
    for step in range(steps + 1):
        seen.append(torch.cat([p.detach().double() for p in parameters]).numpy())
        if step == steps:
            break
        for p in parameters:
            p.grad = torch.randn_like(p)
        recorder.record(torch.tensor(0.0))
        if recorder.noise and (step + 1) % 8 == 0:
            recorder.end_epoch()
        for p in parameters:
            p.data -= (length or 0.1) * p.grad
    if end:
        recorder.close()
    return recorder, np.array(seen)


@pytest.mark.parametrize(
    "dtypes", [[HALF], [BRAIN], [SINGLE], [HALF, SINGLE], [SINGLE, DOUBLE], [BRAIN, DOUBLE, HALF]], ids=str
)
def test_weights_of_any_precision_keep_it(dtypes):
    recorder, weights = walked(dtypes, noise=True, epoch_steps=8, sketch=3, walk=True)
    data = recorder.datasets()
    lengths = np.linalg.norm(np.diff(weights, axis=0), axis=1)
    np.testing.assert_allclose(data["training"].step_length, lengths, rtol=1e-5)
    np.testing.assert_array_equal(data["walk"].weight, weights[:-1])


def test_complex_weights_are_refused():
    with pytest.raises(ValueError, match=r"model: has complex parameters; make their real and imaginary parts"):
        Recorder(nn.ParameterList([torch.zeros(3), torch.zeros(3, dtype=torch.complex64)]))


def test_sparse_gradients_empty_parameters_and_plain_numbers_as_losses_are_taken():
    torch.manual_seed(0)
    embedding = nn.Embedding(7, 3, sparse=True)
    embedding.bias = nn.Parameter(torch.zeros(0))
    recorder = Recorder(embedding, 2, samples=10, layers=True)
    for index in (1, 4):
        embedding.zero_grad()
        embedding(torch.tensor([index])).sum().backward()
        recorder.record(0.1 * index)
    recorder.close()
    training = recorder.datasets()["training"]
    np.testing.assert_array_equal(training.loss, [0.1, 0.4])
    np.testing.assert_allclose(training.gradient_norm, np.sqrt(3))


def test_an_anchor_named_twice_is_one():
    recorder, weights = walked([DOUBLE], anchors=[5, 5, 0])
    away = recorder.datasets()["training"].anchor_displacement
    np.testing.assert_allclose(away.sel(anchor=5)[5:], np.linalg.norm(weights[5:-1] - weights[5], axis=1), atol=1e-12)
    assert away.anchor.values.tolist() == [0, 5]
    with pytest.raises(ValueError, match=r"anchors = \[-1\]: must be steps, 0 or above"):
        walked([DOUBLE], anchors=[-1])


@pytest.mark.parametrize("far", [0, 3])
def test_short_steps_far_from_the_start_and_the_anchors_keep_their_digits(far):
    torch.manual_seed(1)
    weight = nn.Parameter(torch.randn(50).double())
    recorder, seen = Recorder(nn.ParameterList([weight]), 10, samples=10, anchors=range(far), layers=True), []
    for step in range(30):
        recorder.record()
        seen.append(weight.detach().clone())
        weight.data += torch.randn(50).double() * (1.0 if step < 9 else 1e-9)
    recorder.close()
    lengths = torch.stack(seen[10:]).diff(dim=0).norm(dim=1)
    np.testing.assert_allclose(recorder.datasets()["training"].step_length[10:-1], lengths, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_last_step_into_weights_that_are_not_finite_is_a_divergence():
    weight = nn.Parameter(torch.ones(3))
    recorder = Recorder(nn.ParameterList([weight]), 5, samples=10)
    for _ in range(7):
        recorder.record(torch.tensor(0.0))
    weight.data += torch.inf
    recorder.close()
    training = recorder.datasets()["training"]
    assert int(training.diverged_step) == 7
    np.testing.assert_array_equal(training.step_length, [0, 0, 0, 0, 0, 0, np.nan])


def test_the_noise_of_an_epoch_of_one_step_is_unknown():
    data = walked([SINGLE], steps=25, noise=True, epoch_steps=8)[0].datasets()
    assert (data["training"].noise_norm[:24] > 0).all()
    assert data["training"].noise_norm[24:].isnull().all()


def test_a_closed_recorder_refuses_more():
    recorder, _ = walked([SINGLE], noise=True, epoch_steps=8)
    for method in ("record", "end_epoch", "close"):
        with pytest.raises(ValueError, match=rf"{method}\(\): this recorder has been closed"):
            getattr(recorder, method)()
    with pytest.raises(ValueError, match=r"state\(\) at step 25: only at the end of a window of 10 steps"):
        recorder.state()


@pytest.mark.parametrize("steps", [0, 7, 25])
def test_data_are_refused_before_all_steps_are_in_them(steps):
    recorder, _ = walked([SINGLE], steps=steps, end=False)
    with pytest.raises(ValueError, match=rf"datasets\(\) after {steps} steps: needs record\(\), and close\(\)"):
        recorder.datasets()


def test_a_state_in_the_middle_of_a_window_is_refused():
    recorder, _ = walked([SINGLE], end=False)
    with pytest.raises(ValueError, match=r"state\(\) at step 25: only at the end of a window of 10 steps"):
        recorder.state()


def test_what_is_noted_of_an_epoch_may_be_a_tensor():
    recorder, _ = walked([SINGLE], end=False)
    recorder.end_epoch(train_loss=torch.tensor(0.25, requires_grad=True))
    recorder.close()
    assert recorder.datasets()["training"].train_loss.values.tolist() == [0.25]
