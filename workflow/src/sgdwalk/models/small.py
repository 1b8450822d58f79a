"""Small convolutional networks: LeNet, AlexNet for small images, a ResNet for digits, three convolutions."""

from itertools import chain, pairwise

import torch
from torch import nn


def lenet(channels: int, size: int, classes: int) -> nn.Module:
    """LeNet-5 with ReLU and max-pools (LeCun et al. 1998, doi 10.1109/5.726791); ValueError for images below 16x16.

    62,006 parameters for 3x32x32 inputs and 10 classes. Input [image, channel, row, column], output logits
    [image, class].
    """
    side = ((size - 4) // 2 - 4) // 2
    if side < 1:
        raise ValueError(f"size {size}: LeNet takes images of 16x16 pixels and more")
    return nn.Sequential(
        *(nn.Conv2d(channels, 6, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        nn.Flatten(),
        *(nn.Linear(16 * side**2, 120), nn.ReLU(inplace=True)),
        *(nn.Linear(120, 84), nn.ReLU(inplace=True)),
        nn.Linear(84, classes),
    )


def alexnet(channels: int, size: int, classes: int) -> nn.Module:
    """AlexNet's five convolutions (Krizhevsky 2014, arXiv:1404.5997), pools of 2x2 rounded up, one linear layer.

    2,472,266 parameters for 3x32x32 inputs and 10 classes.
    """

    def convolution(before: int, width: int, kernel: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
        return nn.Conv2d(before, width, kernel, stride, padding=5 if kernel == 11 else kernel // 2), nn.ReLU(True)

    def pool() -> nn.Module:
        return nn.MaxPool2d(2, ceil_mode=True)

    return nn.Sequential(
        *(*convolution(channels, 64, 11, 4), pool()),
        *(*convolution(64, 192, 5), pool()),
        *(*convolution(192, 384, 3), *convolution(384, 256, 3), *convolution(256, 256, 3), pool()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(256, classes),
    )


def resnet_mnist(channels: int, size: int, classes: int, *, width: int = 16) -> nn.Module:
    """Three residual blocks (He et al. 2016, doi 10.1109/CVPR.2016.90), two of which halve the image.

    Widths 16, 32, 64, as a CIFAR ResNet of depth 8. 78,042 parameters for 3x32x32 inputs and 10 classes.
    """
    return nn.Sequential(
        *normalised(channels, width, 3),
        nn.ReLU(inplace=True),
        *(Residual(width, width), Residual(width, 2 * width), Residual(2 * width, 4 * width)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * width, classes),
    )


def three_convolutions(channels: int, size: int, classes: int, *, width: int = 4) -> nn.Module:
    """Three 3x3 convolutions of widths w, 2w, 2w with batch norm and ReLU, the mean over the image, one linear layer.

    At w = 4 few enough parameters that SGD does not fit every image, so that its gradient noise remains at the end of a
    training: 1,030 for 1x8x8 inputs and 10 classes, 1,102 for 3x32x32 inputs.
    """
    widths = (channels, width, 2 * width, 2 * width)
    layers = [(*normalised(before, after, 3), nn.ReLU(inplace=True)) for before, after in pairwise(widths)]
    return nn.Sequential(*chain(*layers), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * width, classes))


class Residual(nn.Module):
    """Two 3x3 convolutions with batch norm and their shortcut; stride 2 where the width grows."""

    def __init__(self, before: int, width: int):
        super().__init__()
        stride = 1 if before == width else 2
        self.body = nn.Sequential(
            *normalised(before, width, 3, stride), nn.ReLU(inplace=True), *normalised(width, width, 3)
        )
        self.shortcut = nn.Identity() if stride == 1 else nn.Sequential(*normalised(before, width, 1, stride))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Block output after the last ReLU."""
        return torch.relu(self.body(x) + self.shortcut(x))


def normalised(before: int, width: int, kernel: int, stride: int = 1) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """Convolution without bias, zero-padded by half the kernel, and its batch norm."""
    return nn.Conv2d(before, width, kernel, stride, padding=kernel // 2, bias=False), nn.BatchNorm2d(width)
