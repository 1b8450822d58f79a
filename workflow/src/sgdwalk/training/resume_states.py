"""States that a training resumes from: the newest two, each with its digest in a file beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from sgdwalk.storage.atomic import replacing
from sgdwalk.storage.digests import check_digest
from sgdwalk.training import archives

KEPT = 2


class ResumeStates:
    """Files resume-000000001.pt ... in a folder, numbered by the windows that were finished by then."""

    def __init__(self, folder: Path):
        self.folder = folder

    def newest_first(self) -> list[Path]:
        """The states there are."""
        return sorted(self.folder.glob("resume-*.pt"), reverse=True)

    def save(self, windows: int, state: Mapping[str, Any]) -> None:
        """Write a state and then its digest, without which it is not used; remove those older than the newest two."""
        path = self.folder / f"resume-{windows:09d}.pt"
        found = archives.write(state, path)
        with replacing(_digest_file(path)) as beside:
            beside.write_text(f"{found}  {path.name}\n", encoding="utf-8")  # as sha256sum --check reads it
        for old in self.newest_first()[KEPT:]:
            self.remove(old)

    def load(self, path: Path) -> dict[str, Any]:
        """A state; ValueError if it does not have its digest, other errors where torch cannot read it."""
        beside = _digest_file(path)
        if not beside.is_file():
            raise ValueError(f"{beside}: no such file")
        check_digest(path, beside.read_text(encoding="utf-8").partition(" ")[0])
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)

    def remove(self, path: Path) -> None:
        """Remove a state and its digest."""
        for file in (path, _digest_file(path)):
            file.unlink(missing_ok=True)


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
