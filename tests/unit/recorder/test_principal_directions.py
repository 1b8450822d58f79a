"""Widths of the loss along principal directions, against dense linear algebra, known surfaces and an untouched walk."""

import functools

import numpy as np
import pytest
import torch
from runs import settings, small_network
from scipy.optimize import brentq
from sgdwalk.recorder import principal_directions
from sgdwalk.recorder.principal_directions import PrincipalDirections, width
from sgdwalk.recorder.squared_distances import squared_distances
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage import contracts, run_files
from sgdwalk.training import problem, random_states
from sgdwalk.training.fixed_loss import FixedLoss
from sgdwalk.training.trainer import Run
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)
STEPS, SIZE, COUNT = 40, 30, 4
DIGITS = {"factory": "sgdwalk.data.digits:load", "arguments": {}}


def walk(dtype=torch.float64):
    """A walk about weights far from 0, with unequal directions."""
    random = torch.Generator().manual_seed(0)
    steps = torch.randn(STEPS, SIZE, generator=random, dtype=dtype) * torch.linspace(2, 0.1, SIZE, dtype=dtype)
    return 5 + steps.cumsum(0)


CENTRE = walk().mean(0)


def curvatures():
    return np.geomspace(30, 0.1, SIZE)


def bowl(weights):
    """exp(x' h x) about the mean of the walk: e times that of the centre where x' h x = 1."""
    x = (weights - CENTRE).double().numpy()
    return float(0.3 * np.exp(min(x @ (curvatures() * x), 600)))


def measured(loss_at=bowl, count=COUNT, weights=None):
    weights = walk() if weights is None else weights
    return PrincipalDirections(count, loss_at, 0).measure(weights, squared_distances(weights), 0)


def test_directions_and_variances_are_those_of_the_covariance():
    away = (walk() - walk().mean(0)).numpy()
    value, vector = np.linalg.eigh(away.T @ away / STEPS)
    found = measured()
    np.testing.assert_allclose(found["principal_variance"], value[::-1][:COUNT])
    truth = 1 / np.sqrt(curvatures() @ vector[:, ::-1][:, :COUNT] ** 2)
    for side in ("minus", "plus"):
        np.testing.assert_allclose(found[f"principal_width_{side}"], truth, rtol=0.01)
    assert found["centre_loss"] == pytest.approx(0.3)


def test_the_slow_share_is_that_of_means_of_blocks():
    weights = walk()
    found = measured(weights=weights)
    away = (weights - weights.mean(0)).numpy()
    _, vector = np.linalg.eigh(away.T @ away / STEPS)
    along = (away @ vector[:, ::-1][:, :COUNT]).T[:, :32]  # 16 blocks of two steps; the last eight are left over
    shares = along.reshape(COUNT, 16, 2).mean(2).var(1) / along.var(1)
    np.testing.assert_allclose(found["principal_slow_share"], shares)
    assert np.isnan(measured(weights=weights[:15])["principal_slow_share"]).all()


