"""Impulse response p_t of a mode, and the sums over it that every observable of SGD is made of.

Gradient noise of -1 in a step has moved theta by eta p_t after t steps, that step included. For the chain
p_{t+1} = (1 + beta - e) p_t - beta p_{t-1} from p_0 = 0, p_1 = 1, with e = eta (rho + lambda); its roots are
(1 + beta - e -+ sqrt(discriminant)) / 2 with the discriminant ((1 - sqrt beta)^2 - e) ((1 + sqrt beta)^2 - e). All is
written so that neither flat modes (e -> 0) nor roots that meet cost digits: relative errors are below
1e-14 / (1 - beta), of squares 1e-13 + 1e-14 / (1 - beta)^2; within a fraction of one step the Langevin equation's are
larger.
"""

from typing import NamedTuple

import numpy as np

LEAST_ROOT = 2.0**-53
FADED = 746.0  # exp(-746) is 0


class ChainResponse(NamedTuple):
    """Of the chain, for e <= 1 + beta, [mode, step]: now p_t, after p_{t+1}, total p_0 + ... + p_t."""

    now: np.ndarray
    after: np.ndarray
    total: np.ndarray


class LangevinResponse(NamedTuple):
    """Of the Langevin equation [mode, step]: now p(t); rest 1 - omega^2 total, theta released from 1 at rest;
    total, the integral of p from 0 to t.
    """

    now: np.ndarray
    rest: np.ndarray
    total: np.ndarray


def discriminant(e: np.ndarray, momentum: float) -> np.ndarray:
    """Discriminant (1 + beta - e)^2 - 4 beta of the chain's roots [mode]: below 0 where the chain oscillates."""
    root = np.sqrt(momentum)
    return (((1 - momentum) / (1 + root)) ** 2 - e) * ((1 + root) ** 2 - e)


def chain(e: np.ndarray, momentum: float, steps: np.ndarray) -> ChainResponse:
    """Impulse response of the chain at whole steps t >= 0 [step], for e <= 1 + beta [mode]."""
    oscillates = discriminant(e, momentum) < 0
    return ChainResponse(*_by_kind(oscillates, _oscillating_chain, _overdamped_chain, e, momentum, steps))


def langevin(omega2: np.ndarray, gamma: float, times: np.ndarray) -> LangevinResponse:
    """Impulse response of theta'' = -omega2 theta - 2 gamma theta' at times t >= 0 [step], for omega2 [mode]."""
    oscillates = omega2 > gamma**2
    return LangevinResponse(*_by_kind(oscillates, _oscillating_langevin, _overdamped_langevin, omega2, gamma, times))


def squares(e: np.ndarray, momentum: float, found: ChainResponse) -> np.ndarray:
    """p_1^2 + ... + p_t^2 [mode, step], for e <= 1 + beta [mode].

    Summing p_{j+1} p_j and (p_{j+1} + beta p_{j-1})^2 over j gives two linear equations for the sums of p_j^2 and
    p_j p_{j-1}; 1 = p_{t+1} - beta p_t + e (p_0 + ... + p_t) takes the factor e out of what they leave.
    """
    e = e[:, None]
    now, after, total = found
    inner = total * (2 * (after - momentum * now) + e * total) - 2 * momentum / (1 + momentum) * after * now
    return inner * (1 + momentum) / ((1 - momentum) * (2 * (1 + momentum) - e))


