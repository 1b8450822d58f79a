"""A data set of labelled images as raw pixels, and how it is normalised and augmented."""

import hashlib
from dataclasses import dataclass

import numpy as np

MOST_CLASSES = 10**6


@dataclass(frozen=True)
class Images:
    """Raw pixels [image, channel, row, column] (uint8) and labels [image] (int64) of both splits.

    train, train_labels: the training split. test, test_labels: the test split. classes: number of classes.
    mean, std: per channel, in units of raw pixels. padding: zero pixels added on each side before a random crop when
    images are augmented. flip: whether augmentation mirrors them at random.
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

    def fingerprint(self) -> str:
        """Hash of all pixels, labels and the other fields."""
        arrays = (self.train, self.train_labels, self.test, self.test_labels)
        how = (self.classes, *map(float, (*self.mean, *self.std)), self.padding, self.flip)
        digest = hashlib.sha256(repr(([(array.shape, array.dtype.str) for array in arrays], how)).encode())
        for array in arrays:
            digest.update(np.ascontiguousarray(array))
        return digest.hexdigest()[:16]


def from_pixels(train, train_labels, test, test_labels, *, mean=None, std=None, padding=None, flip=True):
    """Images from arrays [image, row, column] or [image, row, column, channel] of uint8 and labels [image].

    mean, std: per channel; by default those of the training pixels (std 1 for a constant channel). padding: by default
    the 4 of 32 pixels of Chen et al. (2022), in proportion to the side. Raises ValueError for other shapes and types.
    """
    train, test = _channels_first(train), _channels_first(test)
    if train.shape[1:] != test.shape[1:]:
        raise ValueError(f"training images are {train.shape[1:]} (channel, row, column), test images {test.shape[1:]}")
    train_labels, test_labels = _labels(train_labels, len(train)), _labels(test_labels, len(test))
    spread = train.std(axis=(0, 2, 3))
    return Images(
        train,
        train_labels,
        test,
        test_labels,
        classes=int(max(train_labels.max(), test_labels.max())) + 1,
        mean=tuple(train.mean(axis=(0, 2, 3))) if mean is None else mean,
        std=tuple(np.where(spread > 0, spread, 1.0)) if std is None else std,
        padding=round(train.shape[-1] / 8) if padding is None else padding,
        flip=flip,
    )


def _channels_first(pixels) -> np.ndarray:
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8:
        raise ValueError(f"images must be uint8 pixels, not {pixels.dtype}")
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.ndim != 4 or pixels.shape[1] != pixels.shape[2] or 0 in pixels.shape[1:]:
        raise ValueError(
            f"images must be (image, side, side) or (image, side, side, channel), none of them 0, not {pixels.shape}"
        )
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def _labels(labels, count: int) -> np.ndarray:
    """Class of each image, whole numbers from 0 to MOST_CLASSES - 1."""
    labels = np.asarray(labels)
    if labels.size != count or labels.size != max(labels.shape, default=0) or count == 0:
        raise ValueError(f"labels have shape {labels.shape}, needed is one for each of {count} images")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels must be whole numbers from 0 on, not {labels.dtype}")
    if labels.min() < 0 or labels.max() >= MOST_CLASSES:
        raise ValueError(f"labels must be from 0 to {MOST_CLASSES - 1}, not from {labels.min()} to {labels.max()}")
    return np.ascontiguousarray(labels.reshape(-1), dtype=np.int64)
