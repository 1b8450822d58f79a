"""Squared distances between all weights of a window, the matrix that every observable of the walk is computed from."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from threadpoolctl import threadpool_limits

ON_CPU = 2**24  # bytes of a block: large enough that its product costs far more than the sum of products
SHARE = 1 / 4  # of the weights' memory: limit for the blocks and sums of all threads together
ELSEWHERE = 2**26  # bytes of a block on another device
ROWS = 256  # rows of the product at a time where there is no routine for symmetric products


def squared_distances(weights, centre: slice = slice(None)) -> torch.Tensor:
    """d2[i, j] = |w_i - w_j|^2 for weights [step, parameter], as float64 [step, step] on the weights' device.

    weights: tensor or array of any real dtype. centre: the steps whose mean is subtracted.

    Each block of parameters is centred on its mean over the steps `centre` and its Gram matrix accumulated in
    float64, so that short lags keep their digits however far the walk is from the origin. The relative error of
    |w_i - w_j|^2 is about 1e-16 (R / |w_i - w_j|)^2, with R the distance of i and j from that mean. On a CPU only half
    of the symmetric product is computed, and blocks are distributed over torch's number of threads.

    >>> squared_distances(torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]])).numpy().round(9)
    array([[ 0., 25.,  9.],
           [25.,  0., 16.],
           [ 9., 16.,  0.]])
    """
    weights = torch.as_tensor(weights)
    gram = _gram_on_cpu(weights, centre) if weights.device.type == "cpu" else _gram(weights, centre)
    squares = gram.diagonal()
    result = (squares[:, None] + squares[None, :] - 2 * gram).clamp_(min=0).tril_(-1)
    return result + result.T


def _gram_on_cpu(weights: torch.Tensor, centre: slice) -> torch.Tensor:
    """Sum of block @ block.T; the blocks are shared among threads, which scales better than the threads of BLAS."""
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
        total += np.dot(block, block.T, out=product)  # numpy uses the symmetry and releases the lock for other threads
    return total


def _gram(weights: torch.Tensor, centre: slice) -> torch.Tensor:
    """Sum of block @ block.T; only its lower triangle is complete."""
    gram = torch.zeros(len(weights), len(weights), dtype=torch.float64, device=weights.device)
    width = max(1, ELSEWHERE // (8 * len(weights)))
    for first in range(0, weights.shape[1], width):
        block = weights[:, first : first + width]
        block = block - block[centre].mean(0, dtype=torch.float64)  # float64, in one pass over memory
        for start in range(0, len(block), ROWS):
            stop = min(start + ROWS, len(block))
            gram[start:stop, :stop].addmm_(block[start:stop], block[:stop].T)
        del block  # before the next is made
    return gram


def condensed(distance2: torch.Tensor) -> np.ndarray:
    """The pairs i < j of a symmetric matrix [step, step], row after row: the condensed form of scipy."""
    rows, columns = np.triu_indices(len(distance2), 1)
    return distance2.cpu().numpy()[rows, columns]
