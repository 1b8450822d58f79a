"""Simulated modes of SGD: what estimates of a run of this length do by chance."""

from collections.abc import Iterator

import numpy as np

from sgdwalk.limiting.child import Child

FREE = 1e-9  # stiffness that is none within a billion steps
EDGE = 1e-3  # relative distance kept from the edge of stability, where nothing is stationary
NUMBERS = 2**21  # simulated at a time


def simulated(
    child: Child, stiffness: float, steps: int, copies: int, examples: int, rng
) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """(position, gradient, stiffness) of stationary modes of a stiffness eta (rho + lambda), under Gaussian noise and
    the child's own sampler: arrays [step, copy], a block of copies at a time.

    In units in which eta is 1, lambda 0, and the gradient of one example has the variance 1: the curvature is the
    stiffness. It is moved into the stable range where it lies outside. Epochs begin with the first step.
    """
    from scipy.signal import lfilter  # slow to import: for those that need it

    stiffness = float(np.clip(stiffness, FREE, 2 * (1 + child.momentum) * (1 - EDGE)))
    unit = Child(1.0, child.momentum, 0.0, child.batch_size, child.sampler)
    theory = unit.theory([stiffness], 1.0, examples)
    begin = root(theory.stationary()[0] if child.independent else theory.by_phase()[0, 0])
    inertia = 1 + child.momentum - stiffness
    for done in range(0, copies, block := max(1, NUMBERS // steps)):
        noise = batch_noise(unit, steps, min(block, copies - done), examples, rng)
        now, velocity = begin @ rng.standard_normal((2, len(noise)))
        memory = np.stack([inertia * now - child.momentum * (now - velocity), -child.momentum * now], axis=1)
        after, _ = lfilter([1.0], [1.0, -inertia, child.momentum], -noise, zi=memory)
        position = np.concatenate([now[:, None], after[:, :-1]], axis=1)
        yield position.T, (stiffness * position + noise).T, stiffness


def root(covariance: np.ndarray) -> np.ndarray:
    """A matrix R with R R' the covariance, also where rounding has made that slightly indefinite."""
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0))


def batch_noise(child: Child, steps: int, copies: int, examples: int, rng) -> np.ndarray:
    """Gaussian noise of batches [copy, step], of variance 1 for one example.

    In shuffled epochs the mean over all examples is subtracted: covariance N / (N - 1) (delta_ij / S_i - 1 / N).
    """
    if child.independent:
        return rng.standard_normal((copies, steps)) / np.sqrt(child.batch_size)
    size = child.batches(examples)
    sums = rng.standard_normal((copies, -(-steps // len(size)), len(size))) * np.sqrt(size)
    noise = sums / size - sums.sum(axis=2, keepdims=True) / examples
    return noise.reshape(copies, -1)[:, :steps] * np.sqrt(examples / (examples - 1))
