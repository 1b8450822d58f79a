"""What a network does with batch norm and dropout while it is measured, and which batch is too small for it."""

import copy

import torch
from torch import nn


def set_modes(model: nn.Module, batch_norm: str) -> None:
    """Training mode for batch norm alone if `batch_norm` is 'batch', evaluation mode for all else.

    Dropout in training mode would make another function of each evaluation. The batches' own statistics
    normalise, and are never kept. A network that holds its batch norm frozen while it trains keeps it so.
    """
    model.train(batch_norm == "batch")
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 0.0
        else:
            module.training = False


def check_batch(model: nn.Module, inputs: torch.Tensor, where: str) -> None:
    """ValueError that begins with `where` if these inputs are one image, too few for the network's batch norm.

    Tried on a copy of the model, whose statistics may change; inputs of more than one image are not tried.
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
