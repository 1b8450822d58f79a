"""Planes through weight space, spanned by filter-normalised random directions."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from sgdwalk.landscapes.trained_networks import named_weights
from sgdwalk.seeds import generator
from sgdwalk.training.batch_norm_mode import set_modes


class Plane:
    """The plane w + x a + y b around the weights `centre` (a state dict) of a model.

    a, b: random normal directions (seed), each filter (first index of a weight tensor) scaled to the norm of the
    centre's filter; one-dimensional parameters do not move (Li et al. 2018, arXiv 1712.09913, Section 4).
    """

    def __init__(self, model: nn.Module, centre: dict[str, torch.Tensor], seed: int):
        self.model = model
        model.load_state_dict(centre)
        self.parameters = [p for _, p in named_weights(model)]
        self.names = [name for name, _ in named_weights(model)]
        self.centre = [p.detach().clone() for p in self.parameters]
        self.directions = [self._direction(generator(seed, "plane", axis)) for axis in (0, 1)]

    def _direction(self, random: torch.Generator) -> list[torch.Tensor]:
        return [filter_normalised(torch.randn(w.shape, generator=random).to(w), w) for w in self.centre]

    @torch.no_grad()
    def move(self, x: float, y: float) -> None:
        """Set the model's weights to the point (x, y)."""
        for p, w, a, b in zip(self.parameters, self.centre, *self.directions, strict=True):
            p.copy_(w + x * a + y * b)

    def surface(self, loss: Callable[[nn.Module], float], axis: np.ndarray) -> np.ndarray:
        """Loss [x, y] on the square grid axis x axis; the model is back at the centre afterwards."""
        values = np.empty((len(axis), len(axis)))
        for i, x in enumerate(axis):
            for j, y in enumerate(axis):
                self.move(x, y)
                values[i, j] = loss(self.model)
        self.move(0.0, 0.0)
        return values

    def project(self, states: list[dict[str, torch.Tensor]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(x, y, share of the squared distance from the centre in the plane), each [state]; NaN if not finite."""
        basis = np.stack([_flat(direction) for direction in self.directions], axis=1)
        away = np.stack([_flat([s[n] for n in self.names]) for s in states], axis=1) - _flat(self.centre)[:, None]
        coordinates = np.full((2, len(states)), np.nan)
        if np.isfinite(basis).all():
            known = np.isfinite(away).all(axis=0)
            coordinates[:, known] = np.linalg.lstsq(basis, away[:, known])[0]
        total = (away**2).sum(0)
        share = ((basis @ coordinates) ** 2).sum(0) / np.where(total > 0, total, np.nan)
        return *coordinates, share


def filter_normalised(direction: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Direction with each filter scaled to the norm of the weight's filter; zero for one-dimensional weights."""
    if weight.ndim < 2:
        return torch.zeros_like(weight)
    across = tuple(range(1, weight.ndim))
    norm = torch.linalg.vector_norm(weight, dim=across, keepdim=True)
    return direction * norm / torch.linalg.vector_norm(direction, dim=across, keepdim=True)


def batch_loss(objective, batches: list, batch_norm: str) -> Callable[[nn.Module], float]:
    """Mean loss over equal batches, as a function of the model."""

    @torch.no_grad()
    def loss(model: nn.Module) -> float:
        set_modes(model, batch_norm)
        return float(np.mean([float(objective(model(inputs), labels)) for inputs, labels in batches]))

    return loss


def _flat(tensors) -> np.ndarray:
    return np.concatenate([t.double().reshape(-1).cpu().numpy() for t in tensors])
