"""The loss on planes and a line through the snapshots of a run."""

import numpy as np
import pytest
import torch
import xarray as xr
from runs import settings
from sgdwalk.analyses import path_planes
from sgdwalk.jobs import analyse
from sgdwalk.landscapes import trained_networks
from sgdwalk.landscapes.mean_loss import MeanLoss
from sgdwalk.storage import contracts, netcdf
from sgdwalk.training import problem

torch.set_num_threads(1)
RUN = settings(
    model_spec={"factory": "sgdwalk.models.mlp:mlp", "arguments": {"depth": 3, "width": 4}},
    dataset_spec={"factory": "sgdwalk.data.digits:load", "arguments": {}},
    dtype="float64",
)
FEW = {"points": 5, "line_points": 7, "images": 40, "test_images": 20, "batch_size": 20}


@pytest.fixture(scope="module")
def images():
    return problem.load_images(RUN)


def checkpoints(folder, images, count=3, spoilt=None):
    """A folder of the checkpoints of a random walk; those of snapshot `spoilt` are NaN."""
    model, random = problem.build(RUN, images), torch.Generator().manual_seed(1)
    folder.mkdir()
    for step in range(count):
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.3 * torch.randn(p.shape, generator=random, dtype=p.dtype))
        state = {k: v * (np.nan if step == spoilt and v.ndim > 1 else 1.0) for k, v in model.state_dict().items()}
        torch.save({"step": 10 * step, "epoch": 2.5 * step, "model": state}, folder / f"step-{step:09d}.pt")
    return str(folder)


@pytest.fixture(scope="module")
def three(images, tmp_path_factory):
    """The result of three snapshots, with planes and line that end at them."""
    folder = checkpoints(tmp_path_factory.mktemp("three") / "checkpoints", images)
    return path_planes.compute(folder, run=RUN, margin=0.0, **FEW)


def test_both_planes_of_three_snapshots_contain_them(three):
    contracts.check(three, path_planes.CONTRACT)
    assert three.status.values.tolist() == ["ok", "ok"]
    np.testing.assert_array_equal(three.through, [0, 2.5, 5])  # by default the first, the middle and the last one
    np.testing.assert_allclose(three.path_share[:, :2], 1, rtol=1e-9)
    distances = [np.hypot(three.path_x[k, 0], three.path_y[k, 0]) for k in (0, 1)]
    np.testing.assert_allclose(distances[0], distances[1], rtol=1e-9)
    assert float(three.explained.sum()) == pytest.approx(1, rel=1e-12)


def test_cosines_are_those_of_the_weights(images, tmp_path):
    folder = checkpoints(tmp_path / "checkpoints", images, count=4)
    weights = [
        np.concatenate(
            [shot["model"][name].numpy().ravel() for name, _ in problem.build(RUN, images).named_parameters()]
        )
        for shot in trained_networks.snapshots(folder)
    ]
    truth = [[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in weights] for a in weights]
    found = path_planes.compute(folder, run=RUN, **FEW)
    np.testing.assert_allclose(found.cosine, truth, rtol=1e-12)
    np.testing.assert_array_equal(found.other, found.epoch)
    assert found.cosine.values.min() < 0.99


def test_the_corners_of_the_plane_and_the_ends_of_the_line_are_the_snapshots(three):
    second = three.sel(plane="three snapshots")
    assert 0 < second.path_x[1] < second.path_x[0]  # so that corners of the grid are snapshots
    for name in ("loss", "test_loss"):
        ends = three[f"snapshot_{name}"].values[[0, 2]]
        np.testing.assert_allclose(second[name][[-1, 0], 0], ends, rtol=1e-10)
        np.testing.assert_allclose(three[f"line_{name}"][[0, -1]], ends, rtol=1e-10)
    assert not np.allclose(three.snapshot_loss, three.snapshot_test_loss, rtol=1e-6)
    np.testing.assert_allclose(three.position[[0, -1]], [0, 1])


