"""The data sets that torchvision downloads and reads: MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100."""

import numpy as np

from sgdwalk.data.images import Images, from_pixels
from sgdwalk.data.torchvision_compat import datasets

CIFAR = {"mean": (125.3, 123.0, 113.9), "std": (63.0, 62.1, 66.7)}
SOURCES = {
    "mnist": ("MNIST", {"flip": False}),
    "fashion-mnist": ("FashionMNIST", {}),
    "cifar10": ("CIFAR10", CIFAR),
    "cifar100": ("CIFAR100", CIFAR),
}


def load(*, name: str, path: str, download: bool = False) -> Images:
    """Both splits of the data set `name` under `path`; CIFAR is normalised with the constants of Chen et al. (2022).

    download: fetch it where it is missing. Raises FileNotFoundError that says what to do where it is missing.
    """
    source, options = SOURCES[name]
    parts = []
    for train in (True, False):
        try:
            split = getattr(datasets, source)(path, train=train, download=download)
        except RuntimeError as error:
            raise FileNotFoundError(
                f"data set {name} is not under '{path}' ({error}); set download: true, or put its files there"
            ) from None
        parts += [np.asarray(split.data), np.asarray(split.targets)]
    return from_pixels(*parts, **options)
