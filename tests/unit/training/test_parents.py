"""Runs that start from the final network of another one."""

import numpy as np
import pytest
import torch
from runs import settings, small_network
from sgdwalk.analyses import modes
from sgdwalk.recorder.parameter_vector import ParameterVector
from sgdwalk.storage import netcdf
from sgdwalk.study.registry import DATASETS
from sgdwalk.training import job, parents, trainer
from sgdwalk.training.batches import Batches
from sgdwalk.training.parents import Parent
from sgdwalk.training.trainer import Run
from sgdwalk.trajectory.import_walk import FILES
from test_trainer import Moves, assert_equal, cut_off, images, results

torch.set_num_threads(1)
SIZE = 2292  # parameters of the network
GIVEN = {"batch_size": 12, "window": 21, "snapshots": 4, "record": {"samples": 63}, "weight_decay": 1e-2}
CHILD = settings(parent="mother", seed=8, steps=65, lr=0.02, momentum=0.8, **GIVEN)


def run(work, given=CHILD, parent=None, **options):
    return Run(given | options, small_network, images(), work, "c", parent=parent)


@pytest.fixture(scope="module")
def mother(tmp_path_factory):
    """A finished training with momentum."""
    done = run(tmp_path_factory.mktemp("mother"), settings(seed=3, steps=44, momentum=0.9, **GIVEN))
    done.train()
    return done


@pytest.fixture(scope="module")
def parent(mother):
    vectors = np.linalg.qr(np.random.default_rng(0).standard_normal((SIZE, 3)))[0].T.astype(np.float32)
    return Parent(parents.load(mother.checkpoints.path(44)), vectors, ("a", "b"))


def first_checkpoint(one):
    one.train()
    return parents.load(one.checkpoints.path(0))


def same(mine, theirs):
    assert mine.keys() == theirs.keys()
    return all(torch.equal(value, theirs[name]) for name, value in mine.items())


@pytest.mark.parametrize("seed", [8, 9])
def test_a_child_starts_at_the_weights_and_buffers_of_its_parent_with_a_momentum_of_zero(
    tmp_path, parent, mother, seed
):
    found = first_checkpoint(run(tmp_path, parent=parent, seed=seed))
    assert same(found["model"], mother.model.state_dict())
    assert float(found["model"]["1.num_batches_tracked"]) == 44
    assert not found["optimiser"]["state"]


def test_a_child_may_keep_the_velocity_but_never_the_hyperparameters(tmp_path, parent, mother):
    one = run(tmp_path, parent=parent, keep_velocity=True)
    kept, group = one.optimiser.state_dict()["state"], one.optimiser.param_groups[0]
    theirs = mother.optimiser.state_dict()["state"]
    assert len(kept) == len(theirs) == 6
    for index, state in theirs.items():
        assert torch.equal(kept[index]["momentum_buffer"], state["momentum_buffer"])
        assert state["momentum_buffer"].any()
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (0.02, 0.8, 1e-2)
    one.train()
    vector = ParameterVector(list(one.model.parameters()), torch.empty(0))
    first = -parent.directions @ vector.filled(s["momentum_buffer"] for s in theirs.values()).numpy()
    data = one.datasets()["directions"]
    np.testing.assert_allclose(data.velocity[0], first, rtol=1e-5)
    assert not run(tmp_path / "zero", parent=parent).optimiser.state


def test_the_seed_of_a_child_is_that_of_its_minibatches(tmp_path, parent):
    """The same child by hand: weights and buffers of the parent, batches of the seed, a plain loop."""
    one = run(tmp_path, parent=parent, dtype="float64")
    reference = small_network(3, 8, 4).double()
    reference.load_state_dict(parent.checkpoint["model"])
    optimiser = torch.optim.SGD(reference.parameters(), 0.02, momentum=0.8, weight_decay=1e-2, foreach=False)
    batches = Batches(images(), 12, sampler="shuffled-epochs", augment=True, seed=8, device="cpu", dtype=torch.float64)
    one.model[3].p = reference[3].p = 0.0  # dropout draws from the seed too
    expected = []
    for inputs, labels in [batch for epoch in range(13) for batch in batches.epoch(epoch)]:
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(reference(inputs), labels).backward()
        weights, gradients = (
            torch.cat([t.detach().reshape(-1) for t in group])
            for group in zip(*((p, p.grad) for p in reference.parameters()), strict=True)
        )
        buffers = [optimiser.state[p].get("momentum_buffer") for p in reference.parameters()]
        velocity = torch.cat([-b.reshape(-1) for b in buffers]) if buffers[0] is not None else 0 * weights
        expected.append([vector.numpy().copy() for vector in (weights, velocity, gradients)])
        optimiser.step()
    one.train()
    found, along = one.datasets()["directions"], np.array(expected) @ parent.directions.T.astype(float)
    np.testing.assert_allclose(found.start, along[0, 0], atol=1e-12)
    np.testing.assert_allclose(found.position, along[:, 0] - along[0, 0], atol=1e-12)
    np.testing.assert_allclose(found.velocity, along[:, 1], atol=1e-11)
    np.testing.assert_allclose(found.gradient, along[:, 2], atol=1e-11)
    away = ((np.array(expected)[:, 0] - expected[0][0]) ** 2).sum(1)
    np.testing.assert_allclose(found.squared_displacement, away, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"keep_velocity": True}, {"momentum": 0.0}])
