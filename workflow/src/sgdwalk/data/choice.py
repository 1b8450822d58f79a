"""A run's options on its data set: a random subset, label noise, pixels that are not normalised."""

from dataclasses import replace

import torch

from sgdwalk.data.images import Images
from sgdwalk.seeds import generator

RAW = 255.0


def chosen(images: Images, *, subset: int | None = None, label_noise: float = 0.0, normalise: bool = True) -> Images:
    """The images to train on; the test split does not change.

    subset: number of training images, chosen at random (None: all). label_noise: share of the training labels that
    are replaced by another class, each other class equally likely. normalise: False for raw pixels / 255 as inputs.
    Nothing depends on a run's seed: all runs of an ensemble have the same loss surface.
    Raises ValueError where there are too few images or classes.
    """
    if subset is not None:
        images = _subset(images, subset)
    if label_noise:
        images = replace(images, train_labels=_noisy(images, label_noise))
    if not normalise:
        channels = len(images.mean)
        images = replace(images, mean=(0.0,) * channels, std=(RAW,) * channels)
    return images


def _subset(images: Images, count: int) -> Images:
    available = len(images.train)
    if count > available:
        raise ValueError(f"subset = {count}: must be at most {available}, the training images")
    pick = torch.randperm(available, generator=generator("subset"))[:count].sort().values.numpy()
    return replace(images, train=images.train[pick], train_labels=images.train_labels[pick])


def _noisy(images: Images, share: float):
    """The training labels, of which round(share x images) are replaced by a random other class each."""
    if images.classes < 2:
        raise ValueError(f"label_noise = {share}: must be 0, all images are of one class")
    labels = torch.from_numpy(images.train_labels).clone()
    random = generator("label noise")
    wrong = torch.randperm(len(labels), generator=random)[: round(share * len(labels))]
    shift = torch.randint(1, images.classes, (len(wrong),), generator=random)
    labels[wrong] = (labels[wrong] + shift) % images.classes
    return labels.numpy()
