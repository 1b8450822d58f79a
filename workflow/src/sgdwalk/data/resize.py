"""Image files as arrays of one size."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def opened(path: str | Path, size: int | None = None) -> np.ndarray:
    """Pixels [row, column, channel] of an RGB image; with a size, the largest central square at that side."""
    with Image.open(path) as image:
        image = image.convert("RGB")
        return np.asarray(image if size is None else ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR))
