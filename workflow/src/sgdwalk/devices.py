"""Where a run computes, and how exactly."""

import torch


def device(name: str) -> torch.device:
    """'cpu' or 'cuda'; 'auto' is a CUDA device where there is one."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


def allow_tf32(allowed: bool) -> None:
    """Let CUDA round the factors of products to ten binary digits, or not, in the whole process."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
