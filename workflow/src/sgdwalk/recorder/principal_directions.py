"""Flatness of the loss along the principal directions of a window of weights, and along random directions."""

from collections.abc import Callable

import numpy as np
import torch

from sgdwalk.seeds import generator

BLOCK = 2**26  # bytes of weights that are in float64 at a time
FIRST, LEAST, MOST = 0.1, 1e-6, 10.0  # distances from the mean that are tried, in norms of it: at first, limits
CLOSE = 0.02  # of the logarithm of the loss: how well a factor of e is met; the width is then met to half of it
ROUNDING = 1e-12  # of the largest eigenvalue
BLOCKS = 16  # of a window, whose means show what is slow
ROUNDS = 30  # evaluations within a bracket; a loss that is smooth takes three or four
KINDS = ("principal", "random")
# Arrays of a window, by the suffix of their names: [direction], but for the loss.
QUANTITIES = ("variance", "slow_share", "width_minus", "width_plus")
NAMES = tuple(f"{kind}_{quantity}" for kind in KINDS for quantity in QUANTITIES)
CENTRE = "centre_loss"


class PrincipalDirections:
    """The first `count` principal directions of each window, and as many random ones: variance and widths of the loss.

    loss_at: function of a vector of weights [parameter] that returns their loss, always over the same images. It must
    leave the network that is trained, and the random generators, as they are. seed: of the random directions, which
    also depend on the window.
    """

    def __init__(self, count: int, loss_at: Callable[[torch.Tensor], float], seed: int):
        self.count, self.loss_at, self.seed = count, loss_at, seed

    def measure(self, weights: torch.Tensor, distance2: torch.Tensor, start: int) -> dict[str, np.ndarray]:
        """The quantities of a window by NAMES, [direction], and the loss at its mean weights.

        weights [step, parameter] that are finite. distance2 [step, step]: their squared distances. start: first step.
        Directions are unit vectors through the mean c of the weights: the principal ones lead from the window's start
        to its end, the random ones are isotropic. variance: mean square of q.(w_t - c). slow_share: how much of it is
        in the means of sixteenths of the window, NaN for fewer steps than these. width_minus, width_plus: s > 0
        at which the loss at c -+ s q is e times that at c (see `width`). NaN beyond the rank of the window, and for
        fewer than two weights.
        """
        found = {name: np.full(self.count, np.nan) for name in NAMES} | {CENTRE: np.array([np.nan])}
        if len(weights) < 2:
            return found
        steps, variance = components(distance2, min(self.count, len(weights) - 1))
        random = torch.randn(len(steps), weights.shape[1], generator=generator(self.seed, "flatness", start))
        random = random.to(weights.device, torch.float64)
        mean = torch.full_like(steps[:1], 1 / len(weights))
        (*principal, centre), moved = products(weights, torch.cat([steps, mean]), random)
        isotropic = moved.var(0, correction=0) / random.square().sum(1)
        slow = slow_share(steps), slow_share(moved.T)
        profile = Profile(self.loss_at, centre, weights.dtype)
        found[CENTRE][:] = profile.at_centre
        spread = torch.stack([variance, isotropic]).tolist(), torch.stack(slow).tolist()
        for kind, vectors, *of_kind in zip(KINDS, (principal, random), *spread, strict=True):
            for k, (vector, value, share) in enumerate(zip(vectors, *of_kind, strict=True)):
                if value > 0:
                    widths = profile.widths(vector / torch.linalg.vector_norm(vector))
                    for name, quantity in zip(QUANTITIES, (value, share, *widths), strict=True):
                        found[f"{kind}_{name}"][k] = quantity
        return found


