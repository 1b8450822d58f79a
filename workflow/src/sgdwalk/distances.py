"""Squared distances between all weights of a window: the one matrix that every observable of the walk needs."""

import numpy as np
import torch
from scipy.linalg.blas import dsyrk
from threadpoolctl import threadpool_limits

ON_CPU = 2**22  # bytes of a block: what stays in a core's cache
ELSEWHERE = 2**28
ROWS = 256  # of the product that are made at a time where there is no symmetric one


def squared_distances(weights) -> torch.Tensor:
    """d2[i, j] = |w_i - w_j|^2 for weights [step, parameter], as float64 [step, step] on the weights' device.

    Each block of parameters is centred on its mean over the window and its Gram matrix accumulated in
    float64, so that short lags keep their digits however far the walk is from the origin. The relative
    error of |w_i - w_j|^2 is about 1e-16 (R / |w_i - w_j|)^2, with R the extent of the window. On a CPU half
    of the product is enough (BLAS dsyrk), in torch's own number of threads.
    """
    weights = torch.as_tensor(weights)
    gram = _gram_on_cpu(weights) if weights.device.type == "cpu" else _gram(weights)
    squares = gram.diagonal()
    result = (squares[:, None] + squares[None, :] - 2 * gram).clamp_(min=0).tril_(-1)
    return result + result.T


def _blocks(weights: torch.Tensor, size: int):
    """Blocks [step, some parameters] of `size` bytes in float64, centred on their means over the steps."""
    width = max(1, size // (8 * len(weights)))
    for start in range(0, weights.shape[1], width):
        block = weights[:, start : start + width].to(torch.float64, copy=True)
        yield block.sub_(block.mean(0))


def _gram_on_cpu(weights: torch.Tensor) -> torch.Tensor:
    """Lower triangle of the sum of block @ block.T."""
    gram = np.zeros((len(weights), len(weights)), order="F")
    with threadpool_limits(torch.get_num_threads(), "blas"):
        for block in _blocks(weights, ON_CPU):
            gram = dsyrk(1.0, block.numpy().T, beta=1.0, c=gram, trans=1, lower=1, overwrite_c=1)
    return torch.from_numpy(gram)


def _gram(weights: torch.Tensor) -> torch.Tensor:
    """Lower triangle of the sum of block @ block.T, and some of what lies above it."""
    gram = torch.zeros(len(weights), len(weights), dtype=torch.float64, device=weights.device)
    for block in _blocks(weights, ELSEWHERE):
        for start in range(0, len(block), ROWS):
            stop = min(start + ROWS, len(block))
            gram[start:stop, :stop].addmm_(block[start:stop], block[:stop].T)
    return gram


def condensed(distance2: torch.Tensor) -> np.ndarray:
    """The pairs i < j of a symmetric matrix, row after row, as scipy.spatial.distance.squareform reads them."""
    rows, columns = np.triu_indices(len(distance2), 1)
    return distance2.cpu().numpy()[rows, columns]
