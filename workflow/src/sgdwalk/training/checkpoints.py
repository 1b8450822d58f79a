"""Checkpoints of a training: the network and its optimiser at some steps."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sgdwalk.storage.digests import check_digest
from sgdwalk.training import archives


class Checkpoints:
    """Files step-000000000.pt ... in a folder, and their digests by step."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.digests: dict[int, str] = {}

    def path(self, step: int) -> Path:
        """File of the checkpoint at a step."""
        return self.folder / f"step-{step:09d}.pt"

    def save(self, step: int, content: Mapping[str, Any]) -> None:
        """Write the checkpoint of a step."""
        self.digests[step] = archives.write(content, self.path(step))

    def restore(self, digests: Mapping[int, str], steps: Iterable[int]) -> None:
        """Continue after the checkpoints of these steps; ValueError as for `check`."""
        self.digests = dict(digests)
        self.check(steps)

    def check(self, steps: Iterable[int]) -> None:
        """Raise ValueError that names the first of these checkpoints that is missing or damaged."""
        for step in steps:
            if step not in self.digests:
                raise ValueError(f"{self.path(step)}: this checkpoint has not been written")
            check_digest(self.path(step), self.digests[step])
