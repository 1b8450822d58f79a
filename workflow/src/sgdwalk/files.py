"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path


class replacing:  # noqa: N801 - used as a verb: with replacing(path) as temporary
    """Context: a temporary path beside `path` that takes its place, flushed, when the block succeeds."""

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def __enter__(self) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.", suffix=self.path.suffix)
        os.close(handle)
        self.temporary = Path(name)
        return self.temporary

    def __exit__(self, kind, error, traceback) -> None:
        if kind is not None:
            self.temporary.unlink(missing_ok=True)
            return
        umask = os.umask(0)
        os.umask(umask)
        self.temporary.chmod(0o666 & ~umask)
        with open(self.temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(self.temporary, self.path)
