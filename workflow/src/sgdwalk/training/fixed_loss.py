"""The loss of fixed images as a function of the weights, while a network is trained and without touching it."""

import copy
from collections.abc import Callable

import torch
from torch import nn

from sgdwalk.recorder.faults import trainable
from sgdwalk.recorder.parameter_vector import put
from sgdwalk.training import random_states
from sgdwalk.training.batch_norm_mode import set_modes


class FixedLoss:
    """Call it with weights [parameter], in the order of the recorder: the mean loss over these images, in one batch.

    A copy of the model is evaluated, with its buffers as they are then: batch norm takes the statistics of the images,
    as in training, and dropout is off. The model and the global random generators stay as they are.

    objective(outputs, labels): the loss. inputs, labels: the images, on the model's device.
    """

    def __init__(self, model: nn.Module, objective: Callable, inputs: torch.Tensor, labels: torch.Tensor):
        self.model, self.objective, self.inputs, self.labels = model, objective, inputs, labels
        self.copy = copy.deepcopy(model)
        set_modes(self.copy, "batch")
        self.parameters = list(trainable(self.copy).values())

    @torch.no_grad()
    def __call__(self, weights: torch.Tensor) -> float:
        """The loss at these weights."""
        for own, current in zip(self.copy.buffers(), self.model.buffers(), strict=True):
            own.copy_(current)
        put(self.parameters, weights)
        before = random_states.states(self.inputs.device)
        loss = self.objective(self.copy(self.inputs), self.labels)
        random_states.restore(before, self.inputs.device)
        return float(loss)
