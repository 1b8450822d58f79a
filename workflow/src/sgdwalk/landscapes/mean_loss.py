"""The mean loss of images as a function of a network, for surfaces: no gradients, and less memory where it ends."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from sgdwalk.landscapes import trained_networks
from sgdwalk.training.batch_norm_mode import set_modes
from sgdwalk.training.losses import objective
from sgdwalk.training.problem import load_images

FULL = "can't allocate memory"  # of a CPU, in the message of a RuntimeError


class MeanLoss:
    """Mean loss over equal batches, pairs of inputs and labels; call it with a network.

    objective(outputs, labels): mean loss of a batch. batch_norm: 'batch' or 'stored'. Where a batch does not fit into
    memory, batches are evaluated in parts of half the size from then on, again and again down to single images: the
    mean is the same. This cannot be done where batch norm takes the statistics of each batch: then it is an error.
    """

    def __init__(self, objective: Callable, batches: list[tuple[torch.Tensor, torch.Tensor]], batch_norm: str):
        self.objective, self.batches, self.batch_norm = objective, batches, batch_norm
        self.most = len(batches[0][1])  # images that are evaluated at a time

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> float:
        """The loss. ValueError where memory ends and the batches cannot be divided."""
        set_modes(model, self.batch_norm)
        return float(np.mean([self._batch(model, *batch) for batch in self.batches]))

    def _batch(self, model: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> float:
        while (value := self._in_parts(model, inputs, labels)) is None:
            if self.most == 1:
                raise ValueError("out of memory: one image does not fit; take another device")
            if normalises_batches(model):
                raise ValueError(
                    f"out of memory: batch_size = {len(labels)} must be smaller, or batch_norm stored: "
                    "each batch is normalised as a whole"
                )
            self.most = -(-self.most // 2)
        return value

    def _in_parts(self, model: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> float | None:
        """Mean loss of a batch in parts of at most `most` images; None where memory ends."""
        parts = list(zip(inputs.split(self.most), labels.split(self.most), strict=True))
        try:
            losses = [float(self.objective(model(x), y)) for x, y in parts]
        except (RuntimeError, MemoryError) as error:  # which torch.OutOfMemoryError is
            if not memory_ended(error):
                raise
            return None
        return float(np.average(losses, weights=[len(y) for _, y in parts]))


def memory_ended(error: Exception) -> bool:
    """Whether an error says that memory ended, of a GPU or of the machine."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or FULL in str(error)


def normalises_batches(model: nn.Module) -> bool:
    """Whether the network, in its present modes, normalises each batch with the batch's own statistics."""
    norms = (module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm))
    return any(module.training or module.running_mean is None for module in norms)


def network_and_losses(
    run: Mapping[str, Any], section: str, images: int, test_images: int, batch_size: int, batch_norm: str, seed: int
) -> tuple[nn.Module, dict[str, MeanLoss]]:
    """(a run's network, untrained; `loss` of random training images and, unless test_images is 0, `test_loss`).

    The arguments are those of trained_networks.network_and_batches; test_images: number of random test images, at most
    all, in equal batches of `batch_size`.
    """
    data, error = load_images(run), objective(run)
    model, batches = trained_networks.network_and_batches(run, section, images, batch_size, batch_norm, seed, data)
    losses = {"loss": MeanLoss(error, batches, batch_norm)}
    if test_images:
        batches = trained_networks.image_batches(
            model, run, section, test_images, batch_size, batch_norm, seed, data, split="test"
        )
        losses["test_loss"] = MeanLoss(error, batches, batch_norm)
    return model, losses
