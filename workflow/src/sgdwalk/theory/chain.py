"""SGD with momentum on a quadratic loss, exactly as its steps go: the discrete chain."""

from functools import cached_property

import numpy as np

from sgdwalk.theory import impulse_response
from sgdwalk.theory.process import Modes, Process
from sgdwalk.theory.propagator import Propagator


class DiscreteChain(Process):
    """The update of SGD with independent batches, mode by mode, without approximation.

    With a = rho + lambda, e = eta a, s^2 the variance of a minibatch's gradient noise (one example's over S) and
    the state x = (theta, v):

        x_{k+1} = M x_k + noise,  M = [[1 - e, eta beta], [-a, beta]],  N = Cov noise = s^2 [[eta^2, eta], [eta, 1]].

    Stationary: Var v = s^2 / (1 - beta^2) / (1 - e / (2 (1 + beta))), Var theta = eta (1 + beta) Var v / (2 a) and
    Cov(theta, v) = eta Var v / 2, which solve C = M C M' + N (for theta see Liu, Ziyin & Ueda 2021, arXiv 2012.03636):
    those of `Langevin` over 1 - e / (2 (1 + beta)), and a covariance. Stable for 0 <= e < 2 (1 + beta);
    it oscillates for (1 - sqrt beta)^2 < e < (1 + sqrt beta)^2, with modulus sqrt(beta) and the angle
    arccos((1 + beta - e) / (2 sqrt beta)) a step. A mode beyond e = 1 + beta alternates
    its sign: times (-1)^k it is the mode of 2 (1 + beta) - e, by which it is computed.

    >>> DiscreteChain([5.0, 0.1], learning_rate=0.1, momentum=0.9, weight_decay=0.0, batch_size=32).speed().round(5)
    array([0.00947, 0.00016])
    """

    allowed_steps = "whole numbers of at least 0"
    stable_range = "in [0, 2 (1 + beta))"

    def modes(self) -> Modes:
        """Regime, frequency and damping: roots of z^2 - (1 + beta - e) z + beta, exp(-damping +- 2 pi i frequency)."""
        e, beta, gap = self.stiffness, self.momentum, impulse_response.discriminant(self.stiffness, self.momentum)
        oscillates, high = gap < 0, self._high
        regime = np.select(
            [(e < 0) | (e >= 2 * (1 + beta)), e == 0, oscillates, gap == 0, high],
            ["unstable", "free", "underdamped", "critical", "alternating"],
            "overdamped",
        )
        angle = np.arctan2(np.sqrt(np.maximum(-gap, 0)), 1 + beta - e) / (2 * np.pi)
        frequency = np.where(oscillates, angle, np.where(high, 0.5, 0.0))
        return Modes(regime, frequency, impulse_response.chain_decay(self._folded, beta))

    @cached_property
    def _high(self) -> np.ndarray:
        return self.stiffness > 1 + self.momentum

    @cached_property
    def _folded(self) -> np.ndarray:
        return np.where(self._high, 2 * (1 + self.momentum) - self.stiffness, self.stiffness)

    def _allowed(self, steps) -> np.ndarray:
        return steps == np.floor(steps)

    def _response(self, steps) -> impulse_response.ChainResponse:
        """Impulse response; modes beyond e = 1 + beta with their alternating signs."""
        return self._unfolded(impulse_response.chain(self._folded, self.momentum, steps), steps)

    def _unfolded(self, folded: impulse_response.ChainResponse, steps) -> impulse_response.ChainResponse:
        high = self._high
        if not high.any():
            return folded
        now, after, total = (part.copy() for part in folded)
        now[high] *= 2 * (steps % 2) - 1
        after[high] *= 1 - 2 * (steps % 2)
        total[high] = (1 - after[high] + self.momentum * now[high]) / self.stiffness[high, None]
        return impulse_response.ChainResponse(now, after, total)

    def _propagator(self, steps) -> Propagator:
        """M^t = p_t M - beta p_{t-1} I (Cayley and Hamilton)."""
        now, after, total = self._response(steps)
        e, beta = self.stiffness[:, None], self.momentum
        return Propagator(after - beta * now, e * total, beta * now, -e * now, after - (1 - e) * now)

    def _noise_covariance(self, steps):
        """Sums over j <= t of p_j^2, p_j (p_j - p_{j-1}) and (p_j - p_{j-1})^2."""
        folded = impulse_response.chain(self._folded, self.momentum, steps)
        now, after, _ = self._unfolded(folded, steps)
        theta = impulse_response.squares(self._folded, self.momentum, folded)
        both = (self.stiffness[:, None] * theta + after * now) / (1 + self.momentum)
        return theta, both, 2 * both - now**2

    def _stationary_displacement(self, steps):
        """2 (C - M^t C)_11 with the stationary C: Var v times (1 + beta) (p_0 + ... + p_t) - beta p_t."""
        now, _, total = self._response(steps)
        return self._velocity_variance[:, None] * ((1 + self.momentum) * total - self.momentum * now)

    @property
    def _velocity_variance(self) -> np.ndarray:
        return 1 / ((1 - self.momentum) * (1 + self.momentum - self.stiffness / 2))

    def _stationary(self):
        velocity = self._velocity_variance
        with np.errstate(divide="ignore"):
            return (1 + self.momentum) * velocity / (2 * self.stiffness), velocity / 2, velocity

    def _power(self, f):
        """|1 / ((1 - z) (1 - beta z) + e z)|^2 with z = exp(-2 pi i f) for theta, times |1 - z|^2 for eta v."""
        z, e = np.exp(-2j * np.pi * f), self.stiffness[:, None]
        step, momentum = 2j * np.sin(np.pi * f) * np.exp(-1j * np.pi * f), 1 - self.momentum * z
        with np.errstate(divide="ignore", invalid="ignore"):
            theta = 1 / np.abs(step * momentum + e * z) ** 2
            return theta, np.where(e == 0, 1 / np.abs(momentum) ** 2, theta * np.abs(step) ** 2)
