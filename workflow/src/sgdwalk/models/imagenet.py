"""The ImageNet ResNets (He et al. 2016, doi 10.1109/CVPR.2016.90) with a first convolution for small images."""

from itertools import chain

import torch
from torch import nn

STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
WIDTHS = (64, 128, 256, 512)


def resnet(channels: int, size: int, classes: int, *, depth: int, shortcut: bool = True) -> nn.Module:
    """ResNet-18/34 of pairs of 3x3 convolutions, ResNet-50/101/152 of bottlenecks; no max-pool.

    The first convolution is 3x3 with stride 1. Where shapes change the shortcut is a 1x1 convolution; a bottleneck's
    stride is in its 3x3 convolution. Input [image, channel, row, column], output logits [image, class].
    For 3x32x32 inputs and 10 classes depth 18 has 11,173,962 parameters, depth 50 has 23,520,842.
    """
    if depth not in STAGES:
        raise ValueError(f"depth {depth}: must be one of {', '.join(map(str, STAGES))}")
    body = basic if depth < 50 else bottleneck
    before, blocks = 64, []
    for width, count in zip(WIDTHS, STAGES[depth], strict=True):
        for index in range(count):
            layers, after = body(before, width, 2 if width > 64 and index == 0 else 1)
            blocks.append(Block(layers, before, after, shortcut))
            before = after
    return nn.Sequential(
        nn.Sequential(*convolution(channels, 64, 3), nn.ReLU(inplace=True)),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(before, classes),
    )


class Block(nn.Module):
    """Layers with ReLU between them, the shortcut (if any) added, and a last ReLU."""

    def __init__(self, layers: list[tuple[nn.Conv2d, nn.BatchNorm2d]], before: int, after: int, shortcut: bool):
        super().__init__()
        stride = max(convolution.stride[0] for convolution, _ in layers)
        rectified = ((*layer, nn.ReLU(inplace=True)) for layer in layers)
        self.body = nn.Sequential(*chain(*rectified))[:-1]
        if not shortcut:
            self.shortcut = None
        elif before == after and stride == 1:
            self.shortcut = nn.Identity()
        else:
            self.shortcut = nn.Sequential(*convolution(before, after, 1, stride))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Block output after the last ReLU."""
        y = self.body(x)
        return torch.relu(y if self.shortcut is None else y + self.shortcut(x))


def basic(before: int, width: int, stride: int) -> tuple[list, int]:
    """The layers of a block of two 3x3 convolutions, and its output width."""
    return [convolution(before, width, 3, stride), convolution(width, width, 3)], width


def bottleneck(before: int, width: int, stride: int) -> tuple[list, int]:
    """The layers of a block of 1x1, 3x3 and 1x1 convolutions, and its output width, four times the inner width."""
    layers = [convolution(before, width, 1), convolution(width, width, 3, stride), convolution(width, 4 * width, 1)]
    return layers, 4 * width


def convolution(before: int, width: int, kernel: int, stride: int = 1) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """Convolution without bias, zero-padded by half the kernel, and its batch norm."""
    return nn.Conv2d(before, width, kernel, stride, padding=kernel // 2, bias=False), nn.BatchNorm2d(width)
