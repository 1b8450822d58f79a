"""Covariance of a network's minibatch gradients along given directions, and its trace, at fixed weights."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from sgdwalk.data.images import Images
from sgdwalk.samplers import INDEPENDENT
from sgdwalk.training.batches import Batches


class Noise(NamedTuple):
    """squares [batch - 1]: squared deviations of minibatch gradients, whose mean is the trace of their covariance;
    along [batch - 1, mode]: the same along each vector; gradient [batch, mode]: the gradients along each vector.
    """

    squares: np.ndarray
    along: np.ndarray
    gradient: np.ndarray


class Deviations:
    """Deviations of independent gradients from their mean, in one pass that keeps none of them.

    The deviation of gradient b from the mean of the b before it, times sqrt(b / (b + 1)), has the covariance of a
    gradient, and different b are uncorrelated (Helmert): it gives as much as deviations from the common mean.
    squares: their squared lengths, whose mean is the trace of the covariance of a gradient.
    """

    def __init__(self):
        self.count, self.mean, self.squares = 0, 0, []

    def add(self, gradient: torch.Tensor) -> torch.Tensor | None:
        """The deviation of the next gradient; None for the first."""
        difference = gradient - self.mean
        self.mean = self.mean + difference / (self.count + 1)
        self.count += 1
        if self.count == 1:
            return None
        difference *= ((self.count - 1) / self.count) ** 0.5
        self.squares.append(torch.linalg.vector_norm(difference, dtype=torch.float64) ** 2)
        return difference


def minibatch_noise(model: nn.Module, batches: Iterable, objective, vectors: torch.Tensor) -> Noise:
    """Of the batches' gradients of the loss, without weight decay; the network stays in the modes that it is in.

    batches: pairs of inputs and labels, drawn independently. vectors [mode, parameter]: orthonormal.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    deviations, along, gradients = Deviations(), [], []
    for inputs, labels in batches:
        gradient = flat_gradient(objective(model(inputs), labels), parameters).to(vectors.dtype)
        gradients.append(vectors @ gradient)
        deviation = deviations.add(gradient)
        if deviation is not None:
            along.append((vectors @ deviation).double() ** 2)
    return Noise(*(torch.stack(part).double().cpu().numpy() for part in (deviations.squares, along, gradients)))


def independent_batches(run: Mapping[str, Any], images: Images, like: torch.Tensor, seed: int) -> Iterator:
    """Minibatches of a run's size without end, drawn with replacement, augmented as in its training, like `like`."""
    key = "noise_curvature", seed  # that no training has: its own batches would not be independent of its walk
    batches = Batches(
        images, run["batch_size"], sampler=INDEPENDENT, augment=run["augment"], seed=key, device=like.device,
        dtype=like.dtype,
    )  # fmt: skip
    return chain.from_iterable(map(batches.epoch, count()))


def flat_gradient(loss: torch.Tensor, parameters: list[nn.Parameter]) -> torch.Tensor:
    """Gradient of a loss as one vector, zero for a parameter that it does not depend on."""
    return torch.cat([part.reshape(-1) for part in torch.autograd.grad(loss, parameters, materialize_grads=True)])


def curvatures(operator, vectors: torch.Tensor) -> np.ndarray:
    """q.Hq [batch, mode] of each batch of a landscapes.curvature operator and each unit vector q [mode, parameter]."""
    rows = []
    for batch in operator.batches:
        gradient = operator.gradient(batch)
        products = [q * operator.product(gradient, q.to(operator.dtype), again=True) for q in vectors]
        rows.append(torch.stack([product.sum(dtype=torch.float64) for product in products]))
    return torch.stack(rows).cpu().numpy()
