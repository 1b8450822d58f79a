"""Walks of every kind, with the mean squared displacement that each has in expectation."""

import functools
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter
from sgdwalk.trajectory import gaussian_walks


def fractional(H: float, dimensions: int, steps: int, rng) -> np.ndarray:
    """Fractional Brownian motion [step, dimension]."""
    return gaussian_walks.gaussian_walks(np.arange(steps) ** (2 * H), dimensions, 1, rng)[0]


def chain(keep: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Chains x <- keep x + noise [step, dimension], stationary from the first step on."""
    start = noise[:1] / np.sqrt(1 - keep**2)
    out = np.empty_like(noise)
    for k, factor in enumerate(keep):
        out[:, k] = lfilter([1], [1, -factor], np.concatenate([start[:, k], noise[1:, k]]))
    return out


def ornstein_uhlenbeck(dimensions: int, steps: int, rng) -> np.ndarray:
    """Stationary chains that forget in T/20 steps."""
    return chain(np.full(dimensions, 1 - 20 / steps), rng.standard_normal((steps, dimensions)))


def spread_rates(dimensions: int, steps: int) -> np.ndarray:
    """What each of the chains of `many_rates` keeps: rates from 1/T to 1/3, evenly in their logarithm."""
    return 1 - np.geomspace(1 / steps, 1 / 3, dimensions)


def many_rates(dimensions: int, steps: int, rng) -> np.ndarray:
    """Stationary chains of many rates, their noise alike."""
    return chain(spread_rates(dimensions, steps), rng.standard_normal((steps, dimensions)))


def transient(distance: float, dimensions: int, steps: int, rng) -> np.ndarray:
    """The chains of `ornstein_uhlenbeck`, started `distance` standard deviations from the minimum in each dimension."""
    keep = 1 - 20 / steps
    away = distance / np.sqrt(1 - keep**2) * keep ** np.arange(steps)
    return ornstein_uhlenbeck(dimensions, steps, rng) + away[:, None]


def stiff_and_soft(soft: int, steps: int, rng) -> np.ndarray:
    """500 directions that forget at once, and Brownian ones, a tenth of the squared steps of which are theirs."""
    brownian = rng.standard_normal((steps, soft)).cumsum(0) * np.sqrt(30 / soft)
    return np.hstack([rng.standard_normal((steps, 500)) * np.sqrt(0.5), brownian])


def uneven_spectrum(dimensions: int, steps: int, rng) -> np.ndarray:
    """Brownian motion whose variance in direction k is 1 / k."""
    return (rng.standard_normal((steps, dimensions)) / np.sqrt(np.arange(1, dimensions + 1))).cumsum(0)


def drifting(dimensions: int, steps: int, rng) -> np.ndarray:
    """Brownian motion with a drift that is half of the MSD at lag T/4."""
    walk = rng.standard_normal((steps, dimensions)).cumsum(0)
    walk[:, 0] += np.sqrt(4 * dimensions / steps) * np.arange(steps)
    return walk


def uneven_steps(lengths: Callable, dimensions: int, steps: int, rng) -> np.ndarray:
    """Uncorrelated Gaussian steps times lengths(steps, rng)."""
    return (lengths(steps, rng)[:, None] * rng.standard_normal((steps, dimensions))).cumsum(0)


def blocks(steps: int, rng) -> np.ndarray:
    """Log-normal scales in eight blocks."""
    return np.exp(rng.standard_normal(8))[np.arange(steps) * 8 // steps]


def bursts(steps: int, rng) -> np.ndarray:
    """Ten times larger in a tenth of the window."""
    start = rng.integers(steps * 9 // 10)
    return np.where((np.arange(steps) >= start) & (np.arange(steps) < start + steps // 10), 10.0, 1.0)


def decay(steps: int, rng) -> np.ndarray:
    """A hundredfold decay over the window."""
    return 100.0 ** (-np.arange(steps) / steps)


def levy(steps: int, rng) -> np.ndarray:
    """Pareto lengths of exponent 1.5."""
    return rng.pareto(1.5, steps) + 1


def rests(steps: int, rng) -> np.ndarray:
    """1 at the times of a renewal process whose waiting times have the exponent 0.7, else 0: a continuous-time walk."""
    times = np.cumsum(np.ceil(rng.random(steps) ** (-1 / 0.7)))
    moves = np.zeros(steps)
    moves[times[times < steps].astype(int)] = 1
    return moves


def line(lags: np.ndarray, steps: int) -> np.ndarray:
    """The MSD of uncorrelated steps, up to a factor."""
    return lags.astype(float)


def chain_curve(keep: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """The MSD of stationary chains whose noise is alike, up to a factor."""
    return ((1 - keep ** lags[:, None]) / (1 - keep**2)).sum(1)


def kinds() -> dict[str, tuple[Callable, Callable]]:
    """Name: (walk(steps, rng) -> [step, dimension], its exact MSD(lags, steps) up to a factor)."""
    part = functools.partial
    found = {
        f"fBm {H} in {d}": (part(fractional, H, d), lambda lags, steps, H=H: lags ** (2.0 * H))
        for H in (0.25, 0.5, 0.75)
        for d in (5, 20, 300)
    }
    for d in (20, 300):
        found[f"OU in {d}"] = part(ornstein_uhlenbeck, d), lambda lags, steps: 1 - (1 - 20 / steps) ** lags
    found["OU 2 sd away in 300"] = part(transient, 2, 300), found["OU in 300"][1]
    found["many rates in 300"] = part(many_rates, 300), lambda lags, steps: chain_curve(spread_rates(300, steps), lags)
    found["uneven spectrum in 300"] = part(uneven_spectrum, 300), line
    for soft in (1, 3, 10, 30):
        found[f"500 stiff, {soft} soft"] = part(stiff_and_soft, soft), lambda lags, steps: 500 + 30.0 * lags
    for d in (20, 300):
        found[f"drift in {d}"] = part(drifting, d), lambda lags, steps: lags + 4 / steps * lags**2
    for law in (blocks, bursts, decay, levy, rests):
        found[f"{law.__name__} in 500"] = part(uneven_steps, law, 500), line
    return found


UNEVEN = tuple(f"{law.__name__} in 500" for law in (blocks, bursts, decay, levy, rests))  # steps of unequal lengths


def squared_distances(walk: np.ndarray) -> np.ndarray:
    """d2 [step, step] of a walk [step, dimension]."""
    walk = walk - walk.mean(0)
    gram = walk @ walk.T
    squares = np.diagonal(gram)
    upper = np.triu(np.maximum(squares[:, None] + squares - 2 * gram, 0), 1)
    return upper + upper.T
