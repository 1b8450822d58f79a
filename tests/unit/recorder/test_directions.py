"""Position, velocity and gradient along given directions, against a loop that keeps everything."""

import numpy as np
import pytest
import torch
from runs import convolution
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage import contracts, run_files
from torch import nn

torch.set_num_threads(1)
WINDOW, STEPS, MODES = 20, 67, 3


def directions(size=109):
    return np.linalg.qr(np.random.default_rng(0).standard_normal((size, MODES)))[0].T


def flat(tensors):
    return torch.cat([t.detach().reshape(-1) for t in tensors]).double().numpy().copy()


def buffers(optimiser, model):
    found = [optimiser.state[p].get("momentum_buffer") for p in model.parameters()]
    return [torch.zeros_like(p) if b is None else b for p, b in zip(model.parameters(), found, strict=True)]


def walked(dtype=torch.float64, *, steps=STEPS, optimiser=torch.optim.SGD, given=True, factor=1.0, q=None, **options):
    """A recorder beside a plain loop, and all weights, gradients and momentum buffers before each step."""
    model = convolution(dtype)
    moving = optimiser(model.parameters(), **{"lr": 0.05} | options)
    recorder = Recorder(
        model, WINDOW, samples=60, directions=directions() if q is None else q, optimiser=moving if given else None
    )
    random = torch.Generator().manual_seed(1)
    weights, gradients, momenta = [], [], []
    for _ in range(steps):
        moving.param_groups[0]["lr"] *= factor
        inputs = torch.randn(6, 2, 4, 4, generator=random, dtype=dtype)
        loss = nn.functional.cross_entropy(model(inputs), torch.randint(4, (6,), generator=random))
        moving.zero_grad()
        loss.backward()
        recorder.record(loss)
        weights.append(flat(model.parameters()))
        gradients.append(flat(p.grad for p in model.parameters()))
        momenta.append(flat(buffers(moving, model)))
        moving.step()
    recorder.close()
    weights.append(flat(model.parameters()))
    return recorder, np.array(weights), np.array(gradients), np.array(momenta)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("momentum", [0.9, 0.98])
