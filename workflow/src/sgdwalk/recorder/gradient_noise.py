"""Gradient noise of an epoch: each minibatch gradient less the mean of them all."""

from collections.abc import Iterable

import numpy as np
import torch

from sgdwalk.seeds import generator

SAMPLES = 1000


class EpochNoise:
    """Keeps the gradients of an epoch of at most `steps` steps until its mean is known.

    The memory is steps x parameters in the gradients' precision. Samples of the mean and of the noise are taken
    at random steps and parameters, both drawn from the seed and the epoch alone.
    """

    def __init__(self, like: torch.Tensor, size: int, steps: int, seed: int):
        # a tensor a step: a state then holds the steps so far and no more, without a copy
        self.gradients = [like.new_empty(size) for _ in range(steps)]
        self.seed, self.rows, self.epoch = seed, 0, 0

    def add(self, gradient: torch.Tensor) -> None:
        """The gradient of the next step."""
        if self.rows == len(self.gradients):
            raise ValueError(f"epoch_steps = {self.rows}: there were more steps since the last end_epoch()")
        self.gradients[self.rows].copy_(gradient)
        self.rows += 1

    def finish(self) -> dict[str, np.ndarray]:
        """noise_norm [step] and mean_gradient_norm of the epoch; samples of its mean gradient and of the noise."""
        rows = self.gradients[: self.rows]
        mean = self._mean()
        noise = mean if self.rows > 1 else mean * torch.nan  # of a single step the noise is unknown, not 0
        random = generator(self.seed, "noise", self.epoch)
        step = torch.randint(max(1, self.rows), (SAMPLES,), generator=random)
        parameter = torch.randint(len(mean), (SAMPLES,), generator=random)
        place = parameter.to(mean.device)
        found = {
            "noise_norm": norms(row - noise for row in rows),
            "mean_gradient_norm": norms([mean]),
            "mean_gradient": mean[place].cpu().numpy(),
            "noise": (self._at(step, parameter) - noise[place]).cpu().numpy(),
        }
        self.rows, self.epoch = 0, self.epoch + 1
        return found

    def _mean(self) -> torch.Tensor:
        """Mean of the gradients, summed in float64; NaN where there was no step."""
        total = self.gradients[0].new_zeros(len(self.gradients[0]), dtype=torch.float64)
        for row in self.gradients[: self.rows]:
            total += row
        return total.div_(self.rows).to(self.gradients[0].dtype)

    def _at(self, step: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
        """The gradients' entries at pairs of step and parameter, which go to the device all at once."""
        steps, counts = step.unique(return_counts=True)
        order = step.argsort(stable=True)
        places = parameter[order].to(self.gradients[0].device).split(counts.tolist())
        found = torch.cat([self.gradients[k][part] for k, part in zip(steps.tolist(), places, strict=True)])
        return found[order.argsort().to(found.device)]

    def state(self) -> dict:
        """What a resume within an epoch needs; on a CPU not a copy, which could double the memory."""
        return {"epoch": self.epoch, "gradients": [row.cpu() for row in self.gradients[: self.rows]]}

    def restore(self, state: dict) -> None:
        """Continue from a state."""
        self.epoch, self.rows = state["epoch"], len(state["gradients"])
        for row, gradient in zip(self.gradients, state["gradients"], strict=False):
            row.copy_(gradient)


def norms(vectors: Iterable[torch.Tensor]) -> np.ndarray:
    """Norms, summed in float64; the difference of two near numbers is itself exact or nearly so.

    On a CPU no tensor of one outlives the making of the next: small ones between large ones that come and go leave
    the allocator with holes that nothing fits, a copy of the rows in all.
    """
    found = []
    for vector in vectors:
        norm = torch.linalg.vector_norm(vector, dtype=torch.float64)
        found.append(norm if norm.is_cuda else norm.item())
    return torch.stack(found).cpu().numpy() if found and torch.is_tensor(found[0]) else np.array(found)
