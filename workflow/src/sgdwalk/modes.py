"""What a network does with batch norm and dropout while its curvature and its loss surface are measured."""

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
