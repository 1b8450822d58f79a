"""What theory predicts of SGD on a linear regression, with the gradient noise measured on its images."""

from typing import NamedTuple

import numpy as np

from sgdwalk.regression.design import Design
from sgdwalk.samplers import SHUFFLED
from sgdwalk.theory import DiscreteChain, ShuffledEpochs
from sgdwalk.theory.propagator import Propagator, conjugated

NOISES = ("as at the minimum", "along the path")


class Moments(NamedTuple):
    """mean [step, mode, 2] and covariance [step, mode, 2, 2] of (position, velocity) in some modes, and displacement
    E |W_k - W_0|^2 of all weights [step].
    """

    mean: np.ndarray
    covariance: np.ndarray
    displacement: np.ndarray


def chain(design: Design, sampler: str, **settings) -> DiscreteChain:
    """The exact chain of all modes, direction by direction and in each by class, under the noise at the minimum.

    settings: learning_rate, momentum, batch_size.
    """
    variance = design.gradient_variance()
    settings |= {"weight_decay": design.weight_decay, "gradient_variance": variance.ravel()}
    rho = np.repeat(design.eigenvalue, variance.shape[1])
    if sampler == SHUFFLED:
        return ShuffledEpochs(rho, examples=len(design.features), **settings)
    return DiscreteChain(rho, **settings)


def constant_noise(model: DiscreteChain, start: np.ndarray, steps: int, modes: np.ndarray) -> Moments:
    """Moments before steps 0 ... steps - 1 under the noise of the model.

    start: displacement from the minimum [mode], with velocity 0; modes: the positions of those that are given out.
    """
    times, begin = np.arange(steps), np.stack([start, np.zeros_like(start)], axis=1)
    some = type(model).of(model, modes)
    return Moments(some.mean(times, begin[modes]), some.covariance(times), model.total_displacement(times, begin))


def varying_noise(design: Design, model: DiscreteChain, start: np.ndarray, steps: int, modes: np.ndarray) -> Moments:
    """The same under the noise that walkers meet where they are, which is stronger off the minimum.

    With u the displacement from the minimum, of mean m and covariance C at this step, e the residual at the minimum
    and z the features, the variance of one example's gradient in direction i is

        Var z_i (e + z.m) + sum over j, k of E[z_i^2 z_j z_k] C_jk - rho_i^2 C_ii.

    The first term is exact, also between the batches of a shuffled epoch, whose noise cancels only as far as m stays
    the same. Of the sum the terms j = k are kept, all of it for Gaussian features; this part is taken as independent
    from batch to batch. Where 1 - beta and eta rho are small and no direction has most of tr H, stationary variances
    under independent batches are those of the model times 1 / (1 - x), x = eta tr H / (2 S (1 - beta)); from x = 1 on
    there are none.
    """
    shape = design.minimum.shape
    moved = np.flatnonzero(start.reshape(shape).any(axis=1))
    parts, spreading = design.gradient_covariance(moved), design.fourth_moments()
    state = _State(model, start, parts.reshape(len(start), len(moved) + 1, -1))
    mean, covariance, displacement = [], [], np.empty(steps)
    for step in range(steps):
        theta, both, delta = state.covariance()
        mean.append(np.stack(state.mean, axis=-1)[modes])
        covariance.append(np.stack([theta, both, both, delta], axis=-1)[modes])
        displacement[step] = ((state.mean[0] - start) ** 2 + theta).sum()
        at_mean = np.concatenate([np.ones((1, shape[1])), state.mean[0].reshape(shape)[moved]])
        state.advance(np.tile(at_mean, shape[0]), (spreading @ theta.reshape(shape)).ravel())
    unit = np.array([1, model.learning_rate])  # of (theta, eta v)
    covariance = np.reshape(covariance, (steps, len(modes), 2, 2)) / np.outer(unit, unit)
    return Moments(np.array(mean) / unit, covariance, displacement)


class _State:
    """Mean and covariance of (theta, eta v) in every mode, a step at a time under noise that changes.

    parts [mode, part, part]: covariance of the parts that one example's gradient is made of (gradient_covariance).
    Any two batches of an epoch have minus 1 / (N - 1) of it as their covariance. `apart` is the covariance of the
    state without that, three arrays [mode]; `shared` what the batches of this epoch did to (theta, eta v), for parts
    of size 1 [part, mode]: its square over N - 1 is what is missing.
    """

    def __init__(self, model: DiscreteChain, start: np.ndarray, parts: np.ndarray):
        e, beta, none = model.stiffness, model.momentum, np.zeros_like(start)
        self.one_step = Propagator(1 - e, e, beta, -e, beta)
        self.learning_rate, self.parts = model.learning_rate, parts
        self.sizes, self.others = [model.batch_size], np.inf
        if isinstance(model, ShuffledEpochs):
            self.sizes = [*[model.batch_size] * (model.batches - 1), model.last_batch]
            self.others = model.examples - 1
        self.mean, self.apart = (start, none), (none, none, none)
        self._new_epoch()

    def _new_epoch(self) -> None:
        self.batch, self.shared = 0, (np.zeros(self.parts.shape[1::-1]),) * 2

    def covariance(self) -> list[np.ndarray]:
        """Of theta, of theta and eta v, and of eta v [mode]."""
        theta, delta = self.shared
        pairs = (theta, theta), (theta, delta), (delta, delta)
        return [part - self._of_parts(*pair) / self.others for part, pair in zip(self.apart, pairs, strict=True)]

    def advance(self, weights: np.ndarray, spread: np.ndarray) -> None:
        """One batch. An example's gradient is the sum of its parts times weights [part, mode], and more, of variance
        `spread` [mode], that is independent between batches.
        """
        variance = self._of_parts(weights, weights) * (1 + 1 / self.others) + spread
        kick = self.learning_rate**2 * variance / self.sizes[self.batch]
        self.mean = self._moved(self.mean)
        self.apart = [part + kick for part in conjugated(self.one_step, *self.apart)]
        self.shared = [part + self.learning_rate * weights for part in self._moved(self.shared)]
        self.batch += 1
        if self.batch == len(self.sizes):
            self.apart = self.covariance()
            self._new_epoch()

    def _of_parts(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a.T * (self.parts @ b.T[..., None])[..., 0]).sum(axis=1)

    def _moved(self, pair):
        theta_theta, _, theta_velocity, velocity_theta, velocity_velocity = self.one_step
        theta, delta = pair
        return theta_theta * theta + theta_velocity * delta, velocity_theta * theta + velocity_velocity * delta
