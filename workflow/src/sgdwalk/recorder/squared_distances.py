"""Squared distances between all weights of a window: the one matrix that every observable of the walk needs."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from threadpoolctl import threadpool_limits

ON_CPU = 2**24  # bytes of a block, whose product costs far more than adding it to the others
SHARE = 1 / 4  # of the weights' memory that the blocks and sums of all threads may take beside them
ELSEWHERE = 2**26  # bytes of a block on another device
ROWS = 256  # of the product that are made at a time where there is no symmetric one


def squared_distances(weights, centre: slice = slice(None)) -> torch.Tensor:
    """d2[i, j] = |w_i - w_j|^2 for weights [step, parameter], as float64 [step, step] on the weights' device.

    Each block of parameters is centred on its mean over the steps `centre` and its Gram matrix accumulated in
    float64, so that short lags keep their digits however far the walk is from the origin. The relative
    error of |w_i - w_j|^2 is about 1e-16 (R / |w_i - w_j|)^2, with R how far i and j are from that mean. On a CPU
    half of the product is enough, and blocks are spread over torch's number of threads.
    """
    weights = torch.as_tensor(weights)
    gram = _gram_on_cpu(weights, centre) if weights.device.type == "cpu" else _gram(weights, centre)
    squares = gram.diagonal()
    result = (squares[:, None] + squares[None, :] - 2 * gram).clamp_(min=0).tril_(-1)
    return result + result.T


def _gram_on_cpu(weights: torch.Tensor, centre: slice) -> torch.Tensor:
    """Sum of block @ block.T; a thread each for some of the blocks, which scales better than BLAS's own threads."""
    steps, parameters = weights.shape
    width = max(1, ON_CPU // (8 * steps))
    starts = range(0, parameters, width)
    room = int(SHARE * weights.nbytes) // (8 * steps * (width + 2 * steps))
    threads = max(1, min(torch.get_num_threads(), len(starts), room))
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        parts = [pool.submit(_summed, weights, starts[k::threads], width, centre) for k in range(threads)]
        return torch.from_numpy(sum(part.result() for part in parts))


def _summed(weights: torch.Tensor, starts: Iterable[int], width: int, centre: slice) -> np.ndarray:
    """Sum of block @ block.T over the blocks of `width` parameters that start here, centred and in float64."""
    total, product = np.zeros((2, len(weights), len(weights)))
    for start in starts:
        block = weights[:, start : start + width]
        block = (block.float() if block.dtype == torch.bfloat16 else block).numpy().astype(np.float64)
        block -= block[centre].mean(axis=0)
        total += np.dot(block, block.T, out=product)  # numpy sees the symmetry and leaves other threads the lock
    return total


def _gram(weights: torch.Tensor, centre: slice) -> torch.Tensor:
    """Lower triangle of the sum of block @ block.T, and some of what lies above it."""
    gram = torch.zeros(len(weights), len(weights), dtype=torch.float64, device=weights.device)
    width = max(1, ELSEWHERE // (8 * len(weights)))
    for first in range(0, weights.shape[1], width):
        block = weights[:, first : first + width].to(torch.float64, copy=True)
        block.sub_(block[centre].mean(0))
        for start in range(0, len(block), ROWS):
            stop = min(start + ROWS, len(block))
            gram[start:stop, :stop].addmm_(block[start:stop], block[:stop].T)
        del block  # before the next is made
    return gram


def condensed(distance2: torch.Tensor) -> np.ndarray:
    """The pairs i < j of a symmetric matrix, row after row, as scipy.spatial.distance.squareform reads them."""
    rows, columns = np.triu_indices(len(distance2), 1)
    return distance2.cpu().numpy()[rows, columns]
