"""Image files as arrays of one size."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def opened(path: str | Path, size: int | None = None) -> np.ndarray:
    """Pixels [row, column, channel] of an image as RGB.

    size: side in pixels to which the largest central square is scaled; None to keep the image as it is.
    """
    with Image.open(path) as image:
        image = image.convert("RGB")
        return np.asarray(image if size is None else ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR))
