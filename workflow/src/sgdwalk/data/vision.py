"""The data sets that torchvision downloads and reads: MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100."""

import os
from contextlib import nullcontext
from http.client import HTTPException
from pathlib import Path
from pickle import PickleError

import numpy as np

from sgdwalk.data.images import Images, from_pixels
from sgdwalk.data.torchvision_compat import datasets
from sgdwalk.storage.lock import Lock

CIFAR = {"mean": (125.3, 123.0, 113.9), "std": (63.0, 62.1, 66.7)}
SOURCES = {
    "mnist": ("MNIST", {"flip": False}),
    "fashion-mnist": ("FashionMNIST", {}),
    "cifar10": ("CIFAR10", CIFAR),
    "cifar100": ("CIFAR100", CIFAR),
}


NO_DATA = (
    OSError, HTTPException, RuntimeError, ValueError, TypeError, LookupError, AssertionError, EOFError, PickleError,
)  # fmt: skip


def load(*, name: str, path: str, download: bool = False) -> Images:
    """Both splits of the data set `name` under `path`; CIFAR is normalised with the constants of Chen et al. (2022).

    download: fetch it where it is missing; one process at a time, others wait for it. A folder that cannot be written
    to is only read. Raises FileNotFoundError, one line that names the data set and says what to do, where it is
    missing, damaged, or could not be fetched.
    """
    source, options = SOURCES[name]
    fetch = download and writable(Path(path))
    try:
        with Lock(Path(path), wait=True) if fetch else nullcontext():
            splits = [getattr(datasets, source)(path, train=train, download=fetch) for train in (True, False)]
        parts = [np.asarray(values) for split in splits for values in (split.data, split.targets)]
        return from_pixels(*parts, **options)
    except NO_DATA as error:
        reason = " ".join(str(error).split())
        raise FileNotFoundError(
            f"data set {name} is not under '{path}' ({reason}); {advice(download, fetch)}"
        ) from None


def writable(folder: Path) -> bool:
    """Whether the folder, or the one that it would be made in, can be written to."""
    return os.access(next(place for place in (folder, *folder.resolve().parents) if place.exists()), os.W_OK)


def advice(download: bool, fetch: bool) -> str:
    """What to do where a data set is missing or damaged."""
    if not download:
        return "set download: true, or put its files there"
    if not fetch:
        return "its folder cannot be written to: set another path, or put its files there"
    return "run `make data STUDY=NAME` where there is a connection, or put its files there; remove them if damaged"
