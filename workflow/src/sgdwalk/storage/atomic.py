"""Atomic writing: files are replaced completely or not at all."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path


class replacing:  # noqa: N801 - used as a verb: with replacing(path) as temporary
    """Context: a temporary path beside `path`, which replaces `path` when the block ends without an error.

    The file and its name are flushed to disk. Raises OSError that names the file and the free space of its disk where
    it could not be written: an older file at `path` then stays. A process that is killed leaves its temporary file,
    which `leftovers` finds.
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
        flush_folder(self.path.parent)


def leftovers(path: Path) -> list[Path]:
    """Temporary files of `path` that killed processes have left (or that other processes write now)."""
    return [found for found in path.parent.glob(".*") if found.name.startswith(f".{path.name}.")]


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, where its file system can do so."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
