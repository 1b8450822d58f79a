"""Images from one .npz file."""

import zipfile
import zlib

import numpy as np

from sgdwalk.data.images import Images, from_pixels

# what NumPy and zipfile raise for a member that is cut off, encrypted, of objects, or of a size that no memory has
DAMAGED = (ValueError, OSError, EOFError, SyntaxError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
KEYS = ("x_train", "y_train", "x_test", "y_test")


def load(*, path: str) -> Images:
    """Images of x_train, x_test (uint8 [image, row, column(, channel)]) and labels of y_train, y_test [image].

    Raises ValueError that names the file and what it lacks, or which array is damaged or not allowed.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path}: not an .npz archive")
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive]
            if missing:
                raise ValueError(f"lacks {', '.join(missing)} (needed: {', '.join(KEYS)})")
            return from_pixels(*(_member(archive, key) for key in KEYS))
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: {error}") from None


def _member(archive, key: str) -> np.ndarray:
    """An array of the archive. ValueError that names it if it is damaged or no array of numbers."""
    try:
        return archive[key]
    except DAMAGED as error:
        raise ValueError(f"{key}: must be a whole array of numbers ({error})") from None
