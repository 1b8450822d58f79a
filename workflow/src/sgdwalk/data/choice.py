"""What a run makes of a data set: a part of its images, some labels wrong, pixels raw."""

from dataclasses import replace

import torch

from sgdwalk.data.images import Images
from sgdwalk.seeds import generator

RAW = 255.0


def chosen(images: Images, *, subset: int | None = None, label_noise: float = 0.0, normalise: bool = True) -> Images:
    """The images that are trained on; the test split stays as it is.

    subset: so many random training images. label_noise: this share of the training labels is replaced by another
    class, all others alike. normalise: False takes pixels / 255 as they are. Nothing here depends on a run's
    seed: runs of an ensemble walk on the same loss surface.
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
    """The training labels, exactly round(share x images) of them moved on by 1 ... classes - 1 at random."""
    if images.classes < 2:
        raise ValueError(f"label_noise = {share}: must be 0, all images are of one class")
    labels = torch.from_numpy(images.train_labels).clone()
    random = generator("label noise")
    wrong = torch.randperm(len(labels), generator=random)[: round(share * len(labels))]
    shift = torch.randint(1, images.classes, (len(wrong),), generator=random)
    labels[wrong] = (labels[wrong] + shift) % images.classes
    return labels.numpy()
