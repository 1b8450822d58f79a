"""Rows of a surface in files, so that a job that was stopped computes only the rows that it had not finished."""

import contextlib
import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sgdwalk.storage.atomic import replacing
from sgdwalk.storage.delivery import remove
from sgdwalk.storage.digests import digest


class KeptRows:
    """Rows by name, each a file below `folder`; without a folder every row is computed and none is kept.

    A row is written when it is finished, whole or not at all. A damaged one (each has a checksum) is computed again.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder

    def row(self, name: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """The row of this name: as it was kept, or computed now."""
        if self.folder is None:
            return np.asarray(compute())
        path = self.folder / f"{name}.npz"
        damaged = contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
        with damaged, np.load(path, allow_pickle=False) as file:
            return file["row"]
        found = np.asarray(compute())
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, row=found)
        return found

    def clear(self) -> None:
        """Remove all rows of this file, also those of other settings."""
        if self.folder is not None:
            remove(self.folder.parent)


def rows_beside(output: str, inputs: Mapping[str, str], settings: Mapping[str, Any], code: str) -> KeptRows:
    """Rows of the file `output`, in a folder beside it: OUTPUT.rows/KEY.

    The key is a hash of all that a row depends on: the settings, the code (its hash) and the contents of the inputs,
    files or folders of files. Rows of other settings are never found.
    """
    contents = {name: digests(Path(path)) for name, path in inputs.items()}
    text = json.dumps([settings, code, contents], sort_keys=True)
    return KeptRows(Path(f"{output}.rows") / hashlib.sha256(text.encode()).hexdigest()[:16])


def digests(path: Path) -> dict[str, str]:
    """Digest of a file, or of each file in a folder, by its name."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file.name: digest(file) for file in files if file.is_file()}