class Profile:
    """The loss on lines through `centre` [parameter]; loss_at takes weights of this dtype."""

    def __init__(self, loss_at: Callable[[torch.Tensor], float], centre: torch.Tensor, dtype: torch.dtype):
        self.loss_at, self.centre, self.dtype = loss_at, centre, dtype
        self.at_centre = self._loss(centre)
        self.size = float(torch.linalg.vector_norm(centre))
        self.guess = FIRST * self.size

    def widths(self, vector: torch.Tensor) -> list[float]:
        """Distances against and along a unit vector at which the loss is e times that of the centre (see `width`).

        Each search begins at the distance that was found last. NaN where the loss of the centre is not positive.
        """
        if not self.at_centre > 0:
            return [np.nan, np.nan]
        found = []
        for step in (-vector, vector):
            found.append(width(lambda s, q=step: self._rise(s * q), self.guess, LEAST * self.size, MOST * self.size))
            self.guess = found[-1] if np.isfinite(found[-1]) else self.guess
        return found

    def _rise(self, shift: torch.Tensor) -> float:
        """Logarithm of the loss over e times that of the centre; NaN where it is negative."""
        loss = self._loss(self.centre + shift)
        if not loss > 0:
            return -np.inf if loss == 0 else np.nan
        return np.log(loss / self.at_centre) - 1

    def _loss(self, weights: torch.Tensor) -> float:
        return self.loss_at(weights.to(self.dtype))


def components(distance2: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(coefficients [direction, step], variances [direction]) of the first principal components, float64.

    Eigenvectors u and eigenvalues of the centred Gram matrix of the weights, -J d2 J / 2 with J = 1 - 1/T: the
    direction is along the sum over t of u_t w_t and points from start to end, the variance is the eigenvalue over T,
    0 where that is within rounding of the largest.
    """
    double = distance2.double()
    gram = -(double - double.mean(0) - double.mean(1, keepdim=True) + double.mean()) / 2
    value, vector = torch.linalg.eigh(gram)
    vector, value = vector.T.flip(0)[:count], value.flip(0)[:count]
    value = value.where(value > ROUNDING * value[:1], 0)
    return vector * torch.where(vector[:, -1:] < vector[:, :1], -1.0, 1.0), value / len(distance2)


def slow_share(series: torch.Tensor) -> torch.Tensor:
    """Share of the variance of each series [direction, step] in the means of BLOCKS blocks; NaN for fewer steps.

    Near 1 for a direction that moves slowly through the window, some 2 BLOCKS times its relaxation time over the
    window's length for one that has relaxed many times.
    """
    length = series.shape[1] // BLOCKS
    if not length:
        return torch.full_like(series[:, 0], torch.nan)
    whole = series[:, : BLOCKS * length]
    return whole.reshape(len(whole), BLOCKS, length).mean(2).var(1, correction=0) / whole.var(1, correction=0)


def products(weights: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(rows @ weights [row, parameter], weights @ columns.T [step, column]) in float64, block after block."""
    left, right = [], 0
    for start in range(0, weights.shape[1], block := max(1, BLOCK // (8 * len(weights)))):
        part = weights[:, start : start + block].double()
        left.append(rows @ part)
        right = right + part @ columns[:, start : start + block].T
    return torch.cat(left, 1), right


def width(rise: Callable[[float], float], guess: float, least: float, most: float) -> float:
    """The distance at which `rise`, negative near 0, is 0 to CLOSE; NaN where it is not between `least` and `most`.

    From `guess` by factors of two to a bracket, then by regula falsi (Illinois) in the logarithm of the distance. Of
    several such distances it is one at which the loss rises, not always the first. A loss that is not a number, or
    infinite, counts as above.
    """
    ends = bracket(rise, guess, least, most)
    if ends is None:
        return np.nan
    (low, below), (high, above) = ends
    for _ in range(ROUNDS):
        share = below / (below - above) if np.isfinite(above - below) else 0.5
        middle = low * (high / low) ** share
        value = rise(middle)
        if abs(value) <= CLOSE or high < (1 + CLOSE / 2) * low:
            return middle
        if value < 0:
            low, below, above = middle, value, above / 2
        else:
            high, above, below = middle, value, below / 2
    return middle


def bracket(rise: Callable[[float], float], guess: float, least: float, most: float) -> tuple | None:
    """((distance, rise below 0), (twice that distance, rise not below 0)); None where there is none in the limits."""
    value = rise(guess)
    outward = value < 0
    while least <= guess <= most:
        other = guess * (2 if outward else 0.5)
        found = rise(other)
        if (found < 0) != outward:
            pair = (guess, value), (other, found)
            return pair if outward else pair[::-1]
        guess, value = other, found
    return None
