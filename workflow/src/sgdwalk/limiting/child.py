"""The hyperparameters of a child, and the theory of SGD under them."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from sgdwalk.samplers import INDEPENDENT
from sgdwalk.storage.provenance import settings_of_run
from sgdwalk.theory.chain import DiscreteChain
from sgdwalk.theory.epochs import ShuffledEpochs


@dataclass(frozen=True)
class Child:
    """Constant hyperparameters of SGD with momentum: eta, beta, lambda, S, and how batches are drawn."""

    learning_rate: float
    momentum: float
    weight_decay: float
    batch_size: int
    sampler: str

    @classmethod
    def of(cls, data) -> Self:
        """Those of the run that a data set is of, from its attribute run_settings."""
        run = settings_of_run(data)
        return cls(run["lr"], run["momentum"], run["weight_decay"], run["batch_size"], run["sampler"])

    @property
    def independent(self) -> bool:
        """Whether every batch is drawn independently of the others, with replacement."""
        return self.sampler == INDEPENDENT

    @property
    def critical(self) -> float:
        """Stiffness eta (rho + lambda) above which a mode oscillates, (1 - sqrt beta)^2."""
        return (1 - np.sqrt(self.momentum)) ** 2

    def stiffness(self, curvature):
        """The stiffness eta (rho + lambda), dimensionless, of curvatures rho."""
        return self.learning_rate * (np.asarray(curvature, float) + self.weight_decay)

    def stable(self, curvature) -> np.ndarray:
        """Whether modes of these curvatures have a stationary velocity: 0 <= stiffness < 2 (1 + beta)."""
        stiffness = self.stiffness(curvature)
        return (stiffness >= 0) & (stiffness < 2 * (1 + self.momentum))

    def batches(self, examples: int) -> np.ndarray:
        """Examples in each batch of a shuffled epoch; the short last one is used too."""
        full, rest = divmod(examples, self.batch_size)
        return np.array([self.batch_size] * full + [rest] * (rest > 0))

    def noisy(self, examples: int) -> bool:
        """Whether batches differ from each other; a shuffled epoch of one batch has no noise."""
        return self.independent or len(self.batches(examples)) > 1

    def theory(self, curvature, variance, examples: int) -> DiscreteChain:
        """The exact chain under the child's own sampler, for modes of these curvatures.

        variance: of the gradient of one example in each mode. examples: number of training examples.
        """
        settings = {
            "learning_rate": self.learning_rate,
            "momentum": self.momentum,
            "weight_decay": self.weight_decay,
            "batch_size": self.batch_size,
            "gradient_variance": variance,
        }
        if self.independent:
            return DiscreteChain(curvature, **settings)
        return ShuffledEpochs(curvature, examples=examples, **settings)


def settled(burn_in: int, steps: int) -> int:
    """First step that counts as stationary: after the burn-in, at most a fifth of the run."""
    return min(burn_in, steps // 5)
