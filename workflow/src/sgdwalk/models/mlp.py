"""Fully connected networks."""

from itertools import pairwise

from torch import nn


def mlp(channels: int, size: int, classes: int, *, depth: int, width: int = 64) -> nn.Module:
    """`depth` linear layers of equal width with ReLU between them.

    Input [image, channel, row, column], output logits [image, class].
    """
    widths = [channels * size * size, *[width] * (depth - 1), classes]
    layers = [nn.Flatten()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
