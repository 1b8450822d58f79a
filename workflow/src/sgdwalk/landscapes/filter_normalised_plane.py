"""Planes spanned by filter-normalised random directions (Li et al. 2018, arXiv 1712.09913, Section 4)."""

from collections.abc import Mapping

import torch
from torch import nn

from sgdwalk.landscapes.plane import Direction, Plane
from sgdwalk.landscapes.trained_networks import named_weights
from sgdwalk.seeds import generator


def random_plane(model: nn.Module, centre: Mapping[str, torch.Tensor], seed: int, number: int = 0) -> Plane:
    """A plane of two random normal directions through the weights `centre` (a state dict).

    Each filter (first index of a weight tensor) of a direction is scaled to the norm of the centre's filter;
    one-dimensional parameters do not move. seed, number: of the plane; other numbers are independent planes.
    """
    weights = [centre[name] for name, _ in named_weights(model)]
    return Plane(model, centre, tuple(direction(weights, seed, 2 * number + axis) for axis in (0, 1)))


def direction(weights: list[torch.Tensor], seed: int, number: int) -> Direction:
    """The random direction of this seed and number, filter-normalised to `weights`."""
    random = generator(seed, "plane", number)
    return [filter_normalised(torch.randn(w.shape, generator=random).to(w), w) for w in weights]


def filter_normalised(direction: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Direction with each filter scaled to the norm of the weight's filter; zero for one-dimensional weights."""
    if weight.ndim < 2:
        return torch.zeros_like(weight)
    across = tuple(range(1, weight.ndim))
    norm = torch.linalg.vector_norm(weight, dim=across, keepdim=True)
    return direction * norm / torch.linalg.vector_norm(direction, dim=across, keepdim=True)
