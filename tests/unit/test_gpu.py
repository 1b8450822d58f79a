"""benchmarks/gpu.py without a GPU: its processes, its parcels, and a training that time cuts off."""

import dataclasses
import functools
import io
import os
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sgdwalk.data import npz
from sgdwalk.storage import netcdf

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MLP = {"factory": "sgdwalk.models.mlp:mlp", "arguments": {"depth": 3}}
SMALL = {"steps": 40, "window": 20, "batch_size": 10, "snapshots": 3, "model_spec": MLP}
SECTIONS = {"hessian": {"images": 20, "batch_size": 10, "eigenvalues": 2, "smallest": 1, "sharpness_batches": 2}}


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def images(tmp_path):
    """CIFAR-10 in small, as JPEG files, and its pixels."""
    from on_gpu.machine import unpack

    rng, arrays, pixels = np.random.default_rng(0), {}, {}
    for split, count in (("train", 40), ("test", 20)):
        files = []
        for picture in rng.integers(0, 256, (count, 8, 8, 3), np.uint8):
            Image.fromarray(picture).save(content := io.BytesIO(), "JPEG")
            files.append(content.getvalue())
        pixels[split] = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files])
        arrays |= {f"{split}_jpeg": np.frombuffer(b"".join(files), np.uint8)}
        arrays |= {f"{split}_offset": np.cumsum([0, *map(len, files)]), f"{split}_label": np.arange(count) % 10}
    np.savez(tmp_path / "jpeg.npz", **arrays)
    assert unpack(str(tmp_path / "jpeg.npz"), str(tmp_path / "images.npz"))["images"] == 40
    return tmp_path / "images.npz", pixels


@pytest.fixture
def experiment(images, tmp_path):
    from on_gpu.experiments import Experiment

    return Experiment(BENCHMARKS.parent / "config", "paper", ("resnet14-b1024",), images[0], tmp_path, SMALL, SECTIONS)


def trained(experiment, until=np.inf):
    (task,) = experiment.trainings(until, children=False)
    return task.function(**task.arguments)


def test_images_are_decoded_as_they_are(images):
    path, pixels = images
    found = npz.load(path=str(path))
    for split in ("train", "test"):
        np.testing.assert_array_equal(getattr(found, split), pixels[split].transpose(0, 3, 1, 2))
        np.testing.assert_array_equal(getattr(found, f"{split}_labels"), np.arange(len(pixels[split])) % 10)


def test_tasks_end_at_their_time_and_an_error_of_one_is_its_own(tmp_path):
    from on_gpu.processes import Task, outcomes

    work = {
        "good": (dict, {"value": 3}),
        "wrong": (functools.partial(int, "no number"), {}),
        "dies": (functools.partial(os._exit, 7), {}),
        "long": (functools.partial(time.sleep, 300), {}),
        "late": (dict, {}),
    }
    tasks = [Task(name, function, tmp_path / f"{name}.log", given) for name, (function, given) in work.items()]
    began = time.monotonic()
    found = {task.name: values for task, values in outcomes(tasks[:3], 1, began + 300)}
    assert found["good"]["value"] == 3
    assert "ValueError: invalid literal" in found["wrong"]["error"]
    assert "exit code 7" in found["dies"]["error"]
    found = {task.name: values for task, values in outcomes(tasks[3:], 1, time.monotonic() + 1)}
    assert "killed" in found["long"]["error"]
    assert "not begun" in found["late"]["error"]
    assert time.monotonic() - began < 200


def test_what_goes_back_is_cut_into_parts_that_are_whole_together(tmp_path):
    from on_gpu.parcels import EMPTY, pack

    rng, work, out = np.random.default_rng(0), tmp_path / "work", tmp_path / "out"
    work.mkdir()
    out.mkdir()
    sizes = {"a": 700_000, "state-1": 900_000, "state-2": 900_000, "b": 600_000}
    for name, size in sizes.items():
        (work / name).write_bytes(rng.bytes(size))
    size = (EMPTY + 1_500_000) // 5 + 1
    groups = [[work / "a"], [work / "state-1", work / "state-2"], [work / "b"], []]
    assert pack(work, out, groups, 5, size) == ["state-1", "state-2"]
    parts = sorted(out.iterdir())
    assert len(parts) <= 5
    assert {part.stat().st_size for part in parts[:-1]} == {size}
    with tarfile.open(fileobj=io.BytesIO(b"".join(part.read_bytes() for part in parts))) as archive:
        archive.extractall(tmp_path / "back", filter="data")
    assert {path.name for path in (tmp_path / "back").iterdir()} == {"a", "b"}
    assert all((tmp_path / "back" / name).read_bytes() == (work / name).read_bytes() for name in "ab")
    pack(work, out, groups[:1], 5, 2**22)
    assert len(list(out.iterdir())) == 1


@pytest.mark.slow
def test_a_training_that_time_ends_goes_on_to_the_same_end(experiment, tmp_path):
    folder = experiment.folder("resnet14-b1024")
    cut = trained(experiment, until=0.0)
    assert (cut["steps"], cut["planned"]) == (20, 40)
    short = netcdf.read(folder / "training.nc")
    assert short.sizes["step"] == 20
    assert '"steps": 20' in short.attrs["run_settings"]
    (task,) = [task for task in experiment.analyses() if task.name.endswith("/fluctuations")]
    task.function(**task.arguments)
    assert not [task for task in experiment.analyses() if task.name.endswith("/fluctuations")]
    assert trained(experiment, until=0.0)["steps"] == 20
    assert (folder / "fluctuations.nc").exists()
    whole = trained(experiment)
    assert (whole["steps"], whole["planned"]) == (40, 40)
    assert not (folder / "fluctuations.nc").exists()
    assert not (folder / "state").exists()
    assert trained(experiment)["note"] == "was whole before"
    other = dataclasses.replace(experiment, work=tmp_path / "other")
    trained(other)
    for name in ("training", "distances", "gradients", "sketch"):
        a, b = (netcdf.read(each.folder("resnet14-b1024") / f"{name}.nc") for each in (experiment, other))
        assert a.equals(b), name


@pytest.mark.slow
def test_the_hessian_of_single_checkpoints_is_that_of_all(experiment):
    from on_gpu.experiments import merged

    trained(experiment)
    tasks = experiment.hessians("resnet14-b1024", 2)
    assert [task.name.rpartition("/")[2] for task in tasks] == ["step-000000000", "step-000000040"]
    for task in tasks:
        task.function(**task.arguments)
    folder = experiment.folder("resnet14-b1024")
    merged(str(folder))
    found = netcdf.read(folder / "hessian.nc")
    np.testing.assert_array_equal(found.step, [0, 40])
    alone = netcdf.read(folder / "hessian" / "step-000000040.nc")
    np.testing.assert_array_equal(found.eigenvalue[1], alone.eigenvalue[0])
    assert not experiment.hessians("resnet14-b1024", 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["speeds", "--images", __file__], "speeds: must be one of tests, train"),
        (["--images", "none"], "must be a file"),
    ],
)
def test_what_cannot_be_is_refused(given, message, capsys):
    import gpu

    with pytest.raises(SystemExit):
        gpu.options(given)
    assert message in capsys.readouterr().err


def test_parts_are_done_in_their_order():
    import gpu

    assert gpu.options(["more", "train", "--images", __file__]).parts == ["train", "more"]
    assert gpu.options(["--images", __file__]).parts == list(gpu.PARTS)
