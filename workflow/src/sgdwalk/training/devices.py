"""Where a run computes, and how exactly."""

import torch


def device(name: str) -> torch.device:
    """'cpu' or 'cuda'; 'auto' is a CUDA device where there is one."""
    here = torch.cuda.is_available()
    if name == "cuda" and not here:
        raise ValueError("device = 'cuda': must be auto or cpu where there is no CUDA device that torch can use")
    return torch.device(("cuda" if here else "cpu") if name == "auto" else name)


def allow_tf32(allowed: bool) -> None:
    """Let CUDA round the factors of products to ten binary digits, or not, in the whole process."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
