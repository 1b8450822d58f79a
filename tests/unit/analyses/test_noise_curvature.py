"""Gradient noise and curvature along modes, against per-example gradients and the dense Hessian of a small network."""

import children
import numpy as np
import pytest
import torch
import xarray as xr
from dense_hessian import dense_hessian
from runs import settings
from sgdwalk.analyses import noise_curvature
from sgdwalk.landscapes import trained_networks as networks
from sgdwalk.limiting import minibatch_noise, noise_exponent
from sgdwalk.storage import contracts
from sgdwalk.training import problem
from torch import nn

torch.set_num_threads(1)
RUN = settings(
    model_spec={"factory": "sgdwalk.models.mlp:mlp", "arguments": {"depth": 3, "width": 4}},
    dataset_spec={"factory": "sgdwalk.data.digits:load", "arguments": {}},
    dtype="float64", subset=120, batch_size=10, augment=False,
)  # fmt: skip
IMAGES = problem.load_images(RUN)


def network():
    torch.manual_seed(0)
    return problem.build(RUN, IMAGES)


def save(folder, model, step):
    torch.save({"step": step, "epoch": step / 12, "model": model.state_dict()}, folder / f"step-{step:09d}.pt")


def all_images():
    return networks.sample(IMAGES, RUN, 120, 0)


def gradients(model):
    """Gradient of each example [example, parameter]."""
    rows = []
    for image, label in zip(*all_images(), strict=True):
        model.zero_grad()
        nn.functional.cross_entropy(model(image[None]), label[None]).backward()
        rows.append(torch.cat([p.grad.reshape(-1) for p in model.parameters()]).clone())
    return torch.stack(rows).numpy()


def dense(model):
    """The Hessian of the loss of all images."""
    return dense_hessian(model, [all_images()])[0]


def modes_of(vectors, converged=None):
    """modes.nc of these orthonormal vectors [mode, parameter]."""
    count = len(vectors)
    flags = np.ones(count, np.int8) if converged is None else np.asarray(converged, np.int8)
    return children.stamped(
        xr.Dataset(
            {
                "vector": (("mode", "parameter"), np.asarray(vectors, np.float32)),
                "eigenvalue": ("mode", np.linspace(2, 1, count)),
                "residual": ("mode", np.zeros(count)),
                "converged": ("mode", flags),
            }
        ),
        RUN,
    )


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """(folder of two checkpoints, the second diverged; network of the first; its top eigenvectors)."""
    folder, model = tmp_path_factory.mktemp("checkpoints"), network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.2)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(all_images()[0]), all_images()[1]).backward()
        optimiser.step()
    save(folder, model, 0)
    bad = network()
    with torch.no_grad():
        next(bad.parameters()).fill_(float("nan"))
    save(folder, bad, 40)
    vectors = np.linalg.eigh(dense(model))[1].T[::-1][:6]
    return folder, model, vectors


@pytest.fixture(scope="module")
def found(case):
    folder, _, vectors = case
    modes = modes_of(vectors, [1, 1, 1, 1, 1, 0])
    contracts.check(modes, children.MODES)
    return noise_curvature.compute(str(folder), modes, run=RUN, batches=600, curvature_batches=12, copies=50)


@pytest.mark.slow
def test_noise_is_that_of_single_examples_and_curvature_that_of_the_dense_hessian(case, found):
    contracts.check(found, noise_curvature.CONTRACT)
    _, model, vectors = case
    each, at = gradients(model), found.isel(snapshot=0)
    away = each - each.mean(axis=0)
    truth = {
        "trace": (away**2).sum(axis=1).mean(),
        "variance": ((away @ vectors.T) ** 2).mean(axis=0),
        "gradient": each.mean(axis=0) @ vectors.T,
    }
    for name, value in truth.items():
        distance = (at[name].values - value) / at[f"{name}_error"].values
        assert (np.abs(distance) < 4).all(), name
    np.testing.assert_allclose(at.gradient_error, np.sqrt(truth["variance"] / 10 / 600), rtol=0.2)
    np.testing.assert_allclose(at.variance_error / at.variance, np.sqrt(2 / 599), rtol=0.5)  # of Gaussian gradients
    np.testing.assert_allclose(at.trace, truth["trace"], rtol=0.1)
    curvature = [q @ dense(model) @ q for q in vectors]
    np.testing.assert_allclose(at.curvature, curvature, rtol=1e-5)  # all images: exact but for float32 vectors
    assert (int(at.examples), int(at.modes_used)) == (120, 5)
    assert at.exponent_low < at.exponent < at.exponent_high


