"""VGG networks with batch norm for small images (Simonyan and Zisserman 2015, arXiv:1409.1556)."""

from torch import nn

# number of convolutions in each stage; a max-pool ends a stage
STAGES = {9: (2, 2, 3), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)


def vgg(channels: int, size: int, classes: int, *, depth: int) -> nn.Module:
    """VGG-16 and VGG-19 with one linear layer at the end, VGG-9 (Li et al. 2018, arXiv:1712.09913) with two.

    Max-pools round up, so that images of any size work; 32x32 ends at 1x1 (VGG-9: 4x4).
    Input [image, channel, row, column], output logits [image, class].
    For 3x32x32 inputs and 10 classes: 2,789,706 (VGG-9), 14,728,266 (VGG-16), 20,040,522 (VGG-19) parameters.
    """
    if depth not in STAGES:
        raise ValueError(f"depth {depth}: must be one of {', '.join(map(str, STAGES))}")
    layers, before, side = [], channels, size
    for width, count in zip(WIDTHS, STAGES[depth], strict=False):
        for _ in range(count):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            before = width
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
        side = -(-side // 2)
    layers.append(nn.Flatten())
    inputs = before * side**2
    if depth == 9:
        layers += [nn.Linear(inputs, before), nn.BatchNorm1d(before), nn.ReLU(inplace=True)]
        inputs = before
    return nn.Sequential(*layers, nn.Linear(inputs, classes))
