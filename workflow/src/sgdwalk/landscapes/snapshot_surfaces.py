"""The snapshots of a run, and losses on planes through them (snapshot_planes)."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from sgdwalk.landscapes.mean_loss import MeanLoss
from sgdwalk.landscapes.plane import Direction, Plane
from sgdwalk.landscapes.trained_networks import named_weights
from sgdwalk.storage.kept_rows import KeptRows

State = Mapping[str, torch.Tensor]


class Snapshots:
    """The snapshots of a run (state dicts, in their order), and losses on planes through them.

    gram [snapshot, snapshot]: scalar products of the trained weights minus those of the last snapshot; NaN for
    snapshots that are not finite. measured: losses by name. kept: rows of surfaces of an earlier attempt.
    """

    def __init__(self, model: nn.Module, states: Sequence[State], measured: Mapping[str, MeanLoss], kept: KeptRows):
        self.model, self.states, self.measured, self.kept = model, states, measured, kept
        self.names = [name for name, _ in named_weights(model)]
        self.gram = gram_matrix(states, self.names)

    def losses(self) -> dict[str, np.ndarray]:
        """Each loss [snapshot] of the snapshots themselves, with their own buffers."""
        found = {name: np.empty(len(self.states)) for name in self.measured}
        for k, state in enumerate(self.states):
            self.model.load_state_dict(state)
            for name, loss in self.measured.items():
                found[name][k] = loss(self.model)
        return found

    def surfaces(
        self, coefficients: np.ndarray, origin: int, x: np.ndarray, y: np.ndarray, name: str
    ) -> dict[str, np.ndarray]:
        """Each loss [x, y] on the plane of two directions around a snapshot; NaN for directions that are.

        coefficients [2, snapshot]: of the directions. name: of the plane among the rows that are kept.
        """
        if not np.isfinite(coefficients).all():
            return {loss: np.full((len(x), len(y)), np.nan) for loss in self.measured}
        directions = tuple(combined(self.states, self.names, row) for row in coefficients)
        plane = Plane(self.model, self.states[origin], directions)
        return {loss: plane.surface(self.measured[loss], x, y, self.kept, f"{name}-{loss}") for loss in self.measured}


def gram_matrix(states: Sequence[State], names: Sequence[str]) -> np.ndarray:
    """Scalar products [snapshot, snapshot] of the weights `names` minus those of the last state, summed in float64."""
    total = np.zeros((len(states), len(states)))
    for name in names:
        away = _away(states, name)
        total += (away @ away.T).numpy()
    return total


def combined(states: Sequence[State], names: Sequence[str], coefficients: np.ndarray) -> Direction:
    """The direction with these coefficients [snapshot], a float64 tensor for each of the weights `names`."""
    factors = torch.from_numpy(coefficients)
    return [(factors @ _away(states, name)).reshape(states[0][name].shape) for name in names]


def cosines(states: Sequence[State], names: Sequence[str]) -> np.ndarray:
    """Cosines [snapshot, snapshot] of the angles between the weights `names` about 0, summed in float64."""
    total = sum((part := _flat(states, name)) @ part.T for name in names).numpy()
    length = np.sqrt(total.diagonal())
    return total / np.outer(length, length)


def _away(states: Sequence[State], name: str) -> torch.Tensor:
    """A tensor of each state minus that of the last one, [snapshot, entry], float64."""
    flat = _flat(states, name)
    return flat - flat[-1]


def _flat(states: Sequence[State], name: str) -> torch.Tensor:
    """A tensor of each state, [snapshot, entry], float64."""
    return torch.stack([state[name].double().reshape(-1) for state in states])
