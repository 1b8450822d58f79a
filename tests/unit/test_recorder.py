import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from sgdwalk.recorder import Recorder
from torch import nn

torch.set_num_threads(1)
WINDOW, STEPS, EPOCH = 20, 67, 9


def small(dtype):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4))
    return network.to(dtype).to(memory_format=torch.channels_last)


def flat(tensors):
    return np.concatenate([t.detach().reshape(-1).numpy().copy() for t in tensors])


def watched(dtype=torch.float64, *, steps=STEPS, lr=0.1, lr_at=None, **options):
    """A plain loop with a recorder, and everything that it saw: weights, gradients, losses, step by step."""
    model = small(dtype)
    recorder = Recorder(model.parameters(), WINDOW, samples=60, epoch_steps=EPOCH, seed=5, **options)
    random = torch.Generator().manual_seed(1)
    weights, gradients, losses = [], [], []
    for step in range(steps):
        inputs = torch.randn(6, 2, 4, 4, generator=random, dtype=dtype)
        loss = nn.functional.cross_entropy(model(inputs), torch.randint(4, (6,), generator=random))
        model.zero_grad()
        loss.backward()
        recorder.record(loss)
        weights.append(flat(model.parameters()))
        gradients.append(flat(p.grad for p in model.parameters()))
        losses.append(loss.item())
        with torch.no_grad():
            for p in model.parameters():
                p -= (lr_at or {}).get(step, lr) * p.grad
        if (step + 1) % EPOCH == 0:
            recorder.end_epoch()
    recorder.close()
    weights.append(flat(model.parameters()))
    return recorder, np.array(weights), np.array(gradients), np.array(losses)


@pytest.fixture(scope="module", params=[torch.float32, torch.float64], ids=["float32", "float64"])
def recorded(request):
    return watched(request.param)


def precision(weights):
    """Differences of float32 weights are taken in float32, half a digit of 24 bits at worst."""
    return 1e-6 if weights.dtype == np.float32 else 1e-12


def test_series_equal_those_of_all_stored_weights_and_gradients(recorded):
    recorder, stored, gradients, losses = recorded
    series, weights = recorder.series(), stored.astype(float)
    np.testing.assert_allclose(series.loss, losses, rtol=1e-12)
    np.testing.assert_allclose(series.gradient_norm, np.linalg.norm(gradients.astype(float), axis=1), rtol=1e-12)
    steps = np.linalg.norm(np.diff(weights, axis=0), axis=1)
    np.testing.assert_allclose(series.step_length, steps, rtol=precision(stored))
    away = np.linalg.norm(weights[:-1] - weights[0], axis=1)
    np.testing.assert_allclose(series.displacement, away, rtol=precision(stored))
    assert int(series.diverged_step) == -1
    assert series.sizes["step"] == STEPS


def test_the_last_step_length_leads_to_the_final_weights(recorded):
    recorder, stored, _, _ = recorded
    last = np.linalg.norm(stored[-1].astype(float) - stored[-2])
    assert float(recorder.series().step_length[-1]) == pytest.approx(last, rel=1e-6)


def test_noise_norms_are_distances_from_the_epochs_mean_gradient(recorded):
    recorder, stored, gradients, _ = recorded
    expected = np.empty(STEPS)
    for start in range(0, STEPS, EPOCH):
        part = gradients[start : start + EPOCH].astype(float)
        expected[start : start + EPOCH] = np.linalg.norm(part - part.mean(0), axis=1)
    np.testing.assert_allclose(recorder.series().noise_norm, expected, rtol=10 * precision(stored))


def test_distances_of_each_window_equal_direct_ones(recorded):
    # buffers are used again: a window that shared its memory with the next would differ
    recorder, stored, _, losses = recorded
    result = recorder.distances()
    np.testing.assert_array_equal(result.window_start, [0, 20, 40])
    for window in range(3):
        part = slice(window * WINDOW, (window + 1) * WINDOW)
        np.testing.assert_allclose(
            result.distance2[window], pdist(stored[part].astype(float), "sqeuclidean"), rtol=1e-9
        )
        np.testing.assert_allclose(result.loss[window], losses[part], rtol=1e-12)


def test_gradient_samples_are_entries_of_the_gradients_of_their_steps(recorded):
    recorder, _, gradients, _ = recorded
    result = recorder.gradients()
    assert result.gradient.shape == (3, 60)
    for window in range(3):
        steps = result.step.values[window]
        np.testing.assert_array_equal(np.unique(steps), np.arange(window * WINDOW, (window + 1) * WINDOW))
        for value, step in zip(result.gradient.values[window], steps, strict=True):
            assert value in gradients[step].astype(np.float32)


