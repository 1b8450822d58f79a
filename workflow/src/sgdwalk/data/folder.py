"""Images from a tree of folders: PATH/{train,test}/CLASS/IMAGE."""

from pathlib import Path

import numpy as np

from sgdwalk.data.images import Images, from_pixels
from sgdwalk.data.resize import read

SUFFIXES = {
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".bmp", ".webp", ".avif", ".gif", ".tif", ".tiff", ".tga",
    ".ppm", ".pgm", ".pbm", ".pnm", ".pfm",
}  # fmt: skip
DARK = 16  # of 256: 12 bits in files of 16 are below it


def load(*, path: str, size: int | None = None) -> Images:
    """All images as RGB; the classes are the folders, sorted by name. What begins with a dot does not count.

    size: side in pixels to which images are cropped and scaled; None if all are squares of one size already.
    Raises ValueError that names the folder whose images are missing or of different sizes, a class that is in one
    split alone, an image that is damaged, and images of fewer than 16 bits in files of 16.
    """
    root = Path(path)
    classes, tested = (sorted(p.name for p in seen(root / part) if p.is_dir()) for part in ("train", "test"))
    for part, here, there in (("train", classes, tested), ("test", tested, classes)):
        if not here:
            raise ValueError(f"{root / part}: no images (expected CLASS/IMAGE{{{','.join(sorted(SUFFIXES))}}})")
        if odd := sorted(set(there) - set(here)):
            raise ValueError(f"{root / part}: no folder '{odd[0]}': train and test must have the same classes")
    train, test = (_files(root / part, classes) for part in ("train", "test"))
    split = (*_split(root / "train", train, size), *_split(root / "test", test, size))
    if split[0].shape[1:] != split[2].shape[1:]:
        sides = (f"{pixels.shape[2]} x {pixels.shape[1]}" for pixels in split[::2])
        raise ValueError(f"{root}: images of train and test have {' and '.join(sides)} pixels; set image_size")
    return from_pixels(*split)


def seen(folder: Path) -> list[Path]:
    """What is in a folder, by name, without what begins with a dot."""
    return sorted(path for path in folder.glob("*") if not path.name.startswith("."))


def _files(folder: Path, classes: list[str]) -> list[tuple[Path, int]]:
    """(image, label) of all images of a split, broken links too. ValueError that names a class without any."""
    found = []
    for label, name in enumerate(classes):
        images = [path for path in seen(folder / name) if path.suffix.lower() in SUFFIXES and not path.is_dir()]
        if not images:
            raise ValueError(f"{folder / name}: no images (expected {', '.join(sorted(SUFFIXES))})")
        found += [(path, label) for path in images]
    return found


def _split(folder: Path, files: list[tuple[Path, int]], size: int | None) -> tuple[np.ndarray, np.ndarray]:
    """(pixels [image, row, column, channel], labels [image]). ValueError for other shapes and for too few bits."""
    images, deep = zip(*(read(path, size) for path, _ in files), strict=True)
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        raise ValueError(f"{folder}: images of different sizes {sorted(shapes)[:3]}; set image_size")
    rows, columns, _ = shapes.pop()
    if rows != columns:
        raise ValueError(f"{folder}: images of {columns} x {rows} pixels: must be squares, or set image_size")
    if any(deep) and max(image.max() for image, bits in zip(images, deep, strict=True) if bits) < DARK:
        raise ValueError(f"{folder}: pixels of 16 bits are all below {256 * DARK}: must be scaled to 65535")
    return np.stack(images), np.array([label for _, label in files])
