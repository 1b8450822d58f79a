"""The images and the network of a run, from its settings."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from sgdwalk.data.choice import chosen
from sgdwalk.data.images import Images
from sgdwalk.study import factories


def load_images(run: Mapping[str, Any]) -> Images:
    """The images that a run trains on."""
    spec = run["dataset_spec"]
    images = factories.factory(spec)(**spec["arguments"])
    # a loader with an argument `subset` selects the images itself, because all of them would not fit into memory
    subset = None if "subset" in spec["arguments"] else run["subset"]
    return chosen(images, subset=subset, label_noise=run["label_noise"], normalise=run["normalise"])


def build(run: Mapping[str, Any], images: Images) -> nn.Module:
    """A run's network, untrained, in the run's precision."""
    spec = run["model_spec"]
    channels, size = images.train.shape[1:3]
    model = factories.factory(spec)(channels, size, images.classes, **spec["arguments"])
    return model.to(getattr(torch, run["dtype"]), memory_format=torch.channels_last)
