"""How the learning rate goes through a run: a function of the step alone, so that nothing has to be resumed."""

import math
from collections.abc import Mapping
from typing import Any


def learning_rate(settings: Mapping[str, Any], step: int, steps: int, epoch_steps: int) -> float:
    """Learning rate of a step of a run of `steps` steps, `epoch_steps` to an epoch.

    constant: lr. step: lr times schedule_factor after every schedule_epochs epochs. cosine: from lr at the first
    step along half a cosine to 0 behind the last (Loshchilov & Hutter 2017, without restarts).
    """
    lr, kind = settings["lr"], settings["schedule"]
    if kind == "step":
        return lr * settings["schedule_factor"] ** (step // (settings["schedule_epochs"] * epoch_steps))
    if kind == "cosine":
        return lr * (1 + math.cos(math.pi * step / steps)) / 2
    return lr
