"""Squared distances between all weights of a window: the one matrix that every observable of the walk needs."""

import numpy as np
import torch

ON_CPU = (64, 2**22)  # rows at a time, bytes of a block: what stays in a core's cache
ELSEWHERE = (256, 2**28)


def squared_distances(weights) -> torch.Tensor:
    """d2[i, j] = |w_i - w_j|^2 for weights [step, parameter], as float64 [step, step] on the weights' device.

    Each block of parameters is centred on its mean over the window and its Gram matrix accumulated in
    float64, so that short lags keep their digits however far the walk is from the origin. The relative
    error of |w_i - w_j|^2 is about 1e-16 (R / |w_i - w_j|)^2, with R the extent of the window.
    """
    weights = torch.as_tensor(weights)
    steps, parameters = weights.shape
    gram = torch.zeros(steps, steps, dtype=torch.float64, device=weights.device)
    rows, size = ON_CPU if weights.device.type == "cpu" else ELSEWHERE
    width = max(1, size // (8 * steps))
    for start in range(0, parameters, width):
        block = weights[:, start : start + width].to(torch.float64, copy=True)
        block -= block.mean(0)
        _add_gram(gram, block, rows)
    squares = gram.diagonal()
    result = (squares[:, None] + squares[None, :] - 2 * gram).clamp_(min=0).tril_(-1)
    return result + result.T


def _add_gram(gram: torch.Tensor, block: torch.Tensor, rows: int) -> None:
    """Add block @ block.T to the lower triangle of gram (and to some of what lies above it), `rows` rows at a time."""
    for start in range(0, len(block), rows):
        stop = min(start + rows, len(block))
        gram[start:stop, :stop].addmm_(block[start:stop], block[:stop].T)


def condensed(distance2: torch.Tensor) -> np.ndarray:
    """The pairs i < j of a symmetric matrix, row after row, as scipy.spatial.distance.squareform reads them."""
    rows, columns = np.triu_indices(len(distance2), 1)
    return distance2.cpu().numpy()[rows, columns]
