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


def minibatch_noise(model: nn.Module, batches: Iterable, objective, vectors: torch.Tensor) -> Noise:
    """Of the batches' gradients of the loss, without weight decay; the network stays in the modes that it is in.

    batches: pairs of inputs and labels, drawn independently. vectors [mode, parameter]: orthonormal. The deviation of
    batch b from the mean of the b before it, times sqrt(b / (b + 1)), has the covariance of a batch, and different b
    are uncorrelated (Helmert): one pass, without keeping gradients, gives as much as deviations from the common mean.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    mean, squares, along, gradients = torch.zeros_like(vectors[0]), [], [], []
    for before, (inputs, labels) in enumerate(batches):
        gradient = flat_gradient(objective(model(inputs), labels), parameters).to(vectors.dtype)
        gradients.append(vectors @ gradient)
        gradient -= mean
        if before:
            deviation = gradient * (before / (before + 1)) ** 0.5
            squares.append(torch.linalg.vector_norm(deviation, dtype=torch.float64) ** 2)
            along.append((vectors @ deviation).double() ** 2)
        mean += gradient / (before + 1)
    return Noise(*(torch.stack(part).double().cpu().numpy() for part in (squares, along, gradients)))


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
    for batch in operator.dataloader:
        gradient = operator.gradient(batch)
        products = [q * operator.product(gradient, q.to(operator.dtype), again=True) for q in vectors]
        rows.append(torch.stack([product.sum(dtype=torch.float64) for product in products]))
    return torch.stack(rows).cpu().numpy()
