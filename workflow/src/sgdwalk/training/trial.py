"""A few steps of a run, to see whether its training can begin, and how fast it is on this machine."""

import contextlib
import functools
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sgdwalk.data.choice import chosen
from sgdwalk.data.images import Images, from_pixels
from sgdwalk.recorder.squared_distances import squared_distances
from sgdwalk.study import factories, resources
from sgdwalk.study.estimates import SMALLEST, Speed, affordable, timed_batch
from sgdwalk.study.registry import DATASETS
from sgdwalk.training import problem
from sgdwalk.training.cuda_graphs import gradients
from sgdwalk.training.trainer import Run

STEPS, SECONDS = 12, 0.5  # of a trial, at most; the first step is not counted
CLASSES = {"cifar100": 100, "imagenet": 1000}
OWN = ("npz", "image-folder")  # data sets whose size and shape only their files tell
ROWS, COLUMNS = 256, 2**14  # of the weights whose distances are timed


class Trial(Run):
    """A training whose steps are timed; it writes nothing but into `work`."""

    def step_seconds(self) -> float:
        """Median time of a step after the first one."""
        self.model.train()
        times = []
        for inputs, labels in self.batches.epoch(0):
            began = time.perf_counter()
            self._step(inputs, labels)
            finish(self.device)
            times.append(time.perf_counter() - began)
            if len(times) == STEPS or (len(times) > 1 and sum(times) > SECONDS):
                break
        return statistics.median(times[1:] or times)

    def image_seconds(self) -> float:
        """Time of the gradient of an image, of as many at once as LARGEST allows."""
        batches = zip(*self.batches.epoch(0), strict=True)
        inputs, labels = (torch.cat(parts)[: affordable(self.settings)] for parts in batches)
        began = time.perf_counter()
        gradients(self.model, self.objective, inputs, labels)
        finish(self.device)
        return (time.perf_counter() - began) / len(labels)


def speed(run: Mapping[str, Any]) -> Speed:
    """Build the run's network, take a few steps on its images, or on random ones of their shape, and time them.

    The images of a data set of one's own are loaded. Raises what a job would raise for a network or images that cannot
    be trained.
    """
    count, images = sample(run)
    size = timed_batch(run)
    settings = {**run, "batch_size": size, "steps": STEPS + 2, "window": STEPS + 2, "parent": None}
    settings |= {"epochs": 1, "snapshots": 2, "keep_velocity": False}
    settings["record"] = {**run["record"], "anchors": [], "walk": False}
    settings["device"] = "cpu" if run["device"] == "cuda" and not torch.cuda.is_available() else run["device"]
    spec = run["model_spec"]
    build = functools.partial(factories.factory(spec), **spec["arguments"])
    with tempfile.TemporaryDirectory() as work, quiet():
        trial = Trial(settings, build, images, Path(work), "")
        step, image = trial.step_seconds(), trial.image_seconds()
    parameters, device = trial.recorder.size, trial.device
    return Speed(step, size, pair_seconds(parameters, trial.dtype, device), image, device.type, parameters, count)


def sample(run: Mapping[str, Any]) -> tuple[int | None, Images]:
    """(number of training images, a few of them); None and random images for the data sets that are built in."""
    wanted = STEPS * timed_batch(run)
    if run["dataset"] in DATASETS and run["dataset"] not in OWN:
        return None, random_images(run, wanted)
    images = problem.load_images(run)
    count = len(images.train)
    return count, chosen(images, subset=min(wanted, count), normalise=run["normalise"])


def random_images(run: Mapping[str, Any], count: int) -> Images:
    """Random pixels and labels of the shape and the number of classes of the run's data set."""
    random = np.random.default_rng(0)
    (channels, side), classes = resources.shape(run), CLASSES.get(run["dataset"], 10)
    pixels = random.integers(0, 256, (count, side, side, channels), np.uint8)
    labels = random.integers(classes, size=count)
    labels[0] = classes - 1
    return from_pixels(pixels, labels, pixels[:SMALLEST], labels[:SMALLEST])


def pair_seconds(parameters: int, dtype: torch.dtype, device: torch.device) -> float:
    """Time of the squared distances of ROWS weights, over ROWS^2; from COLUMNS of their parameters."""
    columns = min(parameters, COLUMNS)
    weights = torch.randn(ROWS, columns, dtype=dtype, device=device)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        squared_distances(weights)
        finish(device)
        times.append(time.perf_counter() - began)
    return min(times) / ROWS**2 * parameters / columns


def finish(device: torch.device) -> None:
    """Wait until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextlib.contextmanager
def quiet():
    """What a training tells its log is not shown."""
    with open(os.devnull, "w", encoding="utf-8") as nothing, contextlib.redirect_stderr(nothing):
        yield