def test_planes_and_line_go_beyond_the_snapshots_by_the_margin(images, tmp_path):
    folder = checkpoints(tmp_path / "checkpoints", images, count=5)
    found = path_planes.compute(folder, run=RUN, margin=0.5, through=(4, 2, 1), **FEW | {"test_images": 0})
    contracts.check(found, path_planes.CONTRACT)
    assert "test_loss" not in found
    np.testing.assert_allclose(found.position[[0, -1]], [-0.5, 1.5])
    for axis, path in (("x", "path_x"), ("y", "path_y")):
        low, high = found[path].min("epoch"), found[path].max("epoch")
        np.testing.assert_allclose(found[axis][:, 0], low - (high - low) / 2)
        np.testing.assert_allclose(found[axis][:, -1], high + (high - low) / 2)
    np.testing.assert_array_equal(found.through, [10.0, 5.0, 2.5])
    np.testing.assert_array_equal(found.origin, [10.0, 2.5])
    assert float(found.path_x[1, 1]) == float(found.path_y[1, 1]) == 0.0
    assert found.explained_orthogonal.sum() == pytest.approx(1)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_weights_that_are_not_finite_have_a_status_and_no_planes(images, tmp_path):
    found = path_planes.compute(checkpoints(tmp_path / "checkpoints", images, spoilt=2), run=RUN, **FEW)
    contracts.check(found, path_planes.CONTRACT)
    assert set(found.status.values.tolist()) == {"weights are not finite"}
    assert found.loss.isnull().all()
    assert found.explained.isnull().all()
    assert np.isfinite(found.snapshot_loss[:2]).all()
    assert np.isnan(found.snapshot_loss[2])


@pytest.mark.parametrize(
    ("count", "through", "said"),
    [
        (2, (), "snapshots = 2: must be at least 3"),
        (4, (0, 1), r"path_planes.through = \[0, 1\]: must be three different snapshots from 0 to 3"),
        (4, (0, 1, 4), "must be three different snapshots from 0 to 3"),
        (4, (0, 1, 1), "must be three different snapshots from 0 to 3"),
    ],
)
def test_snapshots_that_are_not_there_are_refused_by_name(count, through, said):
    with pytest.raises(ValueError, match=said):
        path_planes.compute("nowhere", run=RUN | {"snapshots": count}, through=through)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("count", "through"), [(1, ()), (2, ()), (3, (0, 1, 4))])
def test_a_run_that_ended_before_a_snapshot_has_a_status_in_place_of_its_plane(images, tmp_path, count, through):
    found = path_planes.compute(checkpoints(tmp_path / "checkpoints", images, count), run=RUN, through=through, **FEW)
    contracts.check(found, path_planes.CONTRACT)
    assert found.status.values.tolist() == ["too few snapshots" if count < 3 else "ok", "too few snapshots"]
    assert found.loss[1].isnull().all()
    assert np.isfinite(found.snapshot_loss).all()
    assert found.sizes["component"] == count - 1


def test_an_interrupted_job_goes_on_and_gives_the_same_file(images, tmp_path, monkeypatch):
    inputs = {"checkpoints": checkpoints(tmp_path / "checkpoints", images)}
    given, plain, calls = {"run": RUN, **FEW}, MeanLoss.__call__, []

    def made(name):
        calls.clear()
        analyse.analyse("path_planes", inputs, str(tmp_path / name), given, code="code")

    def counting(self, model):
        calls.append(None)
        return plain(self, model)

    def stopped(self, model):
        if len(calls) == 50:
            raise KeyboardInterrupt
        return counting(self, model)

    monkeypatch.setattr(MeanLoss, "__call__", counting)
    made("whole.nc")
    whole = len(calls)
    monkeypatch.setattr(MeanLoss, "__call__", stopped)
    with pytest.raises(KeyboardInterrupt):
        made("resumed.nc")
    monkeypatch.setattr(MeanLoss, "__call__", counting)
    made("resumed.nc")
    assert whole - 50 <= len(calls) <= whole - 50 + 5  # at most one row of five twice
    xr.testing.assert_identical(netcdf.read(tmp_path / "whole.nc"), netcdf.read(tmp_path / "resumed.nc"))
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoints", "whole.nc", "resumed.nc"}
