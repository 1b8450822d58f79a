"""The device that a run computes on, and the precision of CUDA's products."""

import torch


def device(name: str) -> torch.device:
    """The device 'cpu' or 'cuda'; 'auto' is CUDA where it is available. ValueError for 'cuda' where it is not."""
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ValueError("device = 'cuda': must be auto or cpu where there is no CUDA device that torch can use")
    return torch.device(("cuda" if available else "cpu") if name == "auto" else name)


def allow_tf32(allowed: bool) -> None:
    """Allow or forbid TF32 on CUDA (products of factors rounded to ten binary digits), in the whole process."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
