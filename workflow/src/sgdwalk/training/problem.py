"""The images and the network of a run, from its settings."""

import functools
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from sgdwalk.data.choice import chosen
from sgdwalk.data.images import Images
from sgdwalk.study import factories
from sgdwalk.training import networks


def load_images(run: Mapping[str, Any]) -> Images:
    """The images that a run trains on."""
    spec = run["dataset_spec"]
    images = factories.factory(spec)(**spec["arguments"])
    if not isinstance(images, Images):
        kind = type(images).__name__
        raise ValueError(f"dataset = '{spec['factory']}': must return Images of sgdwalk.data.images, not {kind}")
    # a loader with an argument `subset` selects the images itself, because all of them would not fit into memory
    subset = None if "subset" in spec["arguments"] else run["subset"]
    return chosen(images, subset=subset, label_noise=run["label_noise"], normalise=run["normalise"])


def build(run: Mapping[str, Any], images: Images) -> nn.Module:
    """A run's network, untrained, in the run's precision."""
    spec = run["model_spec"]
    factory = functools.partial(factories.factory(spec), **spec["arguments"])
    model = networks.build(factory, images, spec["factory"], run["seed"])
    return networks.cast(model, getattr(torch, run["dtype"])).to(memory_format=torch.channels_last)
