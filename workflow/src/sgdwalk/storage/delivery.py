"""Finished files: their way from the folder where they are made to their places, and the removal of that folder."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from sgdwalk.storage.atomic import flush_folder, leftovers, replacing


def deliver(source: Path, target: Path) -> None:
    """Put a file at `target` as well, atomically: as a hard link, or as a copy where the file system has no such link.

    Raises OSError that names the target where it could not be written.
    """
    with replacing(target) as temporary:
        temporary.unlink()
        try:
            os.link(source, temporary)
        except OSError:  # another file system, or one without hard links
            shutil.copyfile(source, temporary)


def deliver_folder(sources: list[Path], target: Path) -> None:
    """Put files into a folder `target` that has no others, as `deliver` does; the folder appears with all of them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    for source in sources:
        deliver(source, temporary / source.name)
    temporary.chmod(target.parent.stat().st_mode & 0o777)  # mkdtemp's folder is closed to others
    remove(target)
    os.replace(temporary, target)
    flush_folder(target.parent)


def sweep(paths: list[Path]) -> None:
    """Remove the temporary files and folders that killed processes have left beside these files."""
    for path in paths:
        for left in leftovers(path):
            remove(left)


def remove(path: Path) -> None:
    """Remove a file or folder if it exists; of a link to a folder, both the link and that folder with its files."""
    if path.is_dir():
        shutil.rmtree(path.resolve())
    path.unlink(missing_ok=True)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder, and a link to it, unless there is something in it."""
    with contextlib.suppress(OSError):
        folder.resolve().rmdir()
        folder.unlink(missing_ok=True)
