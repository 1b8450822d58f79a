"""Image files as arrays of one size."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

DEEPEST = 2**16 - 1  # largest pixel of 16 bits


def opened(path: str | Path, size: int | None = None) -> np.ndarray:
    """Pixels [row, column, channel] of an image as RGB; of several frames the first, without transparency.

    size: side in pixels to which the largest central square is scaled; None to keep the image as it is. Of 16 bits the
    upper 8 are kept. Raises ValueError that names a file that is damaged or has other pixels.
    """
    return read(path, size)[0]


def read(path: str | Path, size: int | None = None) -> tuple[np.ndarray, bool]:
    """The same pixels, and whether the file has more than 8 bits of each."""
    try:
        with Image.open(path) as image:
            bits, image = deep(image), shallow(image).convert("RGB")
            fitted = image if size is None else ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
            return np.asarray(fitted), bits
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: not an image that can be read ({error})") from None


def deep(image: Image.Image) -> bool:
    """Whether the pixels have more than 8 bits: Pillow would clip them at 255."""
    return image.mode.startswith("I") or image.mode == "F"


def shallow(image: Image.Image) -> Image.Image:
    """The image in 8 bits. ValueError for pixels that are not from 0 to 65535 (floating-point, signed, 32 bits)."""
    if not deep(image):
        return image
    pixels = np.asarray(image)
    if image.mode == "F" or pixels.min() < 0 or pixels.max() > DEEPEST:
        found = f"{pixels.dtype.name} from {pixels.min()} to {pixels.max()}"
        raise ValueError(f"pixels are {found}: must be whole numbers of 8 or 16 bits")
    return Image.fromarray((pixels >> 8).astype(np.uint8))
