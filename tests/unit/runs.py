"""Settings of runs for tests: what is given, on top of the schema's defaults; and networks that are quick to train."""

import torch
from sgdwalk.study.validation import checked, schema
from torch import nn


def settings(**given):
    """All settings of a run, complete."""
    specs = {key: given.pop(key) for key in ("model_spec", "dataset_spec") if key in given}
    return checked({"run": "r", "device": "cpu", "init": "kaiming", **given}, schema("run"), "test: ") | specs


def small_network(channels, size, classes):
    """One convolution, with buffers (batch norm) and random numbers (dropout); 5,370 parameters for 3x8x8 images."""
    convolution = nn.Conv2d(channels, 8, 3, padding=1)
    return nn.Sequential(
        convolution, nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.Linear(8 * size**2, classes)
    )


def convolution(dtype):
    """One convolution of two channels at fixed weights, which are not contiguous; 109 parameters for 2x4x4 images."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4))
    return network.to(dtype).to(memory_format=torch.channels_last)
