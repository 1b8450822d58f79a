"""SGD with momentum on a linear regression, many walkers at once."""

from collections.abc import Iterator

import numpy as np

from sgdwalk.regression.design import Design
from sgdwalk.samplers import INDEPENDENT

BLOCK = 2**18  # features of the images in the batches of a block of walkers: they stay in the processor's cache


def walk(
    design: Design, start: np.ndarray, *, lr: float, momenta, batch_size: int, sampler: str, walkers: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions and velocities before each step, without end, both [walker, direction, momentum, class].

        v <- momentum v - (gradient of the batch's loss + weight_decay W),  W <- W + lr v.

    Positions are counted from the minimum; a walker has its batches for itself, the same ones for all momenta.
    start: displacement from the minimum [direction, class]; velocities are 0 there. The arrays that are given out
    change with the next step.
    """
    momenta = np.repeat(momenta, start.shape[1])
    position = np.tile(start, (walkers, 1, len(momenta) // start.shape[1]))
    velocity = np.zeros_like(position)
    residual = np.tile(design.residual, position.shape[2] // start.shape[1])
    pull = design.weight_decay * np.tile(design.minimum, position.shape[2] // start.shape[1])
    shape = (walkers, len(design.eigenvalue), -1, start.shape[1])
    for batch in batches(sampler, len(design.features), batch_size, walkers, np.random.default_rng(seed)):
        yield position.reshape(shape), velocity.reshape(shape)
        for some in _blocks(walkers, batch.shape[1] * len(design.eigenvalue)):
            gradient = _gradient(design.features[batch[some]], residual[batch[some]], position[some])
            velocity[some] *= momenta
            velocity[some] -= gradient
            if design.weight_decay:
                velocity[some] -= design.weight_decay * position[some] + pull
            position[some] += lr * velocity[some]


def batches(sampler: str, images: int, batch_size: int, walkers: int, rng) -> Iterator[np.ndarray]:
    """Indices of the images of one batch of every walker [walker, image], batch after batch without end.

    sampler 'independent': drawn with replacement; 'shuffled-epochs': every image once an epoch, in batches of
    `batch_size` and a shorter last one.
    """
    while sampler == INDEPENDENT:
        yield rng.integers(images, size=(walkers, batch_size))
    while True:
        order = rng.permuted(np.tile(np.arange(images), (walkers, 1)), axis=1)
        yield from (order[:, first : first + batch_size] for first in range(0, images, batch_size))


def _gradient(features, residual, position) -> np.ndarray:
    """Mean of z (z.position + residual) over each walker's batch [walker, direction, column]."""
    error = features @ position + residual
    return features.transpose(0, 2, 1) @ error / features.shape[1]


def _blocks(walkers: int, size: int) -> Iterator[slice]:
    """Slices of the walkers, each with `size` features in its batch."""
    width = max(1, BLOCK // size)
    return (slice(first, first + width) for first in range(0, walkers, width))
