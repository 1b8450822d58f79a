"""What a user's loop passes to the recorder: refused in one line where it is not what it must be."""

import contextlib
import math
import numbers
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

LONGEST = 200  # characters of a value in a message


def whole(name: str, value, least: int) -> int:
    """A whole number from `least` on; ValueError, naming it, for anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} = {_said(value)}: must be a whole number from {least} on")
    return int(value)


def steps(name: str, values) -> list[int]:
    """Steps in their order, each once; ValueError, naming them, for what is no list of whole numbers from 0 on."""
    with contextlib.suppress(TypeError, ValueError):
        return sorted({whole(name, value, 0) for value in values})
    raise ValueError(f"{name} = {_said(values)}: must be steps, 0 or above")


def flag(name: str, value) -> bool:
    """True or False; ValueError, naming it, for anything else, such as the text 'no', which Python takes for true."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} = {_said(value)}: must be True or False")
    return value


def number(name: str, value) -> torch.Tensor | float:
    """One number, or a tensor of one as it is, on its device; ValueError, naming it, for anything else."""
    if torch.is_tensor(value):
        if value.numel() == 1 and not value.is_complex():
            return value.detach()
        raise ValueError(f"{name} of shape {tuple(value.shape)} and {value.dtype}: must be one real number")
    if not isinstance(value, str | bytes):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return float(value)
    raise ValueError(f"{name} = {_said(value)}: must be one real number")


def of_epoch(name: str, value) -> float:
    """A loss, or an error rate, which lies between 0 and 1; ValueError, naming it, for anything else."""
    found = float(number(name, value))
    if name.endswith("_error") and not (math.isnan(found) or 0 <= found <= 1):
        raise ValueError(f"{name} = {found}: must be a share of the images, from 0 to 1")
    return found


def check_model(model) -> None:
    """Raise ValueError for what is no network, and for one whose parameters have no values yet."""
    if not isinstance(model, nn.Module):
        raise ValueError(f"model: must be the network itself, an nn.Module, not {_kind(model)}")
    for name, p in model.named_parameters():
        if nn.parameter.is_lazy(p):
            raise ValueError(f"model: must have its weights before it is recorded, {name} has none yet")


def check_rank() -> None:
    """Raise ValueError on all ranks of a distributed training but the first: every rank holds the same weights."""
    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    if distributed and (rank := torch.distributed.get_rank()):
        raise ValueError(f"Recorder on rank {rank}: must be made on rank 0 alone, all ranks hold the same weights")


def noted(settings) -> dict[str, Any]:
    """Settings as JSON can hold them, of a mapping or of the attributes of an object such as argparse's Namespace.

    Numbers and arrays of NumPy and torch become those of Python; what JSON has no form for becomes text. ValueError
    for anything else.
    """
    given = (
        {} if settings is None else settings if isinstance(settings, Mapping) else getattr(settings, "__dict__", None)
    )
    if given is None:
        raise ValueError(f"settings = {_said(settings)}: must be values by name, as a dict")
    return _plain(given)


def _plain(value) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _said(value) -> str:
    """A value in one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _kind(value) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
