"""How fast small differences between two walks grow on the same minibatches: a tangent vector, and twins."""

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
    """Logarithms of the growth in each step: tangent vector [step], twins [twin, step].

    alignment: |cos| between two tangent vectors, of different random directions, before these steps. end: where the
    walk arrives.
    """

    tangent: np.ndarray
    twins: np.ndarray
    alignment: float
    end: State


Steps = Callable[[], Iterable[tuple[Any, float]]]  # pairs of a minibatch and a learning rate, anew at each call


def growth(
    operator: MeanHessian,
    start: State,
    turning: Steps,
    steps: Steps,
    update: Update,
    distances: Sequence[float],
    seed: int,
    passes: int = 1,
) -> Growth:
    """Growth of differences over the walk in `steps`, which follow those of `turning` from `start` on.

    operator: of the network, whose weights are overwritten; its own batches are not used. All differences get their
    first length again after each step (Benettin et al. 1980, doi 10.1007/BF02128236): a tangent vector (dw, dv), with
    dg = H dw and H the Hessian of the minibatch's loss at the weights of the walk; twins, with the difference of the
    two gradients, at each of `distances`. All see the same random numbers (dropout).

    A random direction (seed) among many weights has hardly a part in those that grow. In `turning` a tangent vector
    turns to them: it is carried through these steps `passes` times, each time from the direction in which it ended,
    which is the power method for the leading eigenvector of all of them together. That direction is chosen by their
    minibatches and says nothing of how fast differences grow on others: growth is that of the steps after. Twins begin
    along the tangent vector.
    """
    device, numbers = start.w.device, random_states.states(start.w.device)
    along = [direction(start, seed), direction(start, seed + 1)]
    arrived = start
    for k in range(passes):
        if k:
            random_states.restore(numbers, device)
        _, along, arrived = carried(operator, start, turning(), update, along, [])
    found = carried(operator, arrived, steps(), update, along[:1], distances)
    return Growth(found.series[0], found.series[1:], update.cosine(*along), found.walk)


def direction(start: State, seed: int) -> State:
    """A random direction of the weights, of length 1."""
    random = torch.randn(len(start.w), generator=torch.Generator().manual_seed(seed)).to(start.w)
    return State(random / torch.linalg.vector_norm(random), torch.zeros_like(start.v))


class Carried(NamedTuple):
    """Logarithms of the growth [difference, step], tangent vectors first, and these and the walk at the end."""

    series: np.ndarray
    tangents: list[State]
    walk: State


def carried(
    operator: MeanHessian,
    walk: State,
    steps: Iterable[tuple[Any, float]],
    update: Update,
    tangents: Sequence[State],
    distances: Sequence[float],
) -> Carried:
    """Tangent vectors, and twins along the first of them, through the steps from `walk` on."""
    lengths, count, found = np.array([*np.ones(len(tangents)), *distances]), len(tangents), []
    differences = [*tangents, *(tangents[0].times(distance) for distance in distances)]
    for batch, rate in steps:
        gradient, *changes = gradients(operator, walk.w, differences[:count], differences[count:], batch)
        moved = [update(difference, change, rate) for difference, change in zip(differences, changes, strict=True)]
        grown = np.array([update.length(difference) for difference in moved])
        with np.errstate(divide="ignore"):
            found.append(np.log(grown / lengths))
            differences = [d.times(float(factor)) for d, factor in zip(moved, lengths / grown, strict=True)]
        walk = update(walk, gradient, rate)
    return Carried(np.array(found).reshape(-1, len(lengths)).T, differences[:count], walk)


def gradients(
    operator: MeanHessian, weights: torch.Tensor, tangents: Sequence[State], twins: Sequence[State], batch
) -> list[torch.Tensor]:
    """The gradient of a minibatch at the weights, and its change for each of the differences (see growth)."""
    state = random_states.states(weights.device)
    found = bend(operator, weights, batch, [tangent.w for tangent in tangents])
    for twin in twins:
        random_states.restore(state, weights.device)
        found.append(slope(operator, weights + twin.w, batch) - found[0])
    return found


def bend(operator: MeanHessian, weights: torch.Tensor, batch, vectors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Gradient of a minibatch's loss at these weights, and its Hessian times each vector, all [parameter]."""
    put(operator.parameters, weights)
    parts, last = operator.gradient(batch), len(vectors) - 1
    products = [operator.product(parts, vector, again=k < last) for k, vector in enumerate(vectors)]
    return [torch.cat([part.detach().reshape(-1) for part in parts]), *products]


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
