"""CIFAR ResNets (He et al. 2016, doi 10.1109/CVPR.2016.90), with and without shortcuts."""

import torch
from torch import nn


def resnet(channels: int, size: int, classes: int, *, depth: int, shortcut: bool = True) -> nn.Module:
    """ResNet of depth 6n + 2 with widths 16, 32, 64; where shapes change the shortcut is a 1x1 convolution.

    Input [batch, channels, size, size], output logits [batch, classes].
    For 3x32x32 inputs and 10 classes depth 14 has 175,258 parameters (172,506 without shortcuts).
    """
    blocks, rest = divmod(depth - 2, 6)
    if rest or blocks < 1:
        raise ValueError(f"depth {depth}: a CIFAR ResNet has depth 6n + 2")
    stages = []
    for before, width in ((16, 16), (16, 32), (32, 64)):
        stride = width // before
        stages.append(Block(before, width, stride, shortcut))
        stages += [Block(width, width, 1, shortcut) for _ in range(blocks - 1)]
    return nn.Sequential(
        nn.Sequential(convolution(channels, 16, 3), nn.BatchNorm2d(16), nn.ReLU(inplace=True)),
        *stages,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, classes),
    )


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, and the shortcut around them where there is one."""

    def __init__(self, before: int, width: int, stride: int, shortcut: bool):
        super().__init__()
        self.body = nn.Sequential(
            convolution(before, width, 3, stride),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            convolution(width, width, 3),
            nn.BatchNorm2d(width),
        )
        if not shortcut:
            self.shortcut = None
        elif before == width:
            self.shortcut = nn.Identity()
        else:
            self.shortcut = nn.Sequential(convolution(before, width, 1, stride), nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Block output, rectified."""
        y = self.body(x)
        return torch.relu(y if self.shortcut is None else y + self.shortcut(x))


def convolution(before: int, width: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Convolution without bias (batch norm follows), zero-padded to keep the size."""
    return nn.Conv2d(before, width, kernel, stride, padding=kernel // 2, bias=False)
