"""Learning-rate schedules: a function of the step alone, so that a resumed run needs no state of it."""

import math
from collections.abc import Mapping
from typing import Any


def learning_rate(settings: Mapping[str, Any], step: int, steps: int, epoch_steps: int) -> float:
    """Learning rate of step `step` (from 0) of a run of `steps` steps, with `epoch_steps` steps per epoch.

    constant: lr. step: lr schedule_factor^k, with k = floor(step / (schedule_epochs epoch_steps)), or where
    schedule_epochs is a list, the number of its epochs that are over before the step. cosine:
    lr (1 + cos(pi step / steps)) / 2, from lr at the first step to 0 after the last (Loshchilov & Hutter 2017, Eq. 5,
    without restarts).

    >>> learning_rate({"lr": 0.2, "schedule": "cosine"}, step=50, steps=100, epoch_steps=10)
    0.1
    """
    lr, kind = settings["lr"], settings["schedule"]
    if kind == "step":
        epochs = settings["schedule_epochs"]
        if isinstance(epochs, list):
            return lr * settings["schedule_factor"] ** sum(step >= epoch * epoch_steps for epoch in epochs)
        return lr * settings["schedule_factor"] ** (step // (epochs * epoch_steps))
    if kind == "cosine":
        return lr * (1 + math.cos(math.pi * step / steps)) / 2
    return lr