@pytest.mark.parametrize("kill", [20, 43, 64])
def test_a_child_that_was_cut_off_goes_on_to_bitwise_the_same_end(tmp_path, monkeypatch, parent, kill, options):
    whole = run(tmp_path / "whole", parent=parent, **options)
    whole.train()
    cut_off(monkeypatch, kill, run(tmp_path / "cut", parent=parent, **options))
    resumed = run(tmp_path / "cut", parent=parent, **options)
    resumed.train()
    assert_equal(results(whole), results(resumed))
    assert whole.datasets()["directions"].identical(resumed.datasets()["directions"])
    assert np.isfinite(resumed.datasets()["directions"].velocity).all()


def test_a_state_of_a_child_of_other_weights_or_other_modes_is_not_resumed(tmp_path, parent):
    works = [run(tmp_path, parent=Parent(*parent_of(parent), digests)).work for digests in ("ab", "ac", "db", "ab")]
    assert works[0] == works[3]
    assert len(set(works)) == 3


def parent_of(parent):
    return parent.checkpoint, parent.directions


@pytest.mark.parametrize("options", [{}, {"keep_velocity": True}, {"momentum": 0.0}])
def test_no_step_of_a_child_waits_for_the_device(tmp_path, monkeypatch, parent, options):
    """The device here is meta, which computes nothing: whoever reads a number from it has an error."""
    monkeypatch.setattr(trainer, "device", lambda name: torch.device("meta"))
    one = run(tmp_path, parent=parent, **options)
    batches = one.batches.epoch(0)
    one._step(*next(batches))  # an epoch and a window begin with what is drawn on the host
    with Moves() as moves:
        for inputs, labels in batches:
            one._step(inputs, labels)
    assert one.recorder.step == 5
    assert one.recorder.directions.along.device.type == "meta"
    assert moves.found == []


def outputs(folder):
    return {name: str(folder / f"{name}.nc") for name in FILES} | {"checkpoints": str(folder / "checkpoints")}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A finished parent on the digits, as a study has it: its settings, and the folder of its files."""
    specs = {
        "model_spec": {"factory": "sgdwalk.models.mlp:mlp", "arguments": {"depth": 3, "width": 4}},
        "dataset_spec": {"factory": DATASETS["digits"][0], "arguments": {}},
    }
    given = settings(run="mother", steps=40, window=20, batch_size=32, snapshots=2, **specs)
    folder = tmp_path_factory.mktemp("files")
    job.train(given, outputs(folder), "code")
    return given, folder


@pytest.mark.slow
def test_from_the_files_of_a_parent_to_those_of_a_child(files, tmp_path):
    given, folder = files
    child = given | {"run": "child", "parent": "mother", "seed": 4, "lr": 0.01, "momentum": 0.5}
    paths = {"checkpoints": str(folder / "checkpoints"), "training": str(folder / "training.nc")}
    found = modes.compute(paths["checkpoints"], netcdf.read(paths["training"]), run=child, count=4)
    paths["modes"] = str(tmp_path / "modes.nc")
    netcdf.write(found, paths["modes"], modes.CONTRACT, {"run": "child"})
    job.train(child, outputs(tmp_path), "code", parent=paths)
    made = netcdf.read(tmp_path / "directions.nc")
    assert dict(made.sizes) == {"step": 40, "mode": 4}
    end = parents.load(folder / "checkpoints" / "step-000000040.pt")["model"]
    assert same(parents.load(tmp_path / "checkpoints" / "step-000000000.pt")["model"], end)
    weights = torch.cat([end[f"{layer}.{kind}"].reshape(-1) for layer in (1, 3, 5) for kind in ("weight", "bias")])
    np.testing.assert_allclose(made.start, found.vector.values @ weights.double().numpy(), atol=1e-12)
    assert netcdf.read(folder / "directions.nc").sizes["mode"] == 0


def refusals(files, tmp_path, message, error, **changed):
    """Both jobs of a child refuse the parent before they load any image."""
    given, folder = files
    paths = {"checkpoints": str(folder / "checkpoints"), "training": str(folder / "training.nc")} | changed
    child = given | {"dataset_spec": {"factory": "nowhere:load", "arguments": {}}}
    with pytest.raises(error, match=message):
        modes.compute(paths["checkpoints"], netcdf.read(paths["training"]), run=child)
    with pytest.raises(error, match=message):
        job.train(child, outputs(tmp_path), "code", parent=paths | {"modes": "nowhere.nc"})
    assert not list(tmp_path.glob("state/*"))


def test_a_parent_that_diverged_is_refused(files, tmp_path):
    training = netcdf.read(files[1] / "training.nc")
    training["diverged_step"] = ((), 17)
    path, stamp = tmp_path / "training.nc", {"run": "mother"}
    netcdf.write(training, path, netcdf.find("training"), stamp)
    message = r"^parent = 'mother': diverged at step 17: must be a training that stays finite$"
    refusals(files, tmp_path, message, ValueError, training=str(path))


def test_a_parent_whose_checkpoint_is_missing_is_refused(files, tmp_path):
    message = r"step-000000040.pt: no such file: the final checkpoint of the parent 'mother' is missing$"
    refusals(files, tmp_path, message, FileNotFoundError, checkpoints=str(tmp_path / "nothing"))
