"""Atomic writing: files are replaced completely or not at all."""

import os
import shutil
import tempfile
from pathlib import Path


class replacing:  # noqa: N801 - used as a verb: with replacing(path) as temporary
    """Context: a temporary path beside `path` that takes its place, flushed, when the block succeeds.

    Raises OSError that names the file and the room on its disk where it could not be written: what stood there
    before stays.
    """

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
            if issubclass(kind, OSError | RuntimeError):
                room = shutil.disk_usage(self.path.parent).free / 1e9
                raise OSError(f"{self.path}: could not be written, {room:.1f} GB are free there ({error})") from error
            return
        umask = os.umask(0)
        os.umask(umask)
        self.temporary.chmod(0o666 & ~umask)
        with open(self.temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(self.temporary, self.path)
