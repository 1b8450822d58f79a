"""The classification networks of torchvision (docs.pytorch.org/vision/stable/models.html), adapted to the images."""

import difflib

import torch
from torch import nn

from sgdwalk.data import torchvision_compat  # noqa: F401  repairs a torchvision that was built for another torch


def network(channels: int, size: int, classes: int, *, name: str, weights: str | None = None) -> nn.Module:
    """Network `name` of torchvision; its first convolution and last layer are replaced if the images need other shapes.

    weights: name of pretrained weights ('DEFAULT', 'IMAGENET1K_V1'), downloaded into PyTorch's cache unless they are
    there; the initialisation `pytorch` keeps them. resnet18 has 11,181,642 parameters for 10 classes.
    Input [image, channel, row, column], output logits [image, class]. Raises ValueError for an unknown name or images
    that the network cannot take, OSError where the weights cannot be downloaded.
    """
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        near = difflib.get_close_matches(name, known) or known
        raise ValueError(f"torchvision:{name}: no such classification network (there are: {', '.join(near)})")
    if weights is not None and weights not in (choices := list(models.get_model_weights(name).__members__)):
        raise ValueError(f"torchvision:{name}:{weights}: weights must be one of {', '.join(choices)}, or be left out")
    try:
        model = fitted(models.get_model(name, weights=weights, **sizes(name, size)), channels, classes)
        probe(model, channels, size, classes)
    except OSError as error:
        cache = f"{torch.hub.get_dir()}/checkpoints"
        raise OSError(f"torchvision:{name}:{weights}: neither in {cache} nor to be fetched: {error}") from None
    except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"torchvision:{name}: does not take images of {channels}x{size}x{size}: {reason}") from None
    return model


def sizes(name: str, size: int) -> dict[str, int | tuple[int, int]]:
    """The arguments of networks that are built for one size of image."""
    if name.startswith("vit"):
        return {"image_size": size}
    return {"input_size": (size, size)} if name.startswith("maxvit") else {}


def fitted(model: nn.Module, channels: int, classes: int) -> nn.Module:
    """The network with `channels` inputs, `classes` outputs and no auxiliary outputs."""
    convolutions = [(key, module) for key, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    linear = [(key, module) for key, module in model.named_modules() if isinstance(module, nn.Linear)]
    key, last = (linear or convolutions)[-1]
    if linear and last.out_features != classes:
        model.set_submodule(key, nn.Linear(last.in_features, classes, last.bias is not None))
    elif not linear and last.out_channels != classes:
        model.set_submodule(key, resized(last, last.in_channels, classes))
    key, first = convolutions[0]
    if first.in_channels != channels:
        model.set_submodule(key, resized(first, channels, first.out_channels))
    for name in ("aux1", "aux2", "AuxLogits"):
        if hasattr(model, name):
            setattr(model, name, None)
            model.aux_logits = False
    return model


def resized(old: nn.Conv2d, channels: int, width: int) -> nn.Conv2d:
    """A reinitialised convolution of other widths.

    For grey images its weights are the old ones summed over the channels: the same output as for the grey image in
    every channel.
    """
    new = nn.Conv2d(channels, width, old.kernel_size, old.stride, old.padding, bias=old.bias is not None)
    if channels == 1 and width == old.out_channels:
        with torch.no_grad():
            new.weight.copy_(old.weight.sum(1, keepdim=True))
            if old.bias is not None:
                new.bias.copy_(old.bias)
    return new


@torch.no_grad()
def probe(model: nn.Module, channels: int, size: int, classes: int) -> None:
    """Evaluate the network on one image, so that a network that does not fit fails here and not in the first step."""
    device = next(model.parameters()).device
    model.eval()
    shape = tuple(model(torch.zeros(1, channels, size, size, device=device)).shape)
    model.train()
    if shape != (1, classes):
        raise ValueError(f"its output has shape {shape}")
