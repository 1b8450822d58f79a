"""Batch norm and dropout while a network is measured, and batches that are too small for batch norm."""

import copy

import torch
from torch import nn


def set_modes(model: nn.Module, batch_norm: str) -> None:
    """Training mode for batch norm alone if `batch_norm` is 'batch'; evaluation mode for everything else.

    Dropout is off, since in training mode each evaluation would be of another function. In training mode batch norm
    normalises with the batch's own statistics; the running statistics stay as they are. Batch norm that the network
    itself keeps in evaluation mode while it trains (frozen) stays in it.
    """
    model.train(batch_norm == "batch")
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 0.0
        else:
            module.training = False


def check_batch(model: nn.Module, inputs: torch.Tensor, where: str) -> None:
    """Raise ValueError, beginning with `where`, if `inputs` is one image and too few for the network's batch norm.

    inputs: [image, channel, row, column]; more than one image is never too few. The model stays as it is: a copy of
    it is tried.
    """
    if len(inputs) > 1:
        return
    tried = copy.deepcopy(model)
    set_modes(tried, "batch")
    try:
        with torch.no_grad():
            tried(inputs)
    except ValueError as error:
        raise ValueError(f"{where}: every batch must hold two images or more for batch norm ({error})") from None
