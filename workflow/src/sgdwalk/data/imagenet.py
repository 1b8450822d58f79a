"""ImageNet (ILSVRC 2012) from the archives of its web site, decoded once into memory."""

import sys

import numpy as np
import torch

from sgdwalk.data.images import Images, from_pixels
from sgdwalk.data.resize import opened
from sgdwalk.data.torchvision_compat import datasets
from sgdwalk.seeds import generator

SIZE = 224
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # those of torchvision's pretrained weights
PROGRESS = 10_000  # images between two lines of progress


def load(*, path: str, size: int | None = None, subset: int | None = None) -> Images:
    """Images of both splits under `path`, cropped and scaled to `size` pixels (224): 150 kB each at 224, 12 kB at 64.

    subset: number of training images to decode, chosen at random, and of validation images at most (None: all). The
    1.28 million training images take 193 GB at 224 pixels and 16 GB at 64.
    Raises FileNotFoundError that names the path where they are not.
    """
    parts = []
    for split in ("train", "val"):
        try:
            found = datasets.ImageNet(path, split=split)
        except (RuntimeError, OSError) as error:
            raise FileNotFoundError(
                f"data set imagenet is not under '{path}' ({error}); put its archives there (image-net.org)"
            ) from None
        parts += _decoded(found.samples, split, size or SIZE, subset)
    return from_pixels(*parts, mean=MEAN, std=STD, padding=0)


def _decoded(samples: list, split: str, size: int, subset: int | None) -> tuple[np.ndarray, np.ndarray]:
    """(pixels [image, row, column, channel], labels [image]) of the split or a random part of it."""
    order = torch.randperm(len(samples), generator=generator("imagenet", split))[:subset].sort().values.tolist()
    pixels = np.empty((len(order), size, size, 3), np.uint8)
    for k, index in enumerate(order):
        pixels[k] = opened(samples[index][0], size)
        if k % PROGRESS == PROGRESS - 1:
            print(f"imagenet {split}: {k + 1}/{len(order)} images decoded", file=sys.stderr, flush=True)
    return pixels, np.array([samples[index][1] for index in order])
