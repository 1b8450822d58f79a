"""The finished windows of a walk, in memory or in one file each."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sgdwalk.storage.atomic import replacing


class Windows:
    """Appends windows, each a mapping from names to arrays, and stacks one name over all of them.

    folder: where windows are kept as files window-00000.npz ..., so that memory does not grow with their number;
    None keeps them in memory.
    """

    def __init__(self, folder: Path | None = None):
        self.folder, self.count = folder, 0
        self.kept: list[Mapping[str, np.ndarray]] = []

    def __len__(self) -> int:
        return self.count

    def append(self, window: Mapping[str, np.ndarray]) -> None:
        """Keep one more window."""
        if self.folder is None:
            self.kept.append(window)
        else:
            with replacing(self._path(self.count)) as path:
                np.savez(path, **window)
        self.count += 1

    def found(self, count: int) -> None:
        """Go on behind `count` windows that lie in the folder; ValueError names one that cannot be read."""
        for k in range(count):
            self._load(k, "loss")
        self.count = count

    def stacked(self, name: str, count: int) -> np.ndarray:
        """Array [window, ...] of that name, NaN for windows from the last one to `count`."""
        first = self._load(0, name)
        result = np.full((count, *first.shape), np.nan, first.dtype)
        for k in range(min(count, self.count)):
            result[k] = self._load(k, name)
        return result

    def joined(self, name: str) -> np.ndarray:
        """Array [step, ...] of that name over all windows."""
        return np.concatenate([self._load(k, name) for k in range(self.count)])

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