def test_gradient_samples_reach_all_parameters_evenly():
    parameter = nn.Parameter(torch.zeros(10))
    recorder = Recorder([parameter], 20, samples=20_000)
    for _ in range(20):
        parameter.grad = torch.arange(10.0)
        recorder.record(torch.tensor(0.0))
    counts = np.bincount(recorder.gradients().gradient.values.astype(int).ravel())
    assert len(counts) == 10
    assert np.abs(counts - 2000).max() < 5 * np.sqrt(2000 * 0.9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_raw_walk_is_the_weights_themselves(dtype):
    recorder, stored, _, losses = watched(dtype, walk=True)
    walked = recorder.walked()
    np.testing.assert_array_equal(walked.weight, stored[:60])
    np.testing.assert_allclose(walked.loss, losses[:60], rtol=1e-12)
    for window, pairs in enumerate(recorder.distances().distance2.values):
        raw = walked.weight.values[window * WINDOW : (window + 1) * WINDOW].astype(float)
        np.testing.assert_allclose(pairs, pdist(raw, "sqeuclidean"), rtol=1e-9)


def test_recording_leaves_the_training_alone():
    with_walk = watched(walk=True)[1]
    without = small(torch.float64)
    random = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        inputs = torch.randn(6, 2, 4, 4, generator=random, dtype=torch.float64)
        loss = nn.functional.cross_entropy(without(inputs), torch.randint(4, (6,), generator=random))
        without.zero_grad()
        loss.backward()
        with torch.no_grad():
            for p in without.parameters():
                p -= 0.1 * p.grad
    np.testing.assert_array_equal(with_walk[-1], flat(without.parameters()))


def test_a_parameter_without_gradient_counts_as_still_and_frozen_ones_not_at_all():
    used, unused, frozen = (nn.Parameter(torch.ones(3)) for _ in range(3))
    frozen.requires_grad_(False)
    recorder = Recorder([used, unused, frozen], 20)
    assert recorder.size == 6
    for _ in range(20):
        used.grad = torch.ones(3)
        recorder.record(torch.tensor(0.0))
        with torch.no_grad():
            used -= used.grad
    recorder.close()
    np.testing.assert_allclose(recorder.series().step_length, np.sqrt(3))


@pytest.mark.parametrize("bad", [25, 39, 40])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_marks_its_window_and_the_series_from_there_on(bad):
    # an infinite learning rate at step bad - 1 makes the weights of step `bad` not finite
    recorder, _, _, _ = watched(torch.float32, steps=60, lr_at={bad - 1: float("inf")})
    window = bad // WINDOW
    assert recorder.diverged_step == bad
    distances, gradients, series = recorder.distances(4), recorder.gradients(4), recorder.series(80)
    assert np.isfinite(distances.distance2[:window]).all()
    assert distances.distance2[window:].isnull().all()
    assert distances.loss[window:].isnull().all()
    assert np.isfinite(gradients.gradient[:window]).all()
    assert gradients.gradient[window:].isnull().all()
    assert gradients.step.shape == (4, 60)
    assert np.isfinite(series.loss[:bad]).all()
    for name in ("loss", "gradient_norm", "noise_norm", "step_length", "displacement"):
        assert series[name][bad:].isnull().all(), name
        assert series.sizes["step"] == 80


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_in_the_rest_after_the_last_window_is_marked_too():
    recorder, _, _, _ = watched(torch.float32, steps=STEPS, lr_at={62: float("inf")})
    series = recorder.series()
    assert int(series.diverged_step) == 63
    assert series.displacement[63:].isnull().all()
    assert np.isfinite(recorder.distances().distance2).all()


def test_resuming_from_a_state_gives_the_same_files():
    def loop(recorder, parameter, start, stop):
        for step in range(start, stop):
            parameter.grad = torch.randn(7, generator=torch.Generator().manual_seed(step))
            recorder.record(torch.tensor(float(step)))
            with torch.no_grad():
                parameter -= parameter.grad
            if (step + 1) % EPOCH == 0:
                recorder.end_epoch()

    def new(value):
        parameter = nn.Parameter(value)
        return Recorder([parameter], WINDOW, samples=40, epoch_steps=EPOCH), parameter

    whole, parameter = new(torch.zeros(7))
    loop(whole, parameter, 0, 65)
    first, parameter = new(torch.zeros(7))
    loop(first, parameter, 0, 40)
    second, parameter = new(parameter.detach().clone())
    second.restore(first.state(), list(first.windows))
    loop(second, parameter, 40, 65)
    for recorder in (whole, second):
        recorder.close()
    assert second.series().identical(whole.series())
    assert second.distances().identical(whole.distances())
    assert second.gradients().identical(whole.gradients())