def test_white_noise_is_fast_and_a_walk_is_slow():
    noise = torch.randn(3, 1600, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert principal_directions.slow_share(noise).numpy() == pytest.approx(0.01, abs=0.02)
    slow = principal_directions.slow_share(torch.cos(torch.arange(1600) * np.pi * 8 / 1600)[None])
    assert float(slow) == pytest.approx((np.sin(np.pi / 4) / (np.pi / 4)) ** 2, abs=1e-3)


def test_forwards_is_from_the_start_of_the_window_to_its_end():
    weights = walk()
    way = weights[-1] - weights[0]
    found = measured(lambda w: float(torch.exp((w - weights.mean(0)) @ way)))  # rises forwards alone
    assert np.isfinite(found["principal_width_plus"]).all()
    assert np.isnan(found["principal_width_minus"]).all()


def test_random_directions_are_isotropic_and_measured_as_the_principal_ones():
    """The lines along which the loss was asked for are the directions: 30 principal ones, then 30 random ones."""
    seen = []

    def loss_at(weights):
        seen.append((weights - CENTRE).numpy())
        return bowl(weights)

    found = measured(loss_at, count=30)  # at most the steps but one
    lines = [away / np.linalg.norm(away) for away in seen[1:]]  # the first was the centre
    turns = [k for k in range(1, len(lines)) if abs(lines[k] @ lines[k - 1]) < 1 - 1e-9]
    q = np.array([lines[k] for k in [0, *turns]])[30:]
    assert q.shape == (30, SIZE)
    away = (walk() - CENTRE).numpy()
    np.testing.assert_allclose(found["random_variance"], ((away @ q.T) ** 2).mean(0), rtol=1e-9)
    for side in ("minus", "plus"):
        np.testing.assert_allclose(found[f"random_width_{side}"], 1 / np.sqrt(q**2 @ curvatures()), rtol=0.011)
    # Squares of the components have the mean 1 / P and, as those of normal numbers, about the deviation sqrt(2) / P.
    assert np.abs((q**2).mean(0) * SIZE - 1).max() < 4 * np.sqrt(2 / 30)
    products = (q @ q.T)[np.triu_indices(30, 1)]
    assert np.sqrt((products**2).mean() * SIZE) == pytest.approx(1, abs=4 / np.sqrt(2 * len(products)))


def test_a_loss_of_zero_at_the_centre_has_no_width():
    found = measured(lambda w: max(0.0, float((w - walk().mean(0)).norm()) - 0.3))
    assert found["centre_loss"] == 0
    assert all(np.isnan(found[name]).all() for name in found if "width" in name)


def test_what_is_beyond_the_rank_of_a_window_is_nan():
    few = walk()[:3]
    found = measured(weights=few)
    assert np.isfinite(found["principal_variance"]).tolist() == [True, True, False, False]
    resting = walk()[:1].repeat(5, 1)
    assert all(np.isnan(found).all() for name, found in measured(weights=resting).items() if name != "centre_loss")
    assert all(np.isnan(found).all() for found in measured(weights=few[:1]).values())


@pytest.mark.parametrize("guess", [1e-3, 0.1, 3.0, 40.0])
@pytest.mark.parametrize("rise", [
    lambda s: s**2 / 0.3 - 1,
    lambda s: np.log1p(s**4) - 1,
    lambda s: np.inf if s > 2 else s - 1,
    lambda s: np.expm1(s) - 1,
])  # fmt: skip
def test_a_width_is_where_the_loss_has_risen(rise, guess):
    found = width(rise, guess, 1e-4, 100)
    truth = brentq(lambda s: min(rise(s), 10), 1e-9, 2)
    assert abs(rise(found)) <= principal_directions.CLOSE
    assert found == pytest.approx(truth, rel=0.03)


def test_a_width_that_is_not_bracketed_is_nan():
    assert np.isnan(width(lambda s: -1 / (1 + s), 0.1, 1e-4, 100))
    assert np.isnan(width(lambda s: 1.0, 0.1, 1e-4, 100))
    assert np.isnan(width(lambda s: np.nan, 0.1, 1e-4, 100))


def test_a_width_at_a_jump_ends_at_the_jump():
    assert width(lambda s: -1 if s < 0.7 else 5, 0.1, 1e-4, 100) == pytest.approx(0.7, rel=0.01)


def test_a_smooth_loss_takes_few_evaluations():
    count = []
    width(lambda s: count.append(s) or s**2 / 0.3 - 1, 0.3, 1e-6, 10)
    assert len(count) <= 6


# In a training


def trained(folder, count, **more):
    run = settings(
        model_spec={"factory": "runs:small_network", "arguments": {}}, dataset_spec=DIGITS, steps=60, window=25, snapshots=3,
        record={"flatness": count, "flatness_images": 100}, momentum=0.9, **more,
    )  # fmt: skip
    run = Run(run, functools.partial(small_network), problem.load_images(run), folder, "code")
    run.train()
    return run


@pytest.mark.slow
def test_a_training_is_bitwise_the_same_with_and_without(tmp_path):
    plain, looked = trained(tmp_path / "a", 0), trained(tmp_path / "b", 3)
    state = random_states.states("cpu")
    for name, tensor in plain.model.state_dict().items():
        assert torch.equal(tensor, looked.model.state_dict()[name]), name
    again = trained(tmp_path / "c", 3)
    assert random_states.same(random_states.states("cpu"), state)
    series, measured = plain.datasets()["training"], looked.datasets()["training"]
    assert not set(run_files.ALONG) & set(series)
    for name in series.data_vars:
        np.testing.assert_array_equal(series[name], measured[name])
    assert measured.identical(again.datasets()["training"])


def test_the_file_has_all_windows_and_a_short_last_one(tmp_path):
    found = trained(tmp_path, 3).datasets()["training"]
    contracts.check(found, run_files.CONTRACTS["training"])
    assert found.principal_variance.dims == ("window", "direction")
    assert np.isfinite(found.principal_variance).all()
    assert (found.principal_variance.diff("direction") < 0).all()
    assert found.window_start.values.tolist() == [0, 25, 50]
    assert (found.principal_variance[:, 0] > 10 * found.random_variance.max("direction")).all()
    assert np.isfinite(found.random_width_plus).mean() > 0.5


def test_the_loss_is_that_of_a_copy_with_the_statistics_of_the_images():
    torch.manual_seed(0)
    model = small_network(1, 8, 10)
    model.train()
    inputs, labels = torch.randn(20, 1, 8, 8), torch.arange(20) % 10
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = random_states.states("cpu")
    loss_at = FixedLoss(model, functional.cross_entropy, inputs, labels)
    weights = 0.1 * torch.randn(sum(p.numel() for p in model.parameters()), generator=torch.Generator().manual_seed(0))
    found = loss_at(weights)
    assert random_states.same(random_states.states("cpu"), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    nn.utils.vector_to_parameters(weights, model.parameters())
    model[3].eval()
    assert found == pytest.approx(functional.cross_entropy(model(inputs), labels).item(), rel=1e-6)


def test_a_recorder_alone_takes_any_function_and_refuses_none():
    model = nn.Linear(3, 1, bias=False)
    with pytest.raises(ValueError, match="flatness = 2: needs loss_at"):
        Recorder(model, 10, flatness=2)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(model, 10, samples=50, flatness=2, loss_at=lambda w: float(1 + w @ w))
    for step in range(20):
        optimiser.zero_grad()
        loss = (model(torch.tensor([[1.0, step % 3, 2.0]])) - 1).square().mean()
        loss.backward()
        recorder.record(loss)
        optimiser.step()
    recorder.close()
    assert np.isfinite(recorder.datasets()["training"].principal_variance).all()
