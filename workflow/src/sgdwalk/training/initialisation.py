"""Weight initialisations, by name."""

import torch
from torch import nn

LINEAR_STD = 1e-3


def kaiming(model: nn.Module, generator: torch.Generator) -> None:
    """Initialise in place as the published code of Chen et al. (2022) does.

    Convolutions: Kaiming normal, fan in (He et al. 2015); linear weights: normal, standard deviation 1e-3; biases: 0;
    batch-norm weights: 1.
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
    """PyTorch's defaults: keep the weights that the modules were created with, from the global seed."""


INITIALISATIONS = {"kaiming": kaiming, "pytorch": pytorch}
