"""Images from a tree of folders: PATH/{train,test}/CLASS/IMAGE."""

from pathlib import Path

import numpy as np

from sgdwalk.data.images import Images, from_pixels
from sgdwalk.data.resize import opened

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}


def load(*, path: str, size: int | None = None) -> Images:
    """All images as RGB; the classes are the training folders, sorted by name.

    size: side in pixels to which images are cropped and scaled; None if all are squares of one size already.
    Raises ValueError that names the folder whose images are missing or of different sizes, or a test class that is not
    a training class.
    """
    root = Path(path)
    classes, tested = (sorted(p.name for p in (root / part).glob("*/")) for part in ("train", "test"))
    if unknown := sorted(set(tested) - set(classes)):
        raise ValueError(f"{root / 'test'}: class '{unknown[0]}' is not among the training classes")
    return from_pixels(*_split(root / "train", classes, size), *_split(root / "test", classes, size))


def _split(folder: Path, classes: list[str], size: int | None) -> tuple[np.ndarray, np.ndarray]:
    files = [
        (path, label)
        for label, name in enumerate(classes)
        for path in sorted((folder / name).glob("*"))
        if path.suffix.lower() in SUFFIXES
    ]
    if not files:
        raise ValueError(f"{folder}: no images (expected CLASS/IMAGE{{{','.join(sorted(SUFFIXES))}}})")
    images = [opened(path, size) for path, _ in files]
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        raise ValueError(f"{folder}: images of different sizes {sorted(shapes)[:3]}; set image_size")
    return np.stack(images), np.array([label for _, label in files])
