"""What a user's loop passes to the recorder: refused in one line where it is not what it must be."""

import contextlib
import numbers

import torch


def whole(name: str, value, least: int) -> int:
    """A whole number from `least` on; ValueError, naming it, for anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(f"{name} = {value!r}: must be a whole number from {least} on")
    return int(value)


def number(name: str, value) -> torch.Tensor | float:
    """One number, or a tensor of one as it is, on its device; ValueError, naming it, for anything else."""
    if torch.is_tensor(value):
        if value.numel() == 1 and not value.is_complex():
            return value.detach()
        raise ValueError(f"{name} of shape {tuple(value.shape)} and {value.dtype}: must be one real number")
    if not isinstance(value, str | bytes):
        with contextlib.suppress(TypeError, ValueError):
            return float(value)
    raise ValueError(f"{name} = {value!r}: must be one real number")


def check_rank() -> None:
    """Raise ValueError on all ranks of a distributed training but the first: every rank holds the same weights."""
    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    if distributed and (rank := torch.distributed.get_rank()):
        raise ValueError(f"Recorder on rank {rank}: must be made on rank 0 alone, all ranks hold the same weights")
