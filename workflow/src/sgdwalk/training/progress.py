"""How far a training is: a small file beside its states, which any process can read. No torch."""

import contextlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from sgdwalk.storage.atomic import replacing

NAME = "progress.json"
EVERY = 5  # seconds between two writings, at least


@dataclass(frozen=True)
class Progress:
    """Steps done of all `steps`, the loss last known (None if not finite), speed and the time that is left."""

    step: int
    steps: int
    loss: float | None
    steps_per_second: float
    seconds_left: float


class Heartbeat:
    """Writes the progress of a training of `steps` steps into `folder`, at most once in EVERY seconds.

    check: called before the file is written; it may raise an error to prevent that.
    """

    def __init__(self, folder: Path, steps: int, check: Callable[[], None] = lambda: None):
        self.path, self.steps, self.check = folder / NAME, steps, check
        self.begin(0)

    def begin(self, step: int) -> None:
        """The training begins now, or goes on, with this step: its speed counts from here."""
        self.first, self.began, self.told = step, time.monotonic(), -math.inf

    def progress(self, step: int, loss: float) -> Progress:
        """The progress after so many steps."""
        rate = (step - self.first) / (time.monotonic() - self.began)
        left = (self.steps - step) / rate if rate else math.inf
        return Progress(step, self.steps, loss if math.isfinite(loss) else None, rate, left)

    def due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() - self.told >= EVERY

    def tell(self, step: int, loss: float) -> None:
        """Write the progress if it is time; a disk that is full does not end the training here."""
        if not self.due():
            return
        self.check()
        self.told = time.monotonic()
        with contextlib.suppress(OSError), replacing(self.path) as temporary:
            temporary.write_text(json.dumps(asdict(self.progress(step, loss))), encoding="utf-8")


def newest(folder: Path) -> Progress | None:
    """The progress that was written last by a training with this folder of states; None where there is none."""
    for path in sorted(folder.glob(f"*/{NAME}"), key=_time, reverse=True):
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Progress(**json.loads(path.read_text(encoding="utf-8")))
    return None


def _time(path: Path) -> float:
    """When the file was written; 0 if it has gone by now."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0
