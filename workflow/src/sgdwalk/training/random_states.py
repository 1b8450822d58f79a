"""The global random generators that a network may draw from: of torch, of Python and of NumPy."""
# ruff: noqa: NPY002  networks draw from the global generator of NumPy

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

HOST = ("torch", "python", "numpy")


def seed(value: int) -> None:
    """Seed all of them; NumPy takes the lowest 32 bits."""
    torch.manual_seed(value)
    random.seed(value)
    np.random.seed(value % 2**32)


def states(device: torch.device | str) -> dict[str, Any]:
    """Their states by name, of types that torch.load reads with weights_only; on CUDA also that of the device."""
    kind, keys, *rest = np.random.get_state()
    found = {"torch": torch.get_rng_state(), "python": random.getstate(), "numpy": (kind, tuple(keys.tolist()), *rest)}
    if torch.device(device).type == "cuda":
        found["cuda"] = torch.cuda.get_rng_state(device)
    return found


def restore(found: Mapping[str, Any], device: torch.device | str) -> None:
    """Continue from states."""
    torch.set_rng_state(found["torch"])
    random.setstate(found["python"])
    kind, keys, *rest = found["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), *rest))
    if torch.device(device).type == "cuda":
        torch.cuda.set_rng_state(found["cuda"], device)


def same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether the generators on the host are in the same states."""
    return torch.equal(a["torch"], b["torch"]) and all(a[name] == b[name] for name in HOST[1:])
