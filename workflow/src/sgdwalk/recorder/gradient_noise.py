"""Gradient noise of an epoch: each minibatch gradient minus the mean over the epoch."""

from collections.abc import Iterable

import numpy as np
import torch

from sgdwalk.seeds import generator

SAMPLES = 1000


class EpochNoise:
    """Keeps the gradients of an epoch of at most `steps` steps until their mean is known.

    like: tensor of the gradients' dtype and device. size: parameters. Memory is steps x parameters in that dtype.
    Samples of the mean and of the noise are taken at random steps and parameters that depend on the seed and the
    epoch alone.
    """

    def __init__(self, like: torch.Tensor, size: int, steps: int, seed: int):
        # a tensor per step: a resume state then contains the steps so far and no more, without a copy
        self.gradients = [like.new_empty(size) for _ in range(steps)]
        self.seed, self.rows, self.epoch = seed, 0, 0

    def add(self, gradient: torch.Tensor) -> None:
        """Add the gradient [parameter] of the next step; ValueError after more than `steps` of them."""
        if self.rows == len(self.gradients):
            raise ValueError(f"epoch_steps = {self.rows}: there were more steps since the last end_epoch()")
        self.gradients[self.rows].copy_(gradient)
        self.rows += 1

    def finish(self) -> dict[str, np.ndarray]:
        """noise_norm [step] and mean_gradient_norm of the epoch; samples of its mean gradient and of the noise."""
        rows = self.gradients[: self.rows]
        mean = self._mean()
        noise = mean if self.rows > 1 else mean * torch.nan  # the noise of a single step is unknown, not 0
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
        """The gradients' entries at pairs of step and parameter; the indices are copied to the device all at once."""
        steps, counts = step.unique(return_counts=True)
        order = step.argsort(stable=True)
        places = parameter[order].to(self.gradients[0].device).split(counts.tolist())
        found = torch.cat([self.gradients[k][part] for k, part in zip(steps.tolist(), places, strict=True)])
        return found[order.argsort().to(found.device)]

    def state(self) -> dict:
        """What resuming within an epoch needs. On a CPU no copy is made, which could double the memory."""
        return {"epoch": self.epoch, "gradients": [row.cpu() for row in self.gradients[: self.rows]]}

    def restore(self, state: dict) -> None:
        """Continue from a state."""
        self.epoch, self.rows = state["epoch"], len(state["gradients"])
        for row, gradient in zip(self.gradients, state["gradients"], strict=False):
            row.copy_(gradient)


def norms(vectors: Iterable[torch.Tensor]) -> np.ndarray:
    """Euclidean norm of each vector, summed in float64.

    On a CPU each norm becomes a Python number before the next vector is made: small tensors that stay between large
    ones that are freed would fragment the memory, by as much as a copy of all vectors.
    """
    found = []
    for vector in vectors:
        norm = torch.linalg.vector_norm(vector, dtype=torch.float64)
        found.append(norm if norm.is_cuda else norm.item())
    return torch.stack(found).cpu().numpy() if found and torch.is_tensor(found[0]) else np.array(found)
