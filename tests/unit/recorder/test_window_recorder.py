import numpy as np
import pytest
import torch
from runs import convolution
from scipy.spatial.distance import pdist, squareform
from sgdwalk.recorder.random_projection import Sketch
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.trajectory.windows import full_windows
from torch import nn

torch.set_num_threads(1)
WINDOW, STEPS, EPOCH = 20, 67, 9


def flat(tensors):
    return np.concatenate([t.detach().reshape(-1).numpy().copy() for t in tensors])


def watched(dtype=torch.float64, *, steps=STEPS, lr=0.1, lr_at=None, **options):
    """A plain loop with a recorder, and everything that it saw: weights, gradients, losses, step by step."""
    model = convolution(dtype)
    recorder = Recorder(model, WINDOW, samples=60, epoch_steps=EPOCH, noise=True, seed=5, **options)
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
    series, weights = recorder.datasets()["training"], stored.astype(float)
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
    assert float(recorder.datasets()["training"].step_length[-1]) == pytest.approx(last, rel=1e-6)


def test_noise_norms_are_distances_from_the_epochs_mean_gradient(recorded):
    recorder, stored, gradients, _ = recorded
    expected = np.empty(STEPS)
    for start in range(0, STEPS, EPOCH):
        part = gradients[start : start + EPOCH].astype(float)
        expected[start : start + EPOCH] = np.linalg.norm(part - part.mean(0), axis=1)
    np.testing.assert_allclose(recorder.datasets()["training"].noise_norm, expected, rtol=10 * precision(stored))


def test_distances_of_each_window_equal_direct_ones(recorded):
    # buffers are used again: a window that shared its memory with the next would differ
    recorder, stored, _, losses = recorded
    result = recorder.datasets()["distances"]
    np.testing.assert_array_equal(result.window_start, [0, 20, 40, 60])
    np.testing.assert_array_equal(result.window_steps, [20, 20, 20, 7])
    for window in range(3):
        part = slice(window * WINDOW, (window + 1) * WINDOW)
        np.testing.assert_allclose(
            result.distance2[window], pdist(stored[part].astype(float), "sqeuclidean"), rtol=1e-9
        )
        np.testing.assert_allclose(result.loss[window], losses[part], rtol=1e-12)


def test_gradient_samples_are_entries_of_the_gradients_of_their_steps(recorded):
    recorder, _, gradients, _ = recorded
    result = recorder.datasets()["gradients"]
    assert result.gradient.shape == (4, 60)
    for window in range(3):
        steps = result.step.values[window]
        np.testing.assert_array_equal(np.unique(steps), np.arange(window * WINDOW, (window + 1) * WINDOW))
        for value, step in zip(result.gradient.values[window], steps, strict=True):
            assert value in gradients[step].astype(np.float32)


