"""The eigenvectors that a child is projected on, against the dense Hessian."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
import xarray as xr
from dense_hessian import dense_hessian
from runs import settings
from sgdwalk.analyses import modes
from sgdwalk.landscapes import curvature, trained_networks
from sgdwalk.storage import contracts, netcdf
from sgdwalk.training import problem
from test_hessian import Known, spectra
from torch import nn

torch.set_num_threads(1)
IMAGES, COUNT = 48, 6
DIGITS = {"factory": "sgdwalk.data.digits:load", "arguments": {}}
RUN = {
    "model_spec": {"factory": f"{__name__}:normalised", "arguments": {}}, "dataset_spec": DIGITS, "dtype": "float64",
    "weight_decay": 0.5, "parent": "p",
}  # fmt: skip
TRAINING = xr.Dataset({"diverged_step": ((), -1)}, {"step": np.arange(30)}, {"run": "p"})


def normalised(channels, size, classes):
    """A network whose loss depends on which images share a batch."""
    layers = nn.Linear(size**2, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.Linear(3, classes)
    return nn.Sequential(nn.Flatten(), *layers)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Two checkpoints of a parent; the final one is after step 30."""
    folder = tmp_path_factory.mktemp("checkpoints")
    run = settings(**RUN, batch_size=16)
    torch.manual_seed(0)
    data = problem.load_images(run)
    model = problem.build(run, data)
    inputs, labels = trained_networks.sample(data, run, 200, 5)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.3)
    for step in range(31):
        if step in (0, 30):
            torch.save({"step": step, "epoch": step, "model": model.state_dict()}, folder / f"step-{step:09d}.pt")
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimiser.step()
    return folder


def dense(checkpoints, batch_size):
    """The Hessian of the mean loss over batches of this size, each with its own statistics."""
    run = settings(**RUN, batch_size=batch_size)
    data = problem.load_images(run)
    model = problem.build(run, data).train()
    model.load_state_dict(torch.load(checkpoints / "step-000000030.pt")["model"])
    inputs, labels = trained_networks.sample(data, run, IMAGES, 0)
    return dense_hessian(model, list(zip(inputs.split(batch_size), labels.split(batch_size), strict=True)))[0]


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [16, 48])
def test_the_modes_are_those_of_the_dense_hessian_in_batches_of_the_child(checkpoints, batch_size):
    run = settings(**RUN, batch_size=batch_size)
    found = modes.compute(str(checkpoints), TRAINING, run=run, count=COUNT, images=IMAGES, tolerance=1e-7)
    contracts.check(found, modes.CONTRACT)
    value, vector = (
        a.T[::-1][:COUNT].T if a.ndim > 1 else a[::-1][:COUNT] for a in np.linalg.eigh(dense(checkpoints, batch_size))
    )
    np.testing.assert_allclose(found.eigenvalue, value, rtol=1e-7)
    overlaps = np.abs(found.vector.values.astype(float) @ vector)
    np.testing.assert_allclose(overlaps, np.eye(COUNT), atol=1e-5)
    assert found.converged.all()
    assert (found.residual < 1e-7 * found.eigenvalue).all()
    assert found.vector.dtype == np.float32
    other = np.linalg.eigvalsh(dense(checkpoints, 64 - batch_size))[::-1][:COUNT]
    assert np.abs(other / value - 1).max() > 0.05  # batches of another size have other modes


def test_weight_decay_is_not_in_the_hessian(checkpoints):
    with_decay, without = (
        modes.compute(str(checkpoints), TRAINING, run=settings(**RUN | {"weight_decay": decay}), images=48, count=3)
        for decay in (0.5, 0.0)
    )
    assert with_decay.identical(without)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", spectra())
def test_the_vectors_are_orthonormal_eigenvectors(name, dtype):
    """In a random basis: those of well separated eigenvalues point where they should."""
    truth = np.flip(np.sort(spectra()[name])).copy()
    basis = np.linalg.qr(np.random.default_rng(1).standard_normal((len(truth), len(truth))))[0]
    operator = Known((basis * truth) @ basis.T, dtype)
    value, residual, converged, vector = curvature.top_eigenpairs(operator, 12, 1e-3, 300, 0)
    assert converged.all()
    matrix, vector = operator.matrix.double().numpy(), vector.astype(float)
    np.testing.assert_allclose(vector @ vector.T, np.eye(12), atol=5e-8)  # 1.3e-7 as Lanczos leaves them in float32
    gap = np.linalg.norm(vector @ matrix - value[:, None] * vector, axis=1)
    np.testing.assert_allclose(gap, residual, atol=2e-5)
    np.testing.assert_allclose(value, truth[:12], rtol=1e-3)
    assert abs(vector[0] @ basis[:, 0]) > 0.999


def test_a_network_of_fewer_directions_has_fewer_modes():
    torch.manual_seed(0)
    model = nn.Linear(3, 2).double()
    batch = torch.randn(20, 3, dtype=torch.float64), torch.arange(20) % 2
    operator = curvature.hessian(model, model.state_dict(), [batch], nn.functional.cross_entropy, "batch")
    value, residual, converged, vector = curvature.top_eigenpairs(operator, 20, 0.01, 40, 0)
    assert len(value) == len(residual) == len(converged) == len(vector) <= operator.size
    assert np.isfinite(value).all()
    np.testing.assert_allclose(vector @ vector.T, np.eye(len(value)), atol=1e-5)


def test_weights_that_are_not_finite_have_no_modes():
    operator = Known(np.ones(5))
    operator.model.weight.data.fill_(torch.nan)
    with pytest.raises(ValueError, match="the Hessian has no eigenvectors: weights, or its products, are not finite"):
        curvature.top_eigenpairs(operator, 2, 0.01, 40, 0)


def test_modes_of_another_run_with_the_same_hessian_are_taken_over(tmp_path):
    """Without a look at the checkpoints, which are not there."""
    values = {"eigenvalue": ("mode", [2.0, 1.0]), "vector": (("mode", "parameter"), np.eye(2, 5))}
    found = modes.compute(tmp_path / "none", TRAINING, xr.Dataset(values, attrs={"run": "other"}), run=RUN)
    xr.testing.assert_identical(found, xr.Dataset(values))


COPY = """
import json, sys
from sgdwalk.jobs.analyse import analyse

other, copy, checkpoints, run = sys.argv[1:]
inputs = {"checkpoints": checkpoints, "training": other, "alike": other}
analyse("modes", inputs, copy, {"run": json.loads(run), "count": 2}, code="")
assert "torch" not in sys.modules
"""


def test_the_job_that_copies_the_modes_of_another_run_does_not_load_torch(tmp_path):
    other, copy = tmp_path / "modes.nc", tmp_path / "copy.nc"
    found = {"vector": (("mode", "parameter"), np.eye(2, 5, dtype=np.float32)), "eigenvalue": ("mode", [2.0, 1.0])}
    found |= {"residual": ("mode", [0.0, 0.0]), "converged": ("mode", np.ones(2, np.int8))}
    netcdf.write(xr.Dataset(found), other, modes.CONTRACT, {})
    subprocess.run([sys.executable, "-c", COPY, other, copy, tmp_path, json.dumps(settings(**RUN))], check=True)
    xr.testing.assert_equal(xr.load_dataset(copy), xr.load_dataset(other))
