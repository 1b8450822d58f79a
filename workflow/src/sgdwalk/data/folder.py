"""The user's own images from a tree of folders: PATH/{train,test}/CLASS/IMAGE."""

from pathlib import Path

import numpy as np
from PIL import Image

from sgdwalk.data.images import Images, from_pixels

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}


def load(*, path: str) -> Images:
    """All images as RGB; they must share one square size. Classes are the training folders, in sorted order."""
    root = Path(path)
    classes, tested = (sorted(p.name for p in (root / part).glob("*/")) for part in ("train", "test"))
    if unknown := sorted(set(tested) - set(classes)):
        raise ValueError(f"{root / 'test'}: class '{unknown[0]}' is not among the training classes")
    return from_pixels(*_split(root / "train", classes), *_split(root / "test", classes))


def _split(folder: Path, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    files = [
        (path, label)
        for label, name in enumerate(classes)
        for path in sorted((folder / name).glob("*"))
        if path.suffix.lower() in SUFFIXES
    ]
    if not files:
        raise ValueError(f"{folder}: no images (expected CLASS/IMAGE{{{','.join(sorted(SUFFIXES))}}})")
    images = [np.asarray(Image.open(path).convert("RGB")) for path, _ in files]
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        raise ValueError(f"{folder}: images of different sizes {sorted(shapes)[:3]}; resize them first")
    return np.stack(images), np.array([label for _, label in files])
