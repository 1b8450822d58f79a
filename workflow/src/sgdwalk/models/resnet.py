"""CIFAR ResNets (He et al. 2016, doi 10.1109/CVPR.2016.90), with and without shortcuts.

Wide variants multiply every width, also that of the first convolution, as in the published code of Li et al. 2018
(arXiv:1712.09913) after Zagoruyko and Komodakis 2016 (arXiv:1605.07146).
"""

import torch
from torch import nn


def resnet(
    channels: int,
    size: int,
    classes: int,
    *,
    depth: int,
    shortcut: bool = True,
    batch_norm: bool = True,
    width: int = 1,
) -> nn.Module:
    """ResNet of depth 6n + 2, widths 16, 32, 64 times `width`; the shortcut is a 1x1 convolution where shapes change.

    Without batch norm convolutions have a bias. Input [image, channel, row, column], output logits [image, class].
    For 3x32x32 inputs and 10 classes depth 14 has 175,258 parameters (172,506 without shortcuts).
    """
    blocks, rest = divmod(depth - 2, 6)
    if rest or blocks < 1:
        raise ValueError(f"depth {depth}: a CIFAR ResNet has depth 6n + 2")
    first = 16 * width
    stages = []
    for before, after in ((first, first), (first, 2 * first), (2 * first, 4 * first)):
        stages.append(Block(before, after, after // before, shortcut, batch_norm))
        stages += [Block(after, after, 1, shortcut, batch_norm) for _ in range(blocks - 1)]
    return nn.Sequential(
        nn.Sequential(*convolution(channels, first, 3, 1, batch_norm), nn.ReLU(inplace=True)),
        *stages,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * first, classes),
    )


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, the shortcut (if any) added, and a last ReLU."""

    def __init__(self, before: int, width: int, stride: int, shortcut: bool, batch_norm: bool):
        super().__init__()
        self.body = nn.Sequential(
            *convolution(before, width, 3, stride, batch_norm),
            nn.ReLU(inplace=True),
            *convolution(width, width, 3, 1, batch_norm),
        )
        if not shortcut:
            self.shortcut = None
        elif before == width:
            self.shortcut = nn.Identity()
        else:
            self.shortcut = nn.Sequential(*convolution(before, width, 1, stride, batch_norm))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Block output after the last ReLU."""
        y = self.body(x)
        return torch.relu(y if self.shortcut is None else y + self.shortcut(x))


def convolution(before: int, width: int, kernel: int, stride: int, batch_norm: bool) -> tuple[nn.Module, nn.Module]:
    """Convolution, zero-padded by half the kernel, and its batch norm; a bias if there is no batch norm."""
    layer = nn.Conv2d(before, width, kernel, stride, padding=kernel // 2, bias=not batch_norm)
    return layer, nn.BatchNorm2d(width) if batch_norm else nn.Identity()
