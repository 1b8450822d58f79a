"""The steps of a finished training again: its network, minibatches and learning rates from any step on."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from sgdwalk.training.batches import batches_of
from sgdwalk.training.devices import allow_tf32, device
from sgdwalk.training.losses import objective
from sgdwalk.training.problem import build, load_images
from sgdwalk.training.schedules import learning_rate


class RepeatedSteps:
    """model: a run's network, untrained and in training mode, on its device and never in TF32. run: its settings."""

    def __init__(self, run: Mapping[str, Any]):
        allow_tf32(False)
        images, place = load_images(run), device(run["device"])
        self.run, self.objective = run, objective(run)
        self.model = build(run, images).to(place).train()
        self.batches = batches_of(run, images, place)
        self.steps = run["steps"] or run["epochs"] * self.batches.steps

    def loss(self, model, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Loss of a minibatch (inputs, labels)."""
        return self.objective(model(batch[0]), batch[1])

    def following(self, first: int, count: int) -> Iterator[tuple[tuple[torch.Tensor, torch.Tensor], float]]:
        """(minibatch, learning rate) of the next `count` steps from step `first` on, or as many as the run has."""
        epoch, done = divmod(first, self.batches.steps)
        later = itertools.chain.from_iterable(map(self.batches.epoch, itertools.count(epoch + 1)))
        batches = itertools.chain(self.batches.epoch(epoch, done), later)
        for step, batch in zip(range(first, min(first + count, self.steps)), batches, strict=False):
            yield batch, learning_rate(self.run, step, self.steps, self.batches.steps)
