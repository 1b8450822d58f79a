"""A plane through weight space, and the loss on it."""

import functools
import sys
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from sgdwalk.landscapes.trained_networks import named_weights
from sgdwalk.storage.kept_rows import KeptRows

MESSAGES = 10  # of a surface: how far it has come

Direction = list[torch.Tensor]  # a tensor for each trained parameter, in their order


class Plane:
    """The plane w + x a + y b through the weights w = `centre` (a state dict) of a model.

    directions: a and b. Buffers, such as running statistics of batch norm, are those of the centre in the whole plane.
    """

    def __init__(self, model: nn.Module, centre: Mapping[str, torch.Tensor], directions: tuple[Direction, Direction]):
        self.model = model
        model.load_state_dict(centre)
        self.parameters = [p for _, p in named_weights(model)]
        self.names = [name for name, _ in named_weights(model)]
        self.centre = [p.detach().clone() for p in self.parameters]
        self.directions = [[d.to(w) for d, w in zip(direction, self.centre, strict=True)] for direction in directions]

    @torch.no_grad()
    def move(self, x: float, y: float) -> None:
        """Set the model's weights to the point (x, y)."""
        for p, w, a, b in zip(self.parameters, self.centre, *self.directions, strict=True):
            p.copy_(w + x * a + y * b)

    def surface(
        self, loss: Callable[[nn.Module], float], x: np.ndarray, y: np.ndarray, kept: KeptRows, name: str
    ) -> np.ndarray:
        """Loss [x, y] on the grid x times y; the model is back at the centre afterwards.

        kept: has the rows (of one x each) that were finished before; name: of this surface among them.
        """
        rows = []
        for k, at in enumerate(x):
            rows.append(kept.row(f"{name}-{k:05d}", functools.partial(self._row, loss, at, y)))
            if (k + 1) * MESSAGES // len(x) > k * MESSAGES // len(x):
                print(f"{name}: {k + 1} of {len(x)} rows", file=sys.stderr, flush=True)
        self.move(0.0, 0.0)
        return np.array(rows)

    def _row(self, loss: Callable[[nn.Module], float], x: float, y: np.ndarray) -> list[float]:
        return [self._value(loss, x, at) for at in y]

    def _value(self, loss: Callable[[nn.Module], float], x: float, y: float) -> float:
        self.move(x, y)
        return loss(self.model)

    def project(self, states: list[Mapping[str, torch.Tensor]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def _flat(tensors) -> np.ndarray:
    return np.concatenate([t.double().reshape(-1).cpu().numpy() for t in tensors])