def slow_and_fast(e: np.ndarray, half: np.ndarray | float, root: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of product e and sum 2 half, root = sqrt(half^2 - e): the smaller without cancellation."""
    fast = half + root
    return e / fast, fast


def chain_decay(e: np.ndarray, momentum: float) -> np.ndarray:
    """Decay rate of the slowest part of the impulse response, per step [mode], for e <= 1 + beta."""
    with np.errstate(divide="ignore"):
        return np.where(discriminant(e, momentum) < 0, -np.log(momentum) / 2, -np.log1p(-_chain_roots(e, momentum)[0]))


def langevin_decay(omega2: np.ndarray, gamma: float) -> np.ndarray:
    """The same for the Langevin equation, per unit of time [mode]."""
    return slow_and_fast(omega2, gamma, np.sqrt(np.maximum(gamma**2 - omega2, 0)))[0]


def _by_kind(oscillates, oscillating, overdamped, stiffness, damping, steps):
    """The three arrays of either kind of mode, each [mode, step], in the order of the modes."""
    if oscillates.all() or not oscillates.any():
        return (oscillating if oscillates.all() else overdamped)(stiffness[:, None], damping, steps)
    found = np.empty((3, len(stiffness), len(steps)))
    for some, answer in ((oscillates, oscillating), (~oscillates, overdamped)):
        for whole, part in zip(found, answer(stiffness[some, None], damping, steps), strict=True):
            whole[some] = part
    return found


def _oscillation(angle, decay, steps):
    """(sin(angle t) exp(decay t), cos(angle t) exp(decay t), 1 - the latter), the last without cancellation."""
    half, envelope = steps * (angle / 2), np.exp(decay * steps)
    sine = np.sin(half)
    twice = 2 * envelope * sine
    dip = twice * sine
    return twice * np.cos(half), envelope - dip, dip - np.expm1(decay * steps)


def _until_faded(answer, stiffness, damping, steps, rate):
    """The response while exp(-rate t) is above 0, and its limits from then on: the sines take most of the time."""
    alive = rate * steps < FADED
    if alive.all():
        return answer(stiffness, damping, steps)
    found = np.zeros((3, len(stiffness), len(steps)))
    found[2] = 1 / stiffness
    if alive.any():
        for whole, part in zip(found, answer(stiffness, damping, steps[alive]), strict=True):
            whole[:, alive] = part
    return found


def _oscillating_chain(e, momentum, steps):
    return _until_faded(_ringing_chain, e, momentum, steps, -np.log(momentum) / 2)


def _ringing_chain(e, momentum, steps):
    height, trace = np.sqrt(-discriminant(e, momentum)) / 2, 1 + momentum - e
    sine, cosine, lost = _oscillation(np.arctan2(height, trace / 2), np.log(momentum) / 2, steps)
    now = sine / height
    total = (lost - now * ((1 - momentum + e) / 2)) / e + now
    return now, cosine + now * (trace / 2), total


def _oscillating_langevin(omega2, gamma, times):
    return _until_faded(_ringing_langevin, omega2, gamma, times, gamma)


def _ringing_langevin(omega2, gamma, times):
    angle = np.sqrt(omega2 - gamma**2)
    sine, cosine, lost = _oscillation(angle, -gamma, times)
    now = sine / angle
    return now, cosine + gamma * now, (lost - gamma * now) / omega2


def _relaxation(slow, rate, ratio, spread, root, steps):
    """(exp(-rate t), p_t, (1 - exp(-rate t)) / slow) where p_t = exp(-rate t) (1 - exp(-spread t)) / root.

    Limits: ratio t exp(-rate t) where root is 0, t where slow is 0.
    """
    left, lost = np.exp(-rate * steps), -np.expm1(-rate * steps)
    now, total = left * -np.expm1(-spread * steps) / np.where(root == 0, 1, root), lost / np.where(slow == 0, 1, slow)
    if not root.all():
        now = np.where(root == 0, ratio * steps * left, now)
    return left, now, total if slow.all() else np.where(slow == 0, steps, total)


def _chain_roots(e, momentum):
    """1 - z of the larger root and of the smaller, and their difference, where they are real."""
    root = np.sqrt(np.maximum(discriminant(e, momentum), 0))
    slow, fast = slow_and_fast(e, (1 - momentum + e) / 2, root / 2)
    return np.minimum(slow, 1 - LEAST_ROOT), fast, root


def _overdamped_chain(e, momentum, steps):
    slow, fast, root = _chain_roots(e, momentum)
    large = np.maximum((1 + momentum - e + root) / 2, LEAST_ROOT)
    small = momentum / large
    spread = np.log1p(root / np.maximum(small, LEAST_ROOT**2))
    left, now, sum_of_slow = _relaxation(slow, -np.log1p(-slow), 1 / large, spread, root, steps)
    return now, left + small * now, (sum_of_slow - now) / fast + now


def _overdamped_langevin(omega2, gamma, times):
    root = np.sqrt(gamma**2 - omega2)
    slow, fast = slow_and_fast(omega2, gamma, root)
    left, now, sum_of_slow = _relaxation(slow, slow, 1.0, 2 * root, 2 * root, times)
    return now, left + slow * now, (sum_of_slow - now) / fast
