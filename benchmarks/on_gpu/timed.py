"""A training that ends when its time is over."""

import math
import time
from typing import Any

from sgdwalk.training.trainer import Run


class Timed(Run):
    """A run that ends with the window that `until`, of time.monotonic(), falls into, and can go on from there later.

    What it writes says how many steps it has taken: at a constant learning rate the files are those of a run of that
    length. whole: whether all steps were taken, or it diverged.
    """

    until = math.inf

    def _over(self) -> bool:
        step = self.recorder.step
        late = step and step % self.settings["window"] == 0 and time.monotonic() > self.until
        return bool(late) or super()._over()

    def _resume(self) -> None:
        super()._resume()
        self.first, self.began = self.recorder.step, time.monotonic()

    def train(self) -> None:
        """Take the steps that there is time for."""
        super().train()
        self.planned, self.spent = self.steps, time.monotonic() - self.began
        self.whole = self.recorder.step == self.steps or self.recorder.diverged_step >= 0
        if not self.whole:
            self.steps = self.recorder.step
            self.settings = {**self.settings, "steps": self.steps}

    def told(self) -> dict[str, Any]:
        """What is said of it in the results. Milliseconds of a step: of this attempt, recording and states included."""
        taken, epochs = self.recorder.step - self.first, self.recorder.epochs
        return {
            "steps": self.recorder.step,
            "planned": self.planned,
            "parameters": self.recorder.size,
            "milliseconds_a_step": round(1e3 * self.spent / taken, 3) if taken else None,
            "diverged_step": self.recorder.diverged_step,
            **{name: float(epochs[name][-1]) for name in ("train_loss", "test_error") if epochs[name]},
            "graph": self.graph is not None,
        }
