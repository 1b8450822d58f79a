"""A data set of images with labels, as raw pixels, and what is needed to normalise and augment it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Images:
    """Raw pixels [image, channel, row, column] (uint8) and labels [image] (int64) of both splits.

    mean, std: per channel, in raw pixel units; padding: zero pixels added before a random crop
    when images are augmented; flip: whether augmentation mirrors them at random.
    """

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    padding: int
    flip: bool


def from_pixels(train, train_labels, test, test_labels, *, mean=None, std=None, padding=None, flip=True):
    """Images from arrays [image, row, column(, channel)]; mean and std from the training pixels by default.

    The default padding is the paper's 4 pixels of 32, scaled to the image's size.
    """
    train, test = _channels_first(train), _channels_first(test)
    labels = [np.ascontiguousarray(a, dtype=np.int64).reshape(-1) for a in (train_labels, test_labels)]
    return Images(
        train,
        labels[0],
        test,
        labels[1],
        classes=int(max(a.max() for a in labels if a.size)) + 1,
        mean=tuple(train.mean(axis=(0, 2, 3))) if mean is None else mean,
        std=tuple(train.std(axis=(0, 2, 3))) if std is None else std,
        padding=round(train.shape[-1] / 8) if padding is None else padding,
        flip=flip,
    )


def _channels_first(pixels) -> np.ndarray:
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8:
        raise ValueError(f"images must be uint8 pixels, not {pixels.dtype}")
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.ndim != 4 or pixels.shape[1] != pixels.shape[2]:
        raise ValueError(f"images must be (image, side, side) or (image, side, side, channel), not {pixels.shape}")
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