def test_gradient_samples_reach_all_parameters_evenly():
    parameter = nn.Parameter(torch.zeros(10))
    recorder = Recorder(nn.ParameterList([parameter]), 20, samples=20_000)
    for _ in range(20):
        parameter.grad = torch.arange(10.0)
        recorder.record(torch.tensor(0.0))
    counts = np.bincount(recorder.datasets()["gradients"].gradient.values.astype(int).ravel())
    assert len(counts) == 10
    assert np.abs(counts - 2000).max() < 5 * np.sqrt(2000 * 0.9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_raw_walk_is_the_weights_themselves(dtype):
    recorder, stored, _, losses = watched(dtype, walk=True)
    walked = recorder.datasets()["walk"]
    np.testing.assert_array_equal(walked.weight, stored[:STEPS])
    np.testing.assert_allclose(walked.loss, losses, rtol=1e-12)
    for window, pairs in enumerate(recorder.datasets()["distances"].distance2.values[:3]):
        raw = walked.weight.values[window * WINDOW : (window + 1) * WINDOW].astype(float)
        np.testing.assert_allclose(pairs, pdist(raw, "sqeuclidean"), rtol=1e-9)


def test_recording_leaves_the_training_alone():
    with_walk = watched(walk=True)[1]
    without = convolution(torch.float64)
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
    recorder = Recorder(nn.ParameterList([used, unused, frozen]), 20, samples=100)
    assert recorder.size == 6
    for _ in range(20):
        used.grad = torch.ones(3)
        recorder.record(torch.tensor(0.0))
        with torch.no_grad():
            used -= used.grad
    recorder.close()
    np.testing.assert_allclose(recorder.datasets()["training"].step_length, np.sqrt(3))


@pytest.mark.parametrize("bad", [25, 39, 40])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_marks_its_window_and_the_series_from_there_on(bad):
    # an infinite learning rate at step bad - 1 makes the weights of step `bad` not finite
    recorder, _, _, _ = watched(torch.float32, steps=60, lr_at={bad - 1: float("inf")})
    window = bad // WINDOW
    assert recorder.diverged_step == bad
    data = recorder.datasets(80)
    distances, gradients, series = data["distances"], data["gradients"], data["training"]
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
    series = recorder.datasets()["training"]
    assert int(series.diverged_step) == 63
    assert series.displacement[63:].isnull().all()
    assert np.isfinite(recorder.datasets()["distances"].distance2[:3]).all()


def test_resuming_from_a_state_gives_the_same_files(tmp_path):
    def loop(recorder, parameter, start, stop):
        for step in range(start, stop):
            parameter.grad = torch.randn(7, generator=torch.Generator().manual_seed(step))
            recorder.record(torch.tensor(float(step)))
            with torch.no_grad():
                parameter -= parameter.grad
            if (step + 1) % EPOCH == 0:
                recorder.end_epoch()

    def new(value, folder):
        parameter = nn.Parameter(value)
        model = nn.ParameterList([parameter])
        options = {"epoch_steps": EPOCH, "noise": True, "anchors": [3, 30], "sketch": 4, "layers": True}
        return Recorder(model, WINDOW, samples=40, folder=folder, **options), parameter

    whole, parameter = new(torch.zeros(7), None)
    loop(whole, parameter, 0, 65)
    first, parameter = new(torch.zeros(7), tmp_path)
    loop(first, parameter, 0, 40)
    second, parameter = new(parameter.detach().clone(), tmp_path)
    torch.save(first.state(), tmp_path / "state.pt")
    second.restore(torch.load(tmp_path / "state.pt", weights_only=True))
    loop(second, parameter, 40, 65)
    for recorder in (whole, second):
        recorder.close()
    for name, data in whole.datasets().items():
        assert second.datasets()[name].identical(data), name


def test_the_short_last_window_is_kept_and_marked(recorded):
    recorder, stored, _, losses = recorded
    result = recorder.datasets()["distances"]
    rest = squareform(result.distance2.values[3])
    np.testing.assert_allclose(squareform(rest[:7, :7]), pdist(stored[60:67].astype(float), "sqeuclidean"), rtol=1e-9)
    assert np.isfinite(rest).sum() == 7 * 7 + 13
    np.testing.assert_allclose(result.loss[3, :7], losses[60:], rtol=1e-12)
    assert result.loss[3, 7:].isnull().all()
    assert full_windows(result).window.values.tolist() == [0, 1, 2]


def test_displacement_from_anchors_begins_at_each_anchor():
    recorder, weights, _, _ = watched(anchors=[30, 4, 65])
    training = recorder.datasets()["training"]
    np.testing.assert_array_equal(training.anchor, [4, 30, 65])
    for anchor in (4, 30, 65):
        away = training.anchor_displacement.sel(anchor=anchor)
        assert away[:anchor].isnull().all()
        expected = np.linalg.norm(weights[anchor:-1] - weights[anchor], axis=1)
        np.testing.assert_allclose(away[anchor:], expected, rtol=1e-9, atol=1e-12)


def test_distances_by_layer_are_those_of_each_layers_weights_and_add_up():
    recorder, weights, _, _ = watched(layers=True)
    data = recorder.datasets()
    assert data["layers"].layer.values.tolist() == ["0-conv2d", "3-linear"]
    assert data["layers"].layer_size.values.tolist() == [57, 52]
    for window in range(3):
        part = weights[window * WINDOW : (window + 1) * WINDOW]
        for layer, columns in ((0, slice(57)), (1, slice(57, None))):
            expected = pdist(part[:, columns], "sqeuclidean")
            np.testing.assert_allclose(data["layers"].distance2[layer, window], expected, rtol=1e-9)
    np.testing.assert_allclose(data["layers"].distance2.sum("layer", skipna=False), data["distances"].distance2)
    assert recorder.datasets()["layers"].loss.equals(data["distances"].loss)


def test_layers_and_sketch_are_empty_where_they_were_not_recorded(recorded):
    data = recorded[0].datasets()
    assert data["layers"].sizes["layer"] == 0
    assert data["sketch"].projection.shape == (STEPS, 0)


def test_gradients_of_each_layer_are_entries_of_its_own_gradient(recorded):
    recorder, _, gradients, _ = recorded
    data = recorder.datasets()["gradients"]
    for layer, columns in enumerate((slice(57), slice(57, None))):
        for window in range(3):
            steps = data.layer_step.values[window]
            assert set(steps) == set(range(window * WINDOW, (window + 1) * WINDOW))
            for value, step in zip(data.layer_gradient.values[window, layer], steps, strict=True):
                assert value in gradients[step, columns].astype(np.float32)


def test_tracked_gradients_follow_fixed_parameters_of_every_layer(recorded):
    recorder, _, gradients, _ = recorded
    data = recorder.datasets()["gradients"]
    chosen = data.tracked_parameter.values
    assert len(set(chosen)) == len(chosen) == 64
    np.testing.assert_array_equal(data.tracked_layer, np.where(chosen < 57, "0-conv2d", "3-linear"))
    for window in range(3):
        part = gradients[window * WINDOW : (window + 1) * WINDOW, chosen]
        np.testing.assert_array_equal(data.tracked_gradient[window], part.astype(np.float32))
    np.testing.assert_array_equal(data.tracked_gradient[3, :7], gradients[60:, chosen].astype(np.float32))


def test_mean_gradient_and_noise_are_those_of_the_epochs(recorded):
    recorder, stored, gradients, _ = recorded
    data, training = recorder.datasets()["gradients"], recorder.datasets()["training"]
    np.testing.assert_array_equal(data.epoch_step, np.arange(1, 8) * EPOCH)
    for epoch in range(7):
        part = gradients[epoch * EPOCH : (epoch + 1) * EPOCH].astype(float)
        norm = np.linalg.norm(part.mean(0))
        assert float(training.mean_gradient_norm[epoch]) == pytest.approx(norm, rel=10 * precision(stored))
        near = np.abs(part.mean(0)[:, None] - data.mean_gradient.values[epoch]).min(0)
        assert near.max() < 1e-6 * norm
        noise = (part - part.mean(0)).ravel()
        assert np.abs(noise[:, None] - data.noise.values[epoch]).min(0).max() < 1e-6 * np.abs(noise).max()


def test_an_epoch_longer_than_said_is_one_clear_line():
    recorder = Recorder(convolution(torch.float64), WINDOW, samples=60, epoch_steps=9, noise=True)
    for _ in range(9):
        recorder.record(torch.tensor(0.0))
    with pytest.raises(ValueError, match="epoch_steps = 9"):
        recorder.record(torch.tensor(0.0))


def test_a_model_without_trainable_parameters_is_refused():
    with pytest.raises(ValueError, match="trainable"):
        Recorder(nn.Identity())


@pytest.mark.parametrize("components", [1, 7, 64])
def test_the_sketch_is_the_signed_sum_of_each_components_parameters(components):
    recorder, weights, _, _ = watched(sketch=components)
    found = recorder.datasets()["sketch"].projection.values
    assert found.shape == (STEPS, components)
    matrix = Sketch(109, components, seed=5, dtype=torch.float64)(torch.eye(109).double(), torch.zeros(109)).numpy()
    assert set(np.unique(matrix)) <= {-1.0, 0.0, 1.0}
    np.testing.assert_array_equal(np.abs(matrix).sum(1), 1)
    assert np.abs(matrix).sum(0).max() == -(-109 // components)
    np.testing.assert_allclose(found, (weights[:-1] - weights[0]) @ matrix, atol=1e-6)
