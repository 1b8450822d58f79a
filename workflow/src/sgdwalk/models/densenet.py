"""DenseNet (Huang et al. 2017, doi 10.1109/CVPR.2017.243) with a first convolution for small images."""

import torch
from torch import nn

STAGES = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32)}
SMALLEST = 8


def densenet(channels: int, size: int, classes: int, *, depth: int = 121, growth: int = 32) -> nn.Module:
    """DenseNet-BC: 3x3 convolution without max-pool, then four dense stages; width and size halve between them.

    growth: channels that each layer adds. 6,956,298 parameters at depth 121 for 3x32x32 inputs and 10 classes.
    Input [image, channel, row, column], output logits [image, class]. ValueError for images below 8x8.
    """
    if size < SMALLEST:
        raise ValueError(f"size {size}: DenseNet takes images of {SMALLEST}x{SMALLEST} pixels and more")
    if depth not in STAGES:
        raise ValueError(f"depth {depth}: must be one of {', '.join(map(str, STAGES))}")
    width = 2 * growth
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1, bias=False)]
    for stage, count in enumerate(STAGES[depth]):
        if stage:
            layers += [*rectified(width, width // 2, 1), nn.AvgPool2d(2)]
            width //= 2
        layers += [Dense(width + k * growth, growth) for k in range(count)]
        width += count * growth
    return nn.Sequential(
        *layers,
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, classes),
    )


class Dense(nn.Module):
    """A bottleneck layer that appends `growth` channels to its input."""

    def __init__(self, before: int, growth: int):
        super().__init__()
        self.body = nn.Sequential(*rectified(before, 4 * growth, 1), *rectified(4 * growth, growth, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input's channels followed by the new ones."""
        return torch.cat([x, self.body(x)], 1)


def rectified(before: int, width: int, kernel: int) -> tuple[nn.Module, ...]:
    """Batch norm, ReLU and convolution, in the order of DenseNets."""
    convolution = nn.Conv2d(before, width, kernel, padding=kernel // 2, bias=False)
    return nn.BatchNorm2d(before), nn.ReLU(inplace=True), convolution
