"""Signs that what is recorded is not what is trained: a warning for each kind, and a status for the file."""

import warnings

import numpy as np
from torch import nn

from sgdwalk.storage.run_files import RECORDED

ROUNDING = 1e-6  # of |w|: ten times that of float32


class Faults:
    """Looks at the model and at each window, and warns of each kind of fault once.

    model: whose trainable parameters are recorded. Parameters that stop being trained are no fault.
    """

    def __init__(self, model: nn.Module):
        self.model, self.known = model, trainable(model)
        self.precision = {name: p.dtype for name, p in self.known.items()}
        self.found: dict[str, str] = {}
        self.moved = False

    @property
    def status(self) -> str:
        """What was found; RECORDED where nothing was."""
        return "; ".join(self.found.values()) or RECORDED

    def look_at_model(self, step: int) -> None:
        """Compare the model's parameters with those that are recorded."""
        present = {id(p) for p in self.model.parameters()}
        lost = [name for name, p in self.known.items() if id(p) not in present]
        recorded = {id(p) for p in self.known.values()}
        new = [name for name, p in trainable(self.model).items() if id(p) not in recorded]
        if names := ", ".join(dict.fromkeys(lost + new)):
            self._note("parameters", f"parameters that are not recorded, new or replaced before step {step}: {names}")
        if names := ", ".join(name for name, p in self.known.items() if p.dtype != self.precision[name]):
            self._note("precision", f"weights of another precision before step {step}: {names}")

    def look_at_window(self, first: int, lengths: np.ndarray, gradient_norm: np.ndarray, size: float) -> None:
        """Look at a window that begins at step `first`: lengths of its steps, its gradients' norms, |w| at its start.

        A walk that has moved and then rests, although there are gradients, has converged.
        """
        where = f"in steps {first} to {first + len(gradient_norm) - 1}"
        still, flat = len(lengths) > 0 and not lengths.any(), not gradient_norm.any()
        converged = self.moved and still and any(p.grad is not None for p in self.known.values())
        diverged = len(lengths) < len(gradient_norm) - 1
        rests = 0 if self.moved or diverged else resting(lengths, size)
        self.moved |= not still
        if still and not converged:
            self._note("steps", f"weights do not move {where}: is this the model that is trained?")
        if flat and not converged:
            self._note("gradients", f"all gradients are zero or None {where}: record() belongs after backward()")
        if 2 * rests >= max(2, len(lengths) - 1):
            self._note("rests", f"weights rest at {rests} steps {where}: record() belongs once before each update")

    def _note(self, kind: str, message: str) -> None:
        if kind not in self.found:
            self.found[kind] = message
            warnings.warn(f"Recorder: {message}", RuntimeWarning, stacklevel=2)


def resting(lengths: np.ndarray, size: float) -> int:
    """Number of steps of length 0 between moves, as gradients that are accumulated over several calls make them.

    size: |w|. Moves within the rounding of the weights are those of a walk that has converged: 0 for these.
    """
    moves = np.flatnonzero(lengths)
    if not len(moves) or np.median(lengths[moves]) < ROUNDING * size:
        return 0
    return int((lengths[: moves[-1]] == 0).sum())


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are recorded, by name."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad and p.numel()}
