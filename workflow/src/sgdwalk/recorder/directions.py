"""Position, velocity and gradient of the walk along given directions, at every step."""

import numpy as np
import torch

from sgdwalk.recorder.parameter_vector import ParameterVector

QUANTITIES = ("position", "velocity", "gradient")


class Directions:
    """Scalar products with `vectors` [mode, parameter], summed in float64 on the weights' device.

    position: q.(w_k - w_0). gradient: q.g_k, of the minibatch at w_k. velocity: q.v_k, with v_k the velocity that led
    to w_k, as in w_{k+1} = w_k + lr v_{k+1}. Where the optimiser has momentum, v_k is minus its momentum buffer before
    step k. Where it has none, v_k is the last step over its learning rate, (w_k - w_{k-1}) / lr, and zero before the
    first step: its error is the rounding of the weights, divided by lr. NaN where no optimiser is given. start: q.w_0.

    parameters: those that are recorded. vector: takes their values; each use overwrites it. window: steps in a window.
    Raises ValueError for vectors of another length or with values that are not finite, an optimiser of other
    parameters, learning rates that differ between groups of parameters, and Nesterov's momentum.
    """

    def __init__(
        self,
        vectors: np.ndarray,
        parameters: list[torch.Tensor],
        vector: ParameterVector,
        window: int,
        optimiser: torch.optim.Optimizer | None,
    ):
        like = vector.vector
        given = numbers_of(vectors, len(like))
        if optimiser is not None:
            check_optimiser(optimiser, parameters)
        self.parameters, self.vector, self.optimiser = parameters, vector, optimiser
        self.vectors = given.to(like.device, torch.float64)
        self.moved = self.vectors.new_empty(len(QUANTITIES), len(like))
        self.along = self.vectors.new_empty(window, len(QUANTITIES), len(given))
        self.start, self.last = self.vectors.new_zeros(2, len(given))  # q.w_0, and the position one step before
        self.rate = 1.0  # learning rate one step before

    def add(self, row: int, weights: torch.Tensor, origin: torch.Tensor, gradient: torch.Tensor) -> None:
        """Measure a step as row `row` of the window: weights, initial weights and gradient, each [parameter]."""
        position, velocity, slope = self.moved
        torch.sub(weights.double(), origin.double(), out=position)
        slope.copy_(gradient)
        buffers = self._buffers()
        velocity.copy_(self.vector.filled(buffers)).neg_() if buffers else velocity.zero_()
        found = torch.mm(self.moved, self.vectors.T, out=self.along[row])
        if self.optimiser is None:
            found[1] = torch.nan
            return
        if not buffers:
            torch.sub(found[0], self.last, out=found[1]).div_(self.rate)
        self.last.copy_(found[0])
        self.rate = self.optimiser.param_groups[0]["lr"]

    def _buffers(self) -> list[torch.Tensor]:
        """Momentum buffers of the parameters, zeros before their first step; empty where there is no momentum."""
        if not (self.optimiser and self.optimiser.param_groups[0].get("momentum")):
            return []
        found = [self.optimiser.state[p].get("momentum_buffer") for p in self.parameters]
        pairs = zip(self.parameters, found, strict=True)
        return [torch.zeros_like(p) if buffer is None else buffer for p, buffer in pairs]

    def begin(self, weights: torch.Tensor) -> None:
        """Measure the initial weights [parameter]."""
        torch.mv(self.vectors, weights.double(), out=self.start)

    def close(self) -> None:
        """Free the buffers; `start` remains."""
        self.vectors = self.moved = self.along = self.vector = None

    def state(self) -> dict:
        """What resuming at the end of a window needs."""
        return {"start": self.start, "last": self.last, "rate": self.rate}

    def restore(self, state: dict) -> None:
        """Continue from a state."""
        self.start.copy_(state["start"])
        self.last.copy_(state["last"])
        self.rate = state["rate"]


def numbers_of(vectors, size: int) -> torch.Tensor:
    """The vectors [mode, parameter] as a tensor; ValueError for what is no array of finite numbers of that width."""
    try:
        given = torch.as_tensor(vectors)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"directions: must be an array [mode, {size}], not {type(vectors).__name__}") from None
    if given.ndim != 2 or given.shape[1] != size:
        raise ValueError(f"directions of shape {tuple(given.shape)}: must be [mode, {size}], one a row")
    if not torch.isfinite(given).all():
        raise ValueError("directions: must be finite")
    return given


def check_optimiser(optimiser, parameters: list[torch.Tensor]) -> None:
    """ValueError for an optimiser that does not move these parameters, or whose velocity is not that of its steps."""
    if not isinstance(optimiser, torch.optim.Optimizer):
        raise ValueError(f"optimiser: must be a torch.optim.Optimizer, not {type(optimiser).__name__}")
    moved = {id(p) for group in optimiser.param_groups for p in group["params"]}
    if moved.isdisjoint(map(id, parameters)):
        raise ValueError("optimiser: must be the one that moves the model's weights, but holds none of them")
    rates = {float(group["lr"]) for group in optimiser.param_groups}
    if len(rates) > 1:
        raise ValueError(f"optimiser: has the learning rates {sorted(rates)}: must have one, for the velocity")
    if any(group.get("nesterov") for group in optimiser.param_groups):
        raise ValueError("optimiser: nesterov = True: must be False, for its steps are not along its velocity")
