"""Control without structure: uniform random images with random labels, of the shapes of CIFAR-10."""

import numpy as np

from sgdwalk.data.images import Images, from_pixels


def load(*, train: int = 50_000, test: int = 10_000, size: int = 32, classes: int = 10, seed: int = 0) -> Images:
    """Pixels uniform on 0 ... 255 and labels uniform on the classes, all independent.

    train, test: number of images. size: side in pixels.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for count in (train, test):
        parts += [
            rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8),
            rng.integers(0, classes, count),
        ]
    return from_pixels(*parts)
