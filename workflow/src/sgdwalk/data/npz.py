"""Images from one .npz file."""

import zipfile

import numpy as np

from sgdwalk.data.images import Images, from_pixels

KEYS = ("x_train", "y_train", "x_test", "y_test")


def load(*, path: str) -> Images:
    """Images of x_train, x_test (uint8 [image, row, column(, channel)]) and labels of y_train, y_test [image].

    Raises ValueError that names the file and what it lacks.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path}: not an .npz archive")
    with np.load(path, allow_pickle=False) as archive:
        missing = [key for key in KEYS if key not in archive]
        if missing:
            raise ValueError(f"{path}: lacks {', '.join(missing)} (needed: {', '.join(KEYS)})")
        return from_pixels(*(archive[key] for key in KEYS))
