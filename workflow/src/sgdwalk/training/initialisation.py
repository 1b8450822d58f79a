"""Weight initialisations, by name."""

import functools
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils import parametrize

LINEAR_STD = 1e-3


def kaiming(model: nn.Module, generator: torch.Generator) -> list[str]:
    """Initialise in place as the published code of Chen et al. (2022) does; the names of the layers it is done for.

    Convolutions: Kaiming normal, fan in (He et al. 2015); linear weights: normal, standard deviation 1e-3; biases: 0;
    batch-norm weights: 1. A parametrised weight (torch.nn.utils.parametrize) takes the drawn value as far as its
    parametrisation allows: exactly under weight_norm, in direction alone under spectral_norm.
    Raises ValueError for a weight that cannot be set.
    """
    weights = {
        nn.Conv2d: functools.partial(nn.init.kaiming_normal_, mode="fan_in", generator=generator),
        nn.Linear: functools.partial(nn.init.normal_, std=LINEAR_STD, generator=generator),
        nn.BatchNorm2d: nn.init.ones_,
    }
    drawn = []
    for name, module in model.named_modules():
        draw = next((function for kind, function in weights.items() if isinstance(module, kind)), None)
        if draw and module.weight is not None:
            _set(module, "weight", draw, name)
            drawn.append(name)
        if draw and module.bias is not None:
            _set(module, "bias", nn.init.zeros_, name)
    return drawn


@torch.no_grad()
def _set(module: nn.Module, key: str, draw: Callable[[torch.Tensor], torch.Tensor], name: str) -> None:
    """Give the parameter `key` of a module the value that `draw` fills a tensor with."""
    if key in module._parameters:
        draw(module._parameters[key])
        return
    try:
        if not parametrize.is_parametrized(module, key):
            raise TypeError("computed by a hook")
        setattr(module, key, draw(torch.empty_like(getattr(module, key))))
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"init = 'kaiming': cannot set {name}.{key}: use init = pytorch ({reason})") from None


def pytorch(model: nn.Module, generator: torch.Generator) -> list[str]:
    """PyTorch's defaults: keep the weights that the modules were created with, from the global seed."""
    return []


INITIALISATIONS = {"kaiming": kaiming, "pytorch": pytorch}