def test_projections_are_those_of_a_plain_loop(dtype, momentum):
    recorder, weights, gradients, momenta = walked(dtype, momentum=momentum, weight_decay=1e-2)
    found, q = recorder.datasets()["directions"], directions()
    contracts.check(found, run_files.CONTRACTS["directions"])
    np.testing.assert_allclose(found.start, q @ weights[0], atol=1e-14)
    np.testing.assert_allclose(found.position, (weights[:-1] - weights[0]) @ q.T, atol=1e-14)
    np.testing.assert_allclose(found.gradient, gradients @ q.T, atol=1e-14)
    np.testing.assert_allclose(found.velocity, -momenta @ q.T, atol=1e-13)
    assert not found.velocity[0].any()
    assert np.abs(found.velocity).max() > 0.1


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_next_velocity_moves_the_weights(momentum):
    """theta_{k+1} = theta_k + lr v_{k+1}, and v_{k+1} = momentum v_k - (gradient + weight decay theta_k)."""
    recorder, *_ = walked(momentum=momentum, weight_decay=1e-2)
    at = recorder.datasets()["directions"]
    position, velocity, gradient = (at[name].values for name in ("position", "velocity", "gradient"))
    np.testing.assert_allclose(np.diff(position, axis=0), 0.05 * velocity[1:], atol=1e-13)
    force = gradient + 1e-2 * (at.start.values + position)
    np.testing.assert_allclose(velocity[1:], momentum * velocity[:-1] - force[:-1], atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_without_momentum_buffers_velocity_is_the_last_step_over_its_learning_rate(dtype):
    recorder, weights, _, _ = walked(dtype, factor=0.97)
    rates = 0.05 * 0.97 ** np.arange(1, STEPS)
    found = recorder.datasets()["directions"].velocity
    np.testing.assert_allclose(found[1:], np.diff(weights[:-1], axis=0) @ directions().T / rates[:, None], atol=1e-12)
    assert not found[0].any()
    adam = walked(optimiser=torch.optim.Adam, lr=1e-3)
    expected = np.diff(adam[1][:-1], axis=0) @ directions().T / 1e-3
    np.testing.assert_allclose(adam[0].datasets()["directions"].velocity[1:], expected, atol=1e-11)


def test_without_an_optimiser_the_velocity_is_unknown_and_the_rest_is_the_same():
    known, unknown = (walked(given=given)[0].datasets()["directions"] for given in (True, False))
    assert unknown.velocity.isnull().all()
    assert unknown.drop_vars("velocity").identical(known.drop_vars("velocity"))


def test_squares_of_small_steps_far_from_the_start_keep_their_digits():
    """Steps of 1e-6 at a distance of 7000, from weights of a hundred each; the first ones lead away in a straight line."""
    weight = nn.Parameter(100 + torch.arange(50, dtype=torch.float64))
    recorder, seen = Recorder(nn.ParameterList([weight]), WINDOW, samples=20), []
    random = torch.Generator().manual_seed(0)
    for step in range(STEPS):
        seen.append(weight.detach().numpy().copy())
        weight.grad = torch.zeros_like(weight)
        recorder.record(0.0)
        far = 1000 if step == WINDOW - 1 else 1e-6
        weight.data += far * (torch.randn(50, generator=random, dtype=torch.float64) if step > WINDOW else 1)
    recorder.close()
    seen.append(weight.detach().numpy().copy())
    found, seen = recorder.datasets()["directions"], np.array(seen)
    np.testing.assert_allclose(found.squared_step, (np.diff(seen, axis=0) ** 2).sum(1), rtol=1e-9)
    np.testing.assert_allclose(found.squared_displacement, ((seen[:-1] - seen[0]) ** 2).sum(1), rtol=1e-12)
    assert found.sizes["mode"] == 0


def test_a_resumed_recorder_goes_on_to_the_same_bits(tmp_path):
    """State and model at step 40 are what a second recorder and optimiser begin with."""
    options = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3}

    def begun(folder):
        model = convolution(torch.float32)
        optimiser = torch.optim.SGD(model.parameters(), **options)
        q = directions()
        return (
            model,
            optimiser,
            Recorder(model, WINDOW, samples=60, directions=q, optimiser=optimiser, folder=tmp_path / folder),
        )

    def advance(model, optimiser, recorder, steps):
        for step in steps:
            random = torch.Generator().manual_seed(step)
            loss = nn.functional.cross_entropy(model(torch.randn(6, 2, 4, 4, generator=random)), torch.arange(6) % 4)
            optimiser.zero_grad()
            loss.backward()
            recorder.record(loss)
            optimiser.step()

    one, two = begun("same"), begun("same")
    advance(*one, range(40))
    torch.save([one[0].state_dict(), one[1].state_dict(), one[2].state()], tmp_path / "state.pt")
    model, optimiser, recorder = torch.load(tmp_path / "state.pt", weights_only=True)
    two[0].load_state_dict(model)
    two[1].load_state_dict(optimiser)
    two[2].restore(recorder)
    advance(*two, range(40, 67))
    two[2].close()
    resumed = two[2].datasets()["directions"]
    advance(*one, range(40, 67))
    one[2].close()
    assert one[2].datasets()["directions"].identical(resumed)
    assert resumed.velocity[40].any()


def test_values_from_a_divergence_on_are_nan():
    recorder, *_ = walked(torch.float32, lr=0.05, momentum=0.9, factor=3.0)
    data = recorder.datasets()
    step = int(data["training"].diverged_step)
    assert 0 < step < STEPS - 1
    for name in ("position", "velocity", "gradient", "squared_step", "squared_displacement", "loss"):
        values = data["directions"][name].values
        assert np.isnan(values[step:]).all(), name
        assert np.isfinite(values[: step - 1]).all(), name


MISFITS = {
    "another length": (directions(100), {}, r"directions of shape \(3, 100\): must be \[mode, 109\], one a row"),
    "a single vector": (directions()[0], {}, r"directions of shape \(109,\): must be \[mode, 109\]"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_directions_that_do_not_fit_are_refused(case):
    q, options, message = MISFITS[case]
    with pytest.raises(ValueError, match=message):
        walked(q=q, steps=1, **options)


def test_learning_rates_that_differ_are_refused():
    model = convolution(torch.float64)
    groups = [{"params": [p], "lr": 0.1 * (1 + k)} for k, p in enumerate(model.parameters())]
    with pytest.raises(ValueError, match=r"optimiser: has the learning rates \[0.1, 0.2.*must have one"):
        Recorder(model, WINDOW, directions=directions(), optimiser=torch.optim.SGD(groups))


def test_nesterovs_momentum_is_refused():
    model = convolution(torch.float64)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    with pytest.raises(ValueError, match="optimiser: nesterov = True: must be False"):
        Recorder(model, WINDOW, directions=directions(), optimiser=optimiser)
    Recorder(model, WINDOW, optimiser=optimiser)  # without directions any optimiser will do
