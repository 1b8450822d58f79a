"""What chain and Langevin equation have in common: moments, displacement, correlation, spectrum."""

from typing import NamedTuple, Self

import numpy as np

from sgdwalk.theory.propagator import conjugated
from sgdwalk.theory.settings import Settings, refuse

BLOCK, LEAST = 2**14, 16  # modes x steps in a block of about ten arrays; fewest modes in a block
POSITION, VELOCITY = "position", "velocity"


class Modes(NamedTuple):
    """Each [mode]. regime: 'underdamped', 'critical', 'overdamped', 'alternating' (overdamped with a change of sign
    every step), 'free' (no restoring force) or 'unstable'; frequency of the mean, cycles per step; damping of its
    envelope exp(-damping k), per step.
    """

    regime: np.ndarray
    frequency: np.ndarray
    damping: np.ndarray


class Process(Settings):
    """A linear model of (theta, v) in each mode under additive noise.

    Inside, the state is (theta, eta v), arrays are [mode, step] and variances in units of `strength`. A model adds
    `_propagator` (means), `_noise_covariance` (since a known start), `_stationary` (covariance), `_power` (spectra) and
    `_stationary_displacement`, the last three averaged over phases where epochs are shuffled.
    """

    settings = (
        "learning_rate",
        "momentum",
        "weight_decay",
        "batch_size",
    )  # of the model, besides its modes and their noise
    _remembered = 0  # numbers per mode that a computation stores

    @classmethod
    def of(cls, other: Settings, modes=slice(None), **more) -> Self:
        """The same settings, eigenvalues and noise as another model's, all modes or some: the map between chain and
        Langevin equation, in which v is the same and time is t = eta k. What the other has not is given by name.
        """
        shared = {name: getattr(other, name) for name in cls.settings if hasattr(other, name)}
        return cls(other.rho[modes], gradient_variance=other.gradient_variance[modes], **(shared | more))

    @property
    def strength(self) -> np.ndarray:
        """Variance that one minibatch's noise gives a step, eta^2 / S times that of one example's gradient [mode]."""
        return self.learning_rate**2 * self.gradient_variance / self.batch_size

    def mean(self, steps, start) -> np.ndarray:
        """E (theta, v) after k steps from a start.

        steps: k >= 0, a number or [step]; start [mode, 2]: (theta_0 - rest, v_0), or two numbers for all modes.
        Returns [step, mode, 2], theta counted from the resting point b / (rho + lambda).
        """
        theta, velocity = self._start(start)
        steps, shape = self._steps(steps)
        propagator = self._propagator(steps)
        found = (
            propagator.theta_theta * theta + propagator.theta_velocity * velocity,
            propagator.velocity_theta * theta + propagator.velocity_velocity * velocity,
        )
        return self._stacked(found, (0, 1), shape)

    def covariance(self, steps, start=None) -> np.ndarray:
        """Covariance of (theta, v) after k steps: T_k C_0 T_k' + what the noise adds, without subtracting any limit.

        steps: k >= 0, a number or [step]; start [mode, 2, 2]: covariance C_0 of the start, 0 (start known) unless
        given. Returns [step, mode, 2, 2].
        """
        steps, shape = self._steps(steps)
        found = [self.strength[:, None] * part for part in self._noise_covariance(steps)]
        if start is not None:
            found = [a + b for a, b in zip(found, self._carried(steps, start), strict=True)]
        return self._matrices(found, shape)

    def displacement(self, steps, start=None) -> np.ndarray:
        """E (theta_k - theta_0)^2 in each mode, weights^2; steps as in mean. Returns [step, mode].

        From stationarity, or with a start [mode, 2] from that point: squared mean displacement plus variance.
        ValueError where a mode has no stationary velocity.
        """
        steps, shape = self._steps(steps)
        found = np.empty((self.rho.size, len(steps)))
        for modes, some, part in self._blocks(steps, start):
            found[modes, some] = part
        return self._out(found, shape)

    def total_displacement(self, steps, start=None) -> np.ndarray:
        """Sum of `displacement` over all modes, E |theta_k - theta_0|^2 [step], in memory for a few of them."""
        steps, shape = self._steps(steps)
        total = np.zeros(len(steps))
        for _, some, part in self._blocks(steps, start):
            total[some] += part.sum(axis=0)
        return total.reshape(shape)

    def stationary(self) -> np.ndarray:
        """Covariance of (theta, v) in the stationary state [mode, 2, 2]; infinite for theta in a free mode with noise.

        ValueError where a mode is unstable.
        """
        self._need_stationary()
        return self._matrices([self._with_strength(part[:, None]) for part in self._stationary()], ())

    def speed(self) -> np.ndarray:
        """E |delta|^2 = eta^2 Var v of a step in the stationary state, weights^2 [mode]."""
        return self.learning_rate**2 * self.stationary()[:, 1, 1]

    def autocorrelation(self, lags, of: str = POSITION) -> np.ndarray:
        """Stationary correlation of theta ('position') or v ('velocity') with itself `lags` steps later, 1 at lag 0.

        lags as steps in mean; of: 'position' or 'velocity'. Returns [lag, mode]; 1 for the position of a free mode.
        """
        self._need_stationary()
        lags, shape = self._steps(lags)
        propagator, (theta, both, velocity) = self._propagator(lags), self._stationary()
        if is_position(of):
            return self._out(propagator.theta_theta + propagator.theta_velocity * (both / theta)[:, None], shape)
        return self._out(propagator.velocity_velocity + propagator.velocity_theta * (both / velocity)[:, None], shape)

    def spectrum(self, frequencies, of: str = POSITION) -> np.ndarray:
        """Stationary power spectral density of theta or v, whose integral over all frequencies is the variance.

        frequencies: cycles per step, a number or [frequency]; the density is two-sided, even, in the unit of the
        variance per (cycle per step). The chain's repeats with period 1 and is integrated from -1/2 to 1/2, the
        Langevin equation's from minus to plus infinity. Returns [frequency, mode]; infinite for the position of a
        free mode with noise at frequency 0.
        """
        self._need_stationary()
        f = np.asarray(frequencies, float)
        theta, delta = self._power(f.ravel()[None, :])
        gain = theta if is_position(of) else delta / self.learning_rate**2
        return self._out(self._with_strength(gain), f.shape)

    def stable(self) -> np.ndarray:
        """Whether the mean does not grow [mode]: free modes count as stable."""
        return self.modes().regime != "unstable"

    def modes(self) -> Modes:
        """Regime, frequency and damping of each mode."""
        raise NotImplementedError

    def _blocks(self, steps, start):
        """Displacements by blocks that fit the processor's cache: (slice of modes, slice of steps, [mode, step])."""
        if start is None:
            self._need_stationary()
        else:
            start = _shaped("start", start, (self.rho.size, 2))
        width = min(len(steps), BLOCK) + self._remembered
        for modes in _slices(self.rho.size, max(LEAST, BLOCK // max(1, width))):
            part = type(self).of(self, modes)
            for some in _slices(len(steps), max(1, BLOCK // part.rho.size)):
                yield modes, some, part._displacement(steps[some], None if start is None else start[modes])

    def _displacement(self, steps, start) -> np.ndarray:
        strength = self.strength[:, None]
        if start is None:
            return strength * self._stationary_displacement(steps)
        theta, velocity = self._start(start)
        propagator = self._propagator(steps)
        away = propagator.theta_velocity * velocity - propagator.relaxed * theta
        return away**2 + strength * self._noise_covariance(steps)[0]

    def _carried(self, steps, start):
        """The part of a start's covariance [mode, 2, 2], as conjugated gives it."""
        start = _shaped("start", start, (self.rho.size, 2, 2))
        eta = self.learning_rate
        begin = start[:, 0, 0, None], start[:, 0, 1, None] * eta, start[:, 1, 1, None] * eta**2
        return conjugated(self._propagator(steps), *begin)

    def _with_strength(self, units) -> np.ndarray:
        """Variances [mode, any] given in units of `strength`; 0 without noise, also where they are infinite."""
        strength = self.strength[:, None]
        with np.errstate(invalid="ignore"):
            return np.where(strength > 0, strength * units, 0.0)

    def _start(self, start):
        start = _shaped("start", start, (self.rho.size, 2))
        return start[:, :1], start[:, 1:] * self.learning_rate

    def _steps(self, steps) -> tuple[np.ndarray, tuple[int, ...]]:
        """Steps as [step], and the shape that they came in."""
        steps = np.asarray(steps, float)
        flat = steps.ravel()
        wrong = ~(np.isfinite(flat) & (flat >= 0) & self._allowed(flat))
        if wrong.any():
            raise ValueError(f"steps = {flat[wrong][0]:g}: must be {self.allowed_steps}")
        return flat, steps.shape

    def _need_stationary(self) -> None:
        refuse(~self.stable(), self.stiffness, "eta (rho + lambda)", f"{self.stable_range}, else the mode is unstable")

    def _stacked(self, parts, powers, shape) -> np.ndarray:
        """Arrays [mode, step] as the last axis, divided by eta^power for the v in them."""
        parts = [part / self.learning_rate**power for part, power in zip(parts, powers, strict=True)]
        return np.moveaxis(np.stack(parts), (0, 1, 2), (2, 1, 0)).reshape(*shape, self.rho.size, len(parts))

    def _matrices(self, parts, shape) -> np.ndarray:
        theta, both, velocity = parts
        found = self._stacked((theta, both, both, velocity), (0, 1, 1, 2), shape)
        return found.reshape(*found.shape[:-1], 2, 2)

    def _out(self, found, shape) -> np.ndarray:
        """[mode, step] as [step, mode], in the shape that the steps came in."""
        return found.T.reshape(*shape, self.rho.size)


def _slices(count: int, size: int):
    """Slices of `size` that cover `count`."""
    return (slice(first, first + size) for first in range(0, count, size))


def _shaped(name: str, value, shape) -> np.ndarray:
    value = np.asarray(value, float)
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        raise ValueError(f"{name} has the shape {value.shape}: must be {shape}") from None


def is_position(of: str) -> bool:
    """Whether theta is asked for and not v; ValueError for anything else."""
    if of not in (POSITION, VELOCITY):
        raise ValueError(f"of = {of!r}: must be '{POSITION}' or '{VELOCITY}'")
    return of == POSITION
