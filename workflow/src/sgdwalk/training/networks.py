"""A network as its factory returns it: checked, with all its state, and in a run's precision."""

import io
import pickle
from collections.abc import Callable

import torch
from torch import nn

from sgdwalk.data.images import Images
from sgdwalk.training import random_states

WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)
SAME = 1e-3  # two evaluations differ by less, relative to the largest logit, although sums on a GPU have no fixed order


def build(factory: Callable[..., nn.Module], images: Images, name: str, seed: int) -> nn.Module:
    """The network that `factory` builds for these images, with the global random generators seeded.

    name: of the network, for messages. Wrappers that copy it to several devices are taken off. All buffers become
    persistent, so that checkpoints hold whatever the network's output depends on, and have memory of their own.
    Raises ValueError for a factory that fails, and for what is no network, or none that can be recorded.
    """
    random_states.seed(seed)
    channels, side, classes = *images.train.shape[1:3], images.classes
    try:
        model = factory(channels, side, classes)
    except Exception as error:
        called = f"{channels} channels, {side} pixels a side, {classes} classes"
        raise ValueError(f"model = '{name}': fails for {called}: {one_line(error)}") from error
    if isinstance(model, WRAPPERS):
        model = model.module
    if reason := fault(model):
        raise ValueError(f"model = '{name}': {reason}")
    for module in model.modules():
        for key, buffer in module.named_buffers(recurse=False):
            module.register_buffer(key, buffer.clone() if expanded(buffer) else buffer)
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
    if shared := [key for key, p in parameters.items() if expanded(p)]:
        return f"must have parameters with memory of their own: {shared[0]} was expanded, make it contiguous"
    if unreal := [key for key, p in parameters.items() if p.is_complex()]:
        return f"must have real parameters: split {unreal[0]} into its real and imaginary parts"
    if not any(p.requires_grad and p.numel() for p in parameters.values()):
        return "must have trainable parameters"
    extra = {key: value for key, value in model.state_dict().items() if not isinstance(value, torch.Tensor)}
    if unreadable := [key for key, value in extra.items() if not readable(value)]:
        kind = type(extra[unreadable[0]]).__name__
        return f"must have an extra state of tensors, numbers and text: {unreadable[0]} is of type {kind}"
    return ""


def expanded(tensor: torch.Tensor) -> bool:
    """Whether several entries share one place in memory, as those of Tensor.expand do."""
    if tensor.layout != torch.strided:
        return False
    return any(stride == 0 and size > 1 for stride, size in zip(tensor.stride(), tensor.shape, strict=True))


def readable(value) -> bool:
    """Whether torch.load reads the value from a checkpoint, without unpickling objects."""
    file = io.BytesIO()
    try:
        torch.save(value, file)
        file.seek(0)
        torch.load(file, weights_only=True)
    except (pickle.PickleError, TypeError, AttributeError, RuntimeError):
        return False
    return True


def one_line(error: Exception) -> str:
    """Message of an error."""
    return " ".join(str(error).split())


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
    for an output that is not one tensor of logits [image, class], with all classes and in the precision of `inputs`,
    for a network that changes its input or what it consists of, and for one whose output depends on more than its
    input, parameters, buffers and the global random generators: it could not be resumed or evaluated again.
    """
    buffers = {key: buffer.clone() for key, buffer in model.named_buffers()}
    before, forms = random_states.states(inputs.device), forms_of(model)
    model.train()
    logits = evaluated(model, inputs, name)
    drew = not random_states.same(before, random_states.states("cpu"))
    if changed := {key for key, _ in forms.items() ^ forms_of(model).items()}:
        raise ValueError(f"model = '{name}': must have all its parameters and buffers, in the shape that they keep, "
            f"before it returns: {min(changed)} changes when it is called")  # fmt: skip
    put_back(model, buffers, before, inputs.device)
    if reason := logits_fault(logits, len(inputs), classes, inputs.dtype):
        raise ValueError(f"model = '{name}': must return logits [image, class] in {reason}")
    if changed := [key for key, p in model.named_parameters() if p.dtype != inputs.dtype]:
        raise ValueError(
            f"model = '{name}': must keep {inputs.dtype}, the run's dtype, but changes that of {changed[0]}"
        )
    again = evaluated(model, inputs, name)
    put_back(model, buffers, before, inputs.device)
    if not alike(logits, again, SAME):
        raise ValueError(f"model = '{name}': must give equal outputs for equal inputs and random states: draw from the "
            "global generators of torch, random or numpy, and keep what changes in buffers")  # fmt: skip
    return drew


def forms_of(model: nn.Module) -> dict[str, tuple]:
    """Shape of each parameter and buffer, and whether it is trained, by name."""
    tensors = (*model.named_parameters(), *model.named_buffers())
    return {key: (tuple(tensor.shape), tensor.requires_grad) for key, tensor in tensors}


def evaluated(model: nn.Module, inputs: torch.Tensor, name: str):
    """What the network returns. ValueError where it fails, or writes into its input, which analyses use again."""
    given = inputs.clone()
    try:
        found = model(given)
    except Exception as error:
        shape = "x".join(map(str, inputs.shape[1:]))
        raise ValueError(f"model = '{name}': fails on images of {shape}: {one_line(error)}") from error
    if not alike(given, inputs):
        raise ValueError(f"model = '{name}': must not change its input in place")
    return found


@torch.no_grad()
def alike(a: torch.Tensor, b: torch.Tensor, share: float = 0.0) -> bool:
    """Whether two tensors differ by at most this share of the largest value; always on meta, which has no values."""
    return a.is_meta or torch.allclose(a, b, rtol=0, atol=share * float(a.nan_to_num().abs().max()), equal_nan=True)


@torch.no_grad()
def put_back(model: nn.Module, buffers: dict[str, torch.Tensor], random: dict, device: torch.device) -> None:
    """Give buffers and random generators the values from before an evaluation."""
    for key, buffer in model.named_buffers():
        buffer.copy_(buffers[key])
    random_states.restore(random, device)


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
