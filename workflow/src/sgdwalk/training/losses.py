"""Loss functions of (logits [batch, class], labels [batch]) by name; each is a mean over the batch."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn import functional


def targets(logits: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Target probabilities [batch, class]: 1 - smoothing for the label, plus smoothing / classes for every class."""
    hot = functional.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return hot * (1 - smoothing) + smoothing / logits.shape[1]


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor, *, smoothing: float = 0.0) -> torch.Tensor:
    """Cross-entropy of the softmax relative to the targets, in nats."""
    return functional.cross_entropy(logits, labels, label_smoothing=smoothing)


def divergence(logits: torch.Tensor, labels: torch.Tensor, *, smoothing: float = 0.0) -> torch.Tensor:
    """Kullback-Leibler divergence of the softmax from the targets: cross-entropy minus the targets' entropy, in nats.

    Its gradient equals that of cross-entropy; without smoothing its value does too.
    """
    expected = targets(logits, labels, smoothing)
    return functional.kl_div(logits.log_softmax(1), expected, reduction="batchmean")


def squared_error(logits: torch.Tensor, labels: torch.Tensor, *, smoothing: float = 0.0) -> torch.Tensor:
    """Mean squared difference between the softmax and the targets, over images and classes."""
    return functional.mse_loss(logits.softmax(1), targets(logits, labels, smoothing))


OBJECTIVES = {"cross-entropy": cross_entropy, "kl-divergence": divergence, "mse": squared_error}


def objective(run: Mapping[str, Any]) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The loss function of (logits, labels) that a run minimises, from its settings `loss` and `label_smoothing`."""
    return functools.partial(OBJECTIVES[run["loss"]], smoothing=run["label_smoothing"])
