"""How fast small differences between two walks grow on the same minibatches: of a tangent vector, and of twins."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from sgdwalk.landscapes.curvature import MeanHessian
from sgdwalk.recorder.parameter_vector import put
from sgdwalk.training import random_states


class State(NamedTuple):
    """Weights and momentum buffer [parameter], or a difference of two of them."""

    w: torch.Tensor
    v: torch.Tensor

    def times(self, factor: float) -> "State":
        """Both times a factor."""
        return State(factor * self.w, factor * self.v)


@dataclass(frozen=True)
class Update:
    """A step of SGD as torch takes it: g + lambda w is added to beta v, and the weights follow.

    It is linear in (w, v, g): the same function moves the walk, a tangent vector (with H dw for g), and the difference
    of twins (with the difference of their gradients). scale: weight of v in a length.
    """

    momentum: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    scale: float = 0.0

    def __call__(self, state: State, gradient: torch.Tensor, rate: float) -> State:
        """The state after a step with this learning rate."""
        force = gradient + self.weight_decay * state.w
        v = self.momentum * state.v + force
        return State(state.w - rate * (force + self.momentum * v if self.nesterov else v), v)

    def product(self, a: State, b: State) -> float:
        """dw.dw' + scale^2 dv.dv' of two differences."""
        parts = (float(part.double() @ other.double()) for part, other in zip(a, b, strict=True))
        return sum(factor * part for factor, part in zip((1, self.scale**2), parts, strict=True))

    def length(self, difference: State) -> float:
        """sqrt(|dw|^2 + (scale |dv|)^2)."""
        return float(np.sqrt(self.product(difference, difference)))

    def cosine(self, a: State, b: State) -> float:
        """|cos| of the angle between two differences, by this product."""
        return abs(self.product(a, b)) / (self.length(a) * self.length(b))


def update_of(run: Mapping[str, Any]) -> Update:
    """The update of a run's settings; in a length v counts as the step that it makes at the run's learning rate."""
    return Update(run["momentum"], run["weight_decay"], run["nesterov"], run["lr"] if run["momentum"] else 0.0)


class Growth(NamedTuple):
    """Logarithms of the growth in each step: tangent vector [step], one at fixed weights [step], twins [twin, step].

    alignment, frozen_alignment: |cos| between the directions of each of the first two before and after the steps. end:
    where the walk arrives.
    """

    tangent: np.ndarray
    frozen: np.ndarray
    twins: np.ndarray
    alignment: float
    frozen_alignment: float
    end: State


def growth(
    operator: MeanHessian,
    start: State,
    steps: Callable[[], Iterable[tuple[Any, float]]],
    update: Update,
    distances: Sequence[float],
    seed: int,
    passes: int = 1,
) -> Growth:
    """Growth of differences over the walk from `start` in these steps, pairs of a minibatch and a learning rate.

    operator: of the network, whose weights are overwritten; its own batches are not used. steps: called for each pass.
    All differences get their first length again after each step (Benettin et al. 1980, doi 10.1007/BF02128236): a
    tangent vector (dw, dv), with dg = H dw and H the Hessian of the minibatch's loss at the weights of the walk; a
    frozen one, with H at the weights of the start; twins, with the difference of the two gradients, at each of
    `distances`. All see the same random numbers (dropout).

    A random direction (seed) among many weights has hardly a part in those that grow. `passes` - 1 times the first two
    are carried through the steps and begin again in the directions in which they ended, which is the power method for
    the leading eigenvector of all these steps together. Twins then begin along the tangent vector.
    """
    random = torch.randn(len(start.w), generator=torch.Generator().manual_seed(seed)).to(start.w)
    unit = State(random / torch.linalg.vector_norm(random), torch.zeros_like(start.v))
    along, numbers = [unit, unit], random_states.states(start.w.device)
    for _ in range(passes - 1):
        along = carried(operator, start, steps(), update, along, np.ones(2)).differences
        random_states.restore(numbers, start.w.device)
    lengths = np.array([1.0, 1.0, *distances])
    first = [*along, *(along[0].times(length) for length in distances)]
    found = carried(operator, start, steps(), update, first, lengths)
    aligned = [update.cosine(a, b) for a, b in zip(along, found.differences, strict=False)]
    return Growth(found.series[0], found.series[1], found.series[2:], *aligned, found.walk)


class Carried(NamedTuple):
    """Logarithms of the growth [difference, step] in a pass, and the differences and the walk at its end."""

    series: np.ndarray
    differences: list[State]
    walk: State


def carried(operator: MeanHessian, walk: State, steps, update: Update, differences, lengths: np.ndarray) -> Carried:
    """One pass from `walk` on: tangent vector, frozen one and twins, brought back to their lengths after each step."""
    start, found = walk.w, []
    for batch, rate in steps:
        gradient, *changes = gradients(operator, walk.w, start, differences, batch)
        moved = [update(difference, change, rate) for difference, change in zip(differences, changes, strict=True)]
        grown = np.array([update.length(difference) for difference in moved])
        with np.errstate(divide="ignore"):
            found.append(np.log(grown / lengths))
            differences = [d.times(float(factor)) for d, factor in zip(moved, lengths / grown, strict=True)]
        walk = update(walk, gradient, rate)
    return Carried(np.array(found).reshape(-1, len(lengths)).T, differences, walk)


def gradients(
    operator: MeanHessian, weights: torch.Tensor, start: torch.Tensor, differences: Sequence[State], batch
) -> list[torch.Tensor]:
    """The gradient of a minibatch at the weights, and its change for each of the differences (see growth)."""
    tangent, frozen, *twins = (difference.w for difference in differences)
    state = random_states.states(weights.device)
    found = [*bend(operator, weights, batch, tangent)]
    random_states.restore(state, weights.device)
    found.append(bend(operator, start, batch, frozen)[1])
    for twin in twins:
        random_states.restore(state, weights.device)
        found.append(slope(operator, weights + twin, batch) - found[0])
    return found


def bend(operator: MeanHessian, weights: torch.Tensor, batch, vector: torch.Tensor) -> tuple:
    """(gradient, Hessian times vector) of a minibatch's loss at these weights, each [parameter]."""
    put(operator.parameters, weights)
    parts = operator.gradient(batch)
    return torch.cat([part.detach().reshape(-1) for part in parts]), operator.product(parts, vector)


def slope(operator: MeanHessian, weights: torch.Tensor, batch) -> torch.Tensor:
    """Gradient [parameter] of a minibatch's loss at these weights."""
    put(operator.parameters, weights)
    parts = torch.autograd.grad(operator.loss(operator.model, batch), operator.parameters, materialize_grads=True)
    return torch.cat([part.reshape(-1) for part in parts])


def state_of(operator: MeanHessian, checkpoint: Mapping[str, Any]) -> State:
    """The state of a checkpoint, whose network and buffers the operator's network takes; zeros for no momentum yet."""
    operator.model.load_state_dict(checkpoint["model"])
    kept, buffers = checkpoint["optimiser"]["state"], []
    for index, p in enumerate(operator.model.parameters()):
        if p.requires_grad:
            buffer = kept.get(index, {}).get("momentum_buffer")
            buffers.append(torch.zeros_like(p) if buffer is None else buffer.to(p))
    return State(flat(operator.parameters), flat(buffers))


def flat(tensors: Iterable[torch.Tensor]) -> torch.Tensor:
    """The tensors as one vector, detached."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
