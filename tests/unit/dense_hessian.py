"""The Hessian of a small network in full, by torch's own second derivatives."""

import numpy as np
import torch
from torch import nn


def dense_hessian(model: nn.Module, batches) -> tuple[np.ndarray, float]:
    """(Hessian [parameter, parameter], loss) of the mean cross entropy of batches (inputs, labels) of equal size."""
    named = dict(model.named_parameters())
    shapes = [p.shape for p in named.values()]

    def loss(vector):
        parts = vector.split([shape.numel() for shape in shapes])
        weights = {name: part.view(shape) for name, part, shape in zip(named, parts, shapes, strict=True)}
        found = [
            nn.functional.cross_entropy(torch.func.functional_call(model, weights, (inputs,)), labels)
            for inputs, labels in batches
        ]
        return sum(found) / len(found)

    flat = torch.cat([p.detach().reshape(-1) for p in named.values()])
    return torch.autograd.functional.hessian(loss, flat).numpy(), float(loss(flat))
