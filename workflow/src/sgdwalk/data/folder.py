"""Images from a tree of folders: PATH/{train,test}/CLASS/IMAGE."""

from pathlib import Path

import numpy as np
from PIL import Image

from sgdwalk.data.images import Images, from_pixels
from sgdwalk.data.resize import deep, opened

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
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
    if split[0].max() < DARK and _deep(train[0][0]):
        raise ValueError(f"{root / 'train'}: pixels of 16 bits are all below {256 * DARK}: must be scaled to 65535")
    return from_pixels(*split)


def seen(folder: Path) -> list[Path]:
    """What is in a folder, by name, without what begins with a dot."""
    return sorted(path for path in folder.glob("*") if not path.name.startswith("."))


def _files(folder: Path, classes: list[str]) -> list[tuple[Path, int]]:
    """(image, label) of all images of a split. ValueError that names a class without any."""
    found = []
    for label, name in enumerate(classes):
        images = [path for path in seen(folder / name) if path.suffix.lower() in SUFFIXES and path.is_file()]
        if not images:
            raise ValueError(f"{folder / name}: no images (expected {', '.join(sorted(SUFFIXES))})")
        found += [(path, label) for path in images]
    return found


def _split(folder: Path, files: list[tuple[Path, int]], size: int | None) -> tuple[np.ndarray, np.ndarray]:
    images = [opened(path, size) for path, _ in files]
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        raise ValueError(f"{folder}: images of different sizes {sorted(shapes)[:3]}; set image_size")
    return np.stack(images), np.array([label for _, label in files])


def _deep(path: Path) -> bool:
    with Image.open(path) as image:
        return deep(image)
