"""A network as its factory returns it: checked, with all its state, and in a run's precision."""

from collections.abc import Callable

import torch
from torch import nn

from sgdwalk.data.images import Images
from sgdwalk.training import random_states

WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def build(factory: Callable[..., nn.Module], images: Images, name: str, seed: int) -> nn.Module:
    """The network that `factory` builds for these images, with the global random generators seeded.

    name: of the network, for messages. Wrappers that copy it to several devices are taken off. All buffers become
    persistent, so that checkpoints hold whatever the network's output depends on.
    Raises ValueError for what is no network, or none that can be recorded.
    """
    random_states.seed(seed)
    model = factory(*images.train.shape[1:3], images.classes)
    if isinstance(model, WRAPPERS):
        model = model.module
    if reason := fault(model):
        raise ValueError(f"model = '{name}': {reason}")
    for module in model.modules():
        for key, buffer in module.named_buffers(recurse=False):
            module.register_buffer(key, buffer)
    return model


def fault(model) -> str:
    """Why a network cannot be trained and measured; empty where it can."""
    if not isinstance(model, nn.Module):
        return f"must return an nn.Module, not {type(model).__name__}"
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        return "must return the nn.Module itself, not a ScriptModule: the layers of that cannot be told apart"
    parameters = dict(model.named_parameters())
    if lazy := [key for key, p in parameters.items() if nn.parameter.is_lazy(p)]:
        return f"must call its lazy layers once before it returns: {lazy[0]} has no shape yet"
    if unreal := [key for key, p in parameters.items() if p.is_complex()]:
        return f"must have real parameters: split {unreal[0]} into its real and imaginary parts"
    if not any(p.requires_grad and p.numel() for p in parameters.values()):
        return "must have trainable parameters"
    return ""


def cast(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """The network in a precision, in place; complex buffers stay complex, where Module.to drops imaginary parts."""

    def converted(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.is_complex():
            return tensor.to(dtype.to_complex())
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    return model._apply(converted)


def check_logits(model: nn.Module, inputs: torch.Tensor, classes: int, name: str) -> bool:
    """Evaluate the network in training mode; whether it draws random numbers on the host while it does.

    inputs: [image, channel, row, column]. Buffers and random generators are as before afterwards. Raises ValueError
    for an output that is not one tensor of logits [image, class], with all classes and in the precision of `inputs`.
    """
    buffers = {key: buffer.clone() for key, buffer in model.named_buffers()}
    before = random_states.states(inputs.device)
    model.train()
    try:
        logits = model(inputs)
    except Exception as error:
        shape = "x".join(map(str, inputs.shape[1:]))
        reason = " ".join(str(error).split())
        raise ValueError(f"model = '{name}': fails on images of {shape}: {reason}") from error
    drew = not random_states.same(before, random_states.states("cpu"))
    with torch.no_grad():
        for key, buffer in model.named_buffers():
            buffer.copy_(buffers[key])
    random_states.restore(before, inputs.device)
    if reason := logits_fault(logits, len(inputs), classes, inputs.dtype):
        raise ValueError(f"model = '{name}': must return logits [image, class] in {reason}")
    if changed := [key for key, p in model.named_parameters() if p.dtype != inputs.dtype]:
        raise ValueError(
            f"model = '{name}': must keep {inputs.dtype}, the run's dtype, but changes that of {changed[0]}"
        )
    return drew


def logits_fault(logits, images: int, classes: int, dtype: torch.dtype) -> str:
    """What is wrong with the output for so many images; empty where nothing is."""
    wanted = f"one tensor of shape ({images}, {classes}) and {dtype}, not "
    if not isinstance(logits, torch.Tensor):
        return f"{wanted}a {type(logits).__name__}"
    if logits.ndim != 2 or len(logits) != images or logits.shape[1] < classes:
        return f"{wanted}of shape {tuple(logits.shape)}"
    if logits.dtype != dtype:
        return f"{wanted}{logits.dtype}"
    return "" if logits.requires_grad else f"{wanted}cut off from its parameters"
