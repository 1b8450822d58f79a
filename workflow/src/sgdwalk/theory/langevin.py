"""SGD in continuous time: the underdamped Langevin equation of each mode (Kunin et al. 2024)."""

import numpy as np

from sgdwalk.theory import impulse_response
from sgdwalk.theory.process import Modes, Process
from sgdwalk.theory.propagator import Propagator


class Langevin(Process):
    """The Langevin model of SGD with independent batches, mode by mode, in time t = eta k.

        d theta = v dt,  dv = -(2 / (eta (1 + beta))) [(rho + lambda) theta + (1 - beta) v] dt
                              + (2 s / (sqrt(eta) (1 + beta))) dW,

    with s^2 the variance of a minibatch's gradient noise (one example's over S). It is a damped oscillator of damping
    gamma = (1 - beta) / (eta (1 + beta)) and frequency omega^2 = 2 (rho + lambda) / (eta (1 + beta)), underdamped for
    gamma < omega. Stationary: Var v = s^2 / (1 - beta^2), Var theta = eta s^2 / (2 (1 - beta) (rho + lambda)), no
    covariance. Steps need not be whole; gamma and omega are per unit of t, so that gamma eta is per step.

    Close to `DiscreteChain` for eta (rho + lambda) << 2 (1 + beta) and from about 1 / (1 - beta) steps on. Without
    momentum it is wrong: it oscillates for eta (rho + lambda) > 1/2, and never becomes unstable.
    The displacement within one step is less than that of the step, `speed`: v changes on the way.
    """

    allowed_steps = "at least 0"
    stable_range = "at least 0"

    @property
    def gamma(self) -> float:
        """Damping of v is 2 gamma, per unit of t."""
        return (1 - self.momentum) / (self.learning_rate * (1 + self.momentum))

    @property
    def omega2(self) -> np.ndarray:
        """Squared angular frequency without damping, per unit of t squared [mode]."""
        return 2 * (self.rho + self.weight_decay) / (self.learning_rate * (1 + self.momentum))

    def modes(self) -> Modes:
        """Regime, frequency sqrt(omega^2 - gamma^2) eta / (2 pi) and damping (gamma eta where underdamped)."""
        excess = self._omega2 - self._gamma**2
        regime = np.select(
            [self._omega2 < 0, self._omega2 == 0, excess > 0, excess == 0],
            ["unstable", "free", "underdamped", "critical"],
            "overdamped",
        )
        frequency = np.sqrt(np.maximum(excess, 0)) / (2 * np.pi)
        return Modes(
            regime,
            frequency,
            np.where(excess > 0, self._gamma, impulse_response.langevin_decay(self._omega2, self._gamma)),
        )

    @property
    def _gamma(self) -> float:
        """Damping gamma per step."""
        return (1 - self.momentum) / (1 + self.momentum)

    @property
    def _omega2(self) -> np.ndarray:
        """Squared frequency omega^2 per step squared [mode]."""
        return 2 * self.stiffness / (1 + self.momentum)

    def _allowed(self, steps) -> np.ndarray:
        return np.ones(len(steps), bool)

    def _propagator(self, steps) -> Propagator:
        """Exp(-A t) of each mode."""
        now, rest, total = impulse_response.langevin(self._omega2, self._gamma, steps)
        omega2 = self._omega2[:, None]
        return Propagator(rest, omega2 * total, now, -omega2 * now, rest - 2 * self._gamma * now)

    def _noise_covariance(self, steps):
        """C - exp(-A t) C exp(-A' t) with the stationary C, with 1 - kept taken out of what cancels."""
        now, rest, total = impulse_response.langevin(self._omega2, self._gamma, steps)
        gamma, velocity = self._gamma, self._velocity_variance
        theta = total * (1 + rest) - now**2
        v = self._omega2[:, None] * theta + 4 * gamma * now * (rest - gamma * now)
        return velocity * theta, 2 * gamma * velocity * now**2, velocity * v

    def _stationary_displacement(self, steps):
        """2 (C - exp(-A t) C)_11: twice Var v times the integral of p."""
        return 2 * self._velocity_variance * impulse_response.langevin(self._omega2, self._gamma, steps).total

    @property
    def _velocity_variance(self) -> float:
        return 1 / ((1 - self.momentum) * (1 + self.momentum))

    def _stationary(self):
        velocity = np.full_like(self.rho, self._velocity_variance)
        with np.errstate(divide="ignore"):
            return velocity / self._omega2, np.zeros_like(velocity), velocity

    def _power(self, f):
        """|c / (omega^2 - w^2 + 2 i gamma w)|^2 with w = 2 pi f for theta, times w^2 for eta v."""
        w, omega2 = 2 * np.pi * f, self._omega2[:, None]
        noise = 4 / (1 + self.momentum) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            theta = noise / ((omega2 - w**2) ** 2 + (2 * self._gamma * w) ** 2)
            return theta, np.where(omega2 == 0, noise / (w**2 + (2 * self._gamma) ** 2), theta * w**2)
