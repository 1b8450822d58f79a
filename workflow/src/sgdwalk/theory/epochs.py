"""SGD with momentum in shuffled epochs: batches without replacement, whose noise nearly sums to 0 over an epoch."""

from functools import cached_property

import numpy as np

from sgdwalk.theory.chain import DiscreteChain
from sgdwalk.theory.process import POSITION, is_position
from sgdwalk.theory.propagator import Propagator, conjugated
from sgdwalk.theory.settings import refuse

SHORT = ("kept", "dropped")


class ShuffledEpochs(DiscreteChain):
    """The chain with batches drawn without replacement from N examples, shuffled anew every epoch.

    Batches i, j of an epoch, of S_i and S_j examples, have noise of covariance

        sigma_1^2 N / (N - 1) (delta_ij / S_i - 1 / N),

    with sigma_1^2 the variance of one example's gradient in the mode over the N examples (divisor N): variance
    (sigma_1^2 / S) (N - S) / (N - 1), covariance -sigma_1^2 / (N - 1) (sampling without replacement). Where S divides N
    they sum to 0, and the covariance is minus the variance over N_b - 1, N_b the number of batches. Otherwise the short
    last batch is 'kept', as in this project's training and torch's DataLoader, or 'dropped' (drop_last). Epochs are
    independent of each other. Fresh noise of every pass, such as augmentation or dropout, is not in it.

    From a start, `mean`, `covariance` and `displacement` begin with an epoch; their time grows with the epochs.

    The law depends on the phase in the epoch. Stationary quantities are means over all phases: those of a stationary
    chain whose noise has the autocovariance of an epoch, averaged (Kühn & Rosenow 2023, arXiv 2306.05300),

        r_0 = sigma_1^2 / (N - 1) (N mean(1 / S_i) - 1),  r_l = -sigma_1^2 / (N - 1) (1 - l / N_b) for 0 < l < N_b.

    examples: N >= 2, at least S; short_batch: 'kept' or 'dropped'; the rest as in Settings. S must be whole.
    """

    settings = (*DiscreteChain.settings, "examples", "short_batch")

    def __init__(self, rho, *, examples: int, short_batch: str = "kept", **settings):
        super().__init__(rho, **settings)
        if self.batch_size != int(self.batch_size):
            raise ValueError(f"batch_size = {self.batch_size}: must be a whole number where epochs are shuffled")
        if examples != int(examples) or examples < max(2, self.batch_size):
            raise ValueError(
                f"examples = {examples}: must be a whole number of at least 2 and batch_size = {self.batch_size}"
            )
        if short_batch not in SHORT:
            raise ValueError(f"short_batch = {short_batch!r}: must be one of {', '.join(SHORT)}")
        self.examples, self.short_batch = int(examples), short_batch
        full, rest = divmod(self.examples, int(self.batch_size))
        self.batches = full + (rest > 0 and short_batch == "kept")
        self.last_batch = rest if self.batches > full else int(self.batch_size)

    def by_phase(self) -> np.ndarray:
        """Covariance of (theta, v) at the beginning of an epoch and after each of its batches but the last.

        The periodic state, in which each epoch begins as the one before: C = T C T' + what one epoch adds. Returns
        [phase, mode, 2, 2], within about 1e-17 / e (relative) in flat modes. ValueError for free or unstable modes.
        """
        free = self.stiffness == 0
        refuse(free | ~self.stable(), self.stiffness, "eta (rho + lambda)", "in (0, 2 (1 + beta)) for a periodic state")
        phases = np.arange(self.batches, dtype=float)
        begin = [part[:, None] for part in self._periodic()]
        found = [a + b for a, b in zip(conjugated(self._propagator(phases), *begin), self._within(phases), strict=True)]
        return self._matrices([self.strength[:, None] * part for part in found], phases.shape)

    def autocorrelation(self, lags, of: str = POSITION) -> np.ndarray:
        """As the chain's, of covariances averaged over all phases."""
        self._need_stationary()
        lags, shape = self._steps(lags)
        if is_position(of):
            return self._out(1 - self._stationary_displacement(lags) / (2 * self._stationary()[0][:, None]), shape)
        moved = self._stationary_displacement
        return self._out((moved(lags + 1) + moved(np.abs(lags - 1)) - 2 * moved(lags)) / (2 * moved(np.ones(1))), shape)

    @property
    def _remembered(self) -> int:
        return 3 * self.batches

    @property
    def _shared(self) -> float:
        """Minus the covariance of two batches over the variance of an independent one."""
        return self.batch_size / (self.examples - 1)

    @property
    def _surplus(self) -> float:
        """Sum of r_l over all lags, over the same: 0 where batches are equal and miss no example."""
        full = self.batches - (self.last_batch != self.batch_size)
        weights = full * (self.examples / self.batch_size) + (self.batches - full) * (self.examples / self.last_batch)
        return self._shared * (weights / self.batches - self.batches)

    @property
    def _correlation(self) -> np.ndarray:
        """r_l [lag] for l = 1 - N_b ... N_b - 1, over the variance of an independent batch."""
        found = -self._shared * (1 - np.abs(np.arange(1 - self.batches, self.batches)) / self.batches)
        found[self.batches - 1] += self._surplus + self._shared * self.batches
        return found

    @cached_property
    def _first_lags(self) -> tuple[np.ndarray, np.ndarray]:
        """Displacement at lags 0 ... N_b [mode, lag], and e times the variance of theta [mode].

        A linear filter of noise with autocovariance r has the autocovariance sum_l r_l k(t - l), with k that of
        white noise, hence the displacement sum_l r_l (d(t - l) - d(l)) with d the displacement of white noise.
        """
        from scipy.signal import fftconvolve  # slow to import: for those that need it

        lags = np.arange(1 - self.batches, 2 * self.batches)
        white = super()._stationary_displacement(np.abs(lags).astype(float))
        found = fftconvolve(white, self._correlation[None, :], mode="valid", axes=1)
        confined = (1 + self.momentum) * self._velocity_variance * self._surplus - self.stiffness * found[:, 0]
        return found - found[:, :1], confined / 2

    def _stationary_displacement(self, steps):
        """From the lag N_b on no noise is shared, and the mean square follows the chain's own recursion."""
        early, variance = self._first_lags
        steps = steps.astype(int)
        now, after, total = self._response(np.maximum(steps - self.batches, 0).astype(float))
        late = 2 * variance[:, None] * total + early[:, -1:] * after - self.momentum * early[:, -2:-1] * now
        return np.where(steps <= self.batches, early[:, np.minimum(steps, self.batches)], late)

    def _stationary(self):
        early, variance = self._first_lags
        with np.errstate(divide="ignore", invalid="ignore"):
            theta = np.where(self.stiffness == 0, np.inf, variance / self.stiffness)
        return theta, early[:, 1] / 2, early[:, 1]

    def _power(self, f):
        """The chain's, times the sum of r_l exp(2 pi i f l): Fejér's kernel for the part that an epoch shares."""
        turn = np.pi * (f - np.round(f))
        with np.errstate(invalid="ignore"):
            fejer = np.where(turn == 0, self.batches, (np.sin(self.batches * turn) / np.sin(turn)) ** 2 / self.batches)
        colour = self._surplus + self._shared * (self.batches - fejer)
        theta, delta = super()._power(f)
        return theta * colour, delta * colour

    def _noise_covariance(self, steps):
        """From a start at the beginning of an epoch: epochs are added one by one, then the phase."""
        epoch, phase = np.divmod(steps.astype(int), self.batches)
        begin = self._beginnings(int(epoch.max(initial=0)))[:, :, epoch]
        phases, place = np.unique(phase, return_inverse=True)
        propagator = Propagator(*(part[:, place] for part in self._propagator(phases.astype(float))))
        within = (part[:, place] for part in self._within(phases.astype(float)))
        return [a + b for a, b in zip(conjugated(propagator, *begin), within, strict=True)]

    def _within(self, phases):
        """What the first j batches of an epoch add to the covariance [mode, phase]: sum over i of N / (N - 1) w_i w_i'
        S / S_i, less S / (N - 1) times the square of the sum of w_i, with w_i batch i's effect at j.
        """
        white = super()._noise_covariance(phases)
        now, _, total = self._response(phases)
        short = (phases == self.batches) * (self.batch_size / self.last_batch - 1)
        products = total * total, total * now, now * now
        share = self.examples / (self.examples - 1)
        return [share * (a + short) - self._shared * b for a, b in zip(white, products, strict=True)]

    def _beginnings(self, epochs: int) -> np.ndarray:
        """Covariance at the beginning of epochs 0 ... epochs [3, mode, epoch], from a known start."""
        propagator, added = self._one_epoch()
        found = np.zeros((3, self.rho.size, epochs + 1))
        for epoch in range(epochs):
            found[:, :, epoch + 1] = np.add(conjugated(propagator, *found[:, :, epoch]), added)
        return found

    def _periodic(self) -> np.ndarray:
        """Covariance at the beginning of every epoch of the periodic state [3, mode]."""
        propagator, added = self._one_epoch()
        moved = np.stack([np.broadcast_to(conjugated(propagator, *unit), (3, self.rho.size)) for unit in np.eye(3)])
        return np.linalg.solve(np.eye(3) - moved.transpose(2, 1, 0), np.stack(added).T[..., None])[..., 0].T

    def _one_epoch(self):
        """Propagator over an epoch, and the covariance that it adds, each [mode]."""
        end = np.array([float(self.batches)])
        return Propagator(*(part[:, 0] for part in self._propagator(end))), [part[:, 0] for part in self._within(end)]
