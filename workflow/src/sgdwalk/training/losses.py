"""Loss functions of (logits [batch, class], labels [batch]) by name; each is a mean over the batch."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn import functional


def targets(logits: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Probabilities [batch, class]: 1 - smoothing for the label, and `smoothing` shared by all classes."""
    hot = functional.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return hot * (1 - smoothing) + smoothing / logits.shape[1]


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor, *, smoothing: float = 0.0) -> torch.Tensor:
    """Cross-entropy of the softmax against the targets."""
    return functional.cross_entropy(logits, labels, label_smoothing=smoothing)


def divergence(logits: torch.Tensor, labels: torch.Tensor, *, smoothing: float = 0.0) -> torch.Tensor:
    """Kullback-Leibler divergence of the softmax from the targets: cross-entropy less the targets' entropy.

    Its gradient is that of cross-entropy, and without smoothing so is its value.
    """
    aim = targets(logits, labels, smoothing)
    return functional.kl_div(logits.log_softmax(1), aim, reduction="batchmean")


def squared_error(logits: torch.Tensor, labels: torch.Tensor, *, smoothing: float = 0.0) -> torch.Tensor:
    """Mean squared difference between the softmax and the targets."""
    return functional.mse_loss(logits.softmax(1), targets(logits, labels, smoothing))


OBJECTIVES = {"cross-entropy": cross_entropy, "kl-divergence": divergence, "mse": squared_error}


def objective(run: Mapping[str, Any]) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The loss function that a run minimises."""
    return functools.partial(OBJECTIVES[run["loss"]], smoothing=run["label_smoothing"])