@pytest.mark.slow
def test_weights_that_diverged_have_no_noise(found):
    at = found.isel(snapshot=1)
    for name in ("trace", "variance", "curvature", "gradient", "exponent", "exponent_low"):
        assert at[name].isnull().all(), name
    assert list(found.step.values) == [0, 40]


def test_one_pass_gives_as_much_as_all_deviations_from_the_common_mean():
    torch.manual_seed(1)
    model = nn.Linear(5, 3).double()
    batches = [(torch.randn(4, 5, dtype=torch.float64), torch.arange(4) % 3) for _ in range(30)]
    vectors = torch.eye(18, dtype=torch.float64)[:4]
    noise = minibatch_noise.minibatch_noise(model, batches, nn.functional.cross_entropy, vectors)
    each = torch.stack(
        [
            minibatch_noise.flat_gradient(nn.functional.cross_entropy(model(x), y), list(model.parameters()))
            for x, y in batches
        ]
    ).detach()
    covariance = np.cov(each.numpy().T)
    np.testing.assert_allclose(noise.squares.mean(), np.trace(covariance), rtol=1e-12)
    np.testing.assert_allclose(noise.along.mean(axis=0), np.diagonal(covariance)[:4], rtol=1e-12)
    np.testing.assert_allclose(noise.gradient.mean(axis=0), each.mean(axis=0)[:4], rtol=1e-12)


def test_batches_are_not_those_of_a_training_with_the_same_seed():
    from sgdwalk.training.batches import Batches

    like = torch.zeros(1, dtype=torch.float64)
    drawn = next(minibatch_noise.independent_batches(RUN, IMAGES, like, 0))
    trained = Batches(
        IMAGES, 10, sampler="independent", augment=False, seed=0, device="cpu", dtype=torch.float64
    ).epoch(0)  # fmt: skip
    assert drawn[0].shape == (10, 1, 8, 8)
    assert not any(torch.equal(drawn[1], labels) and torch.equal(drawn[0], x) for x, labels in trained)


def test_least_settings(case):
    folder, _, vectors = case
    found = noise_curvature.compute(
        str(folder), modes_of(vectors[:1]), run=RUN, batches=4, curvature_batches=1, copies=20
    )
    assert found.curvature_error.isnull().all()
    assert found.exponent.isnull().all()
    assert np.isfinite(found.trace_error[0])


@pytest.mark.parametrize("gamma", [1.0, 2.0])
def test_the_interval_of_gamma_covers_it(gamma):
    rng, curvature = np.random.default_rng(0), np.geomspace(1, 0.15, 10)
    bounds = []
    for _ in range(200):
        squares = curvature**gamma * rng.standard_normal((99, 10)) ** 2
        bent = curvature * (1 + 0.4 * rng.standard_normal((16, 10)))
        bounds.append(noise_exponent.interval(squares, bent, 50, rng))
    value, low, high = np.array(bounds).T
    assert value.mean() == pytest.approx(gamma, abs=4 * value.std() / np.sqrt(200))
    assert 0.87 <= np.mean((low <= gamma) & (gamma <= high)) <= 0.99
    assert np.median(high - low) < 1.3 * 3.92 * value.std()


def test_errors_of_the_curvature_do_not_flatten_the_line():
    """Plain least squares are too low; a perfect line with errors that are equal in all points is fitted exactly."""
    rng, x = np.random.default_rng(1), np.geomspace(1, 0.5, 12)
    noisy = x * np.exp(0.25 * rng.standard_normal((400, 12)))
    plain = [np.polyfit(np.log(row), 1.5 * np.log(x), 1)[0] for row in noisy]
    fitted = noise_exponent.exponents(np.broadcast_to(x**1.5, noisy.shape), noisy, 1e-9 * x, 0.25 * noisy)
    assert np.mean(plain) < 0.8
    assert np.median(fitted) == pytest.approx(1.5, abs=0.15)
    exact = noise_exponent.exponents(x**1.5, x, 0.1 * x**1.5, 0.1 * x)
    assert float(exact) == pytest.approx(1.5, abs=1e-9)


def test_points_that_are_not_positive_are_left_out():
    x = np.append(np.geomspace(1, 0.1, 6), [-0.1, 0.0])
    y = np.append(np.geomspace(1, 0.1, 6) ** 2, [1.0, 1.0])
    assert float(noise_exponent.exponents(y, x, np.full(8, 0.01), np.full(8, 0.01))) == pytest.approx(2)
    assert np.isnan(noise_exponent.exponents(y[-4:], x[-4:], np.full(4, 0.01), np.full(4, 0.01)))
