"""The finished windows of a walk, in memory or in one file each."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sgdwalk.storage.atomic import replacing
from sgdwalk.storage.digests import check_digest, digest


class Windows:
    """Appends windows, each a mapping from names to arrays, and stacks one name over all of them.

    folder: where windows are kept as files window-00000.npz ..., so that memory does not grow with their number;
    None keeps them in memory. digests: SHA-256 of each file, empty for windows in memory.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder
        self.digests: list[str] = []
        self.kept: list[Mapping[str, np.ndarray]] = []

    def __len__(self) -> int:
        return len(self.digests)

    def append(self, window: Mapping[str, np.ndarray]) -> None:
        """Keep one more window."""
        if self.folder is None:
            self.kept.append(window)
            self.digests.append("")
            return
        with replacing(self._path(len(self))) as path:
            np.savez(path, **window)
            self.digests.append(digest(path))

    def restore(self, digests: Sequence[str]) -> None:
        """Continue after the windows of these digests in the folder; ValueError names one that is not whole."""
        if self.folder is None:
            raise ValueError("restore(): needs the recorder's folder, in which the finished windows are")
        for k, expected in enumerate(digests):
            check_digest(self._path(k), expected)
        self.digests = list(digests)

    def stacked(self, name: str, count: int) -> np.ndarray:
        """Array [window, ...] of that name, of `count` windows; NaN for those that were not recorded."""
        first = self._load(0, name)
        result = np.full((count, *first.shape), np.nan, first.dtype)
        for k in range(min(count, len(self))):
            result[k] = self._load(k, name)
        return result

    def joined(self, name: str) -> np.ndarray:
        """Array [step, ...] of that name over all windows."""
        return np.concatenate([self._load(k, name) for k in range(len(self))])

    def _path(self, window: int) -> Path:
        return self.folder / f"window-{window:05d}.npz"

    def _load(self, window: int, name: str) -> np.ndarray:
        if self.folder is None:
            return self.kept[window][name]
        path = self._path(window)
        try:
            with np.load(path, allow_pickle=False) as archive:
                return archive[name]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: not a window of this run ({error})") from None
