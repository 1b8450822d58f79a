"""How a network's weights begin, by name."""

import torch
from torch import nn

LINEAR_STD = 1e-3


def kaiming(model: nn.Module, generator: torch.Generator) -> None:
    """The published code's start: Kaiming normal convolutions (fan in), linear weights N(0, 1e-3^2).

    Biases are 0 and batch-norm weights 1, in place.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", generator=generator)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=LINEAR_STD, generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
        if getattr(module, "bias", None) is not None and isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
            nn.init.zeros_(module.bias)


def pytorch(model: nn.Module, generator: torch.Generator) -> None:
    """PyTorch's own start: what the modules drew when they were made, from the global seed."""


INITIALISATIONS = {"kaiming": kaiming, "pytorch": pytorch}
