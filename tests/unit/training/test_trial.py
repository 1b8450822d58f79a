"""A few steps that tell whether a training can begin and how fast it is."""

import functools
import itertools

import pytest
import torch
from runs import settings
from sgdwalk.study import estimates, resources
from sgdwalk.study.run_table import complete
from sgdwalk.training import trial
from sgdwalk.training.trainer import Run

ROW_ONLY = dict.fromkeys(("mem_mb", "runtime", "parent", "walk", "image_size", "subset", "windows_of", "path"))


def run(**given):
    return complete({**ROW_ONLY, **settings(**{"model": "mlp3", "batch_size": 32, "steps": 1000, **given})}, "test: ")


def test_steps_of_few_images_and_what_they_take(monkeypatch):
    """By a clock that makes every step and every product one second long."""
    monkeypatch.setattr(estimates, "LARGEST", 0)
    monkeypatch.setattr(trial.time, "perf_counter", functools.partial(next, itertools.count(0.0)))
    taken, step = [], Run._step
    monkeypatch.setattr(Run, "_step", lambda self, *batch: (taken.append(len(batch[1])), step(self, *batch)))
    found = trial.speed(run(window=512, record={"noise": True, "layers": True, "sketch": 4}))
    assert (found.step, found.size, found.image) == (1.0, 2, 0.5)
    assert taken == [2, 2]  # more than SECONDS
    assert found.pair == pytest.approx(found.parameters / min(found.parameters, trial.COLUMNS) / trial.ROWS**2)
    assert estimates.step_seconds(run(), found) == 16.0


def test_it_is_of_the_network_that_would_be_trained_and_leaves_nothing(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(trial.tempfile, "tempdir", None)
    found = trial.speed(run(model="resnet14"))
    assert 1 <= resources.parameters(run(model="resnet14")) / found.parameters <= 1.1
    assert (found.device, found.images) == ("cpu", None)
    assert 0 < found.image < found.step < 1
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("dataset", "shape", "classes"), [("digits", (1, 8, 8), 10), ("cifar100", (3, 32, 32), 100)])
def test_random_images_have_the_shape_of_the_data_set(dataset, shape, classes):
    images = trial.random_images(run(dataset=dataset), 7)
    assert (images.train.shape, images.classes) == ((7, *shape), classes)


def test_large_steps_are_timed_with_fewer_images():
    assert estimates.timed_batch(run(batch_size=1024)) == 1024
    large = run(model="wrn110-8", dataset="cifar10", batch_size=1024)
    assert estimates.timed_batch(large) == estimates.SMALLEST


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_run_for_a_gpu_is_tried_on_the_cpu_where_there_is_none():
    assert trial.speed(run(device="cuda")).device == "cpu"
