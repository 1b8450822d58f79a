"""How wide the intervals of MSD exponents are, and how often they hold the truth, on walks of every kind.

`python benchmarks/msd_intervals.py [--steps T] [--walks N] [--only PATTERN]` prints, for each kind of walk and each fit
of msd.nc: the share of walks whose lags are flagged as supported; of the raw exponent and of raw minus null (the
excess), the bias, the share of intervals that hold the truth, and the mean width over the ideal, 2 x 1.96 standard
deviations of the estimate over the walks. Shares and widths are those of the supported walks, where there are any.
One process.
"""

import argparse
import functools
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":  # before numpy
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import numpy as np
from scipy.signal import lfilter
from sgdwalk.analyses import msd
from sgdwalk.trajectory import gaussian_walks, msd_exponents, scaling_fits

SHOWN = ("early", "middle", "late", "whole", "short", "long", "paper")


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


def drifting(dimensions: int, steps: int, rng) -> np.ndarray:
    """Brownian motion with a drift that is half of the MSD at lag T/4."""
    walk = rng.standard_normal((steps, dimensions)).cumsum(0)
    walk[:, 0] += np.sqrt(4 * dimensions / steps) * np.arange(steps)
    return walk


def uneven(lengths: Callable, dimensions: int, steps: int, rng) -> np.ndarray:
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
    """1 at the times of a renewal process whose waiting times have the exponent 0.7, else 0."""
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


def cases() -> dict[str, tuple[Callable, Callable]]:
    """Name: (walk(steps, rng) -> [step, dimension], its exact MSD(lags, steps) up to a factor)."""
    part = functools.partial
    found = {
        f"fBm {H} in {d}": (part(fractional, H, d), lambda lags, steps, H=H: lags ** (2.0 * H))
        for H in (0.25, 0.5, 0.75)
        for d in (5, 20, 300, 1000)
    }
    for d in (5, 20, 300):
        found[f"OU in {d}"] = part(ornstein_uhlenbeck, d), lambda lags, steps: 1 - (1 - 20 / steps) ** lags
    found["OU 2 sd away in 300"] = part(transient, 2, 300), found["OU in 300"][1]
    for d in (20, 300):
        curve = lambda lags, steps, d=d: chain_curve(spread_rates(d, steps), lags)  # noqa: E731
        found[f"many rates in {d}"] = part(many_rates, d), curve
    for soft in (1, 3, 10, 30):
        found[f"500 stiff, {soft} soft"] = part(stiff_and_soft, soft), lambda lags, steps: 500 + 30.0 * lags
    for d in (20, 300):
        found[f"drift in {d}"] = part(drifting, d), lambda lags, steps: lags + 4 / steps * lags**2
    for law in (blocks, bursts, decay, levy, rests):
        for d in (5, 500):
            found[f"{law.__name__} in {d}"] = part(uneven, law, d), line
    return found


def squared_distances(walk: np.ndarray) -> np.ndarray:
    """d2 [step, step] of a walk [step, dimension]."""
    walk = walk - walk.mean(0)
    gram = walk @ walk.T
    squares = np.diagonal(gram)
    upper = np.triu(np.maximum(squares[:, None] + squares - 2 * gram, 0), 1)
    return upper + upper.T


def truths(curve: np.ndarray, threshold: float = 0.03) -> dict[str, float]:
    """What each fit makes of an exact MSD at lags 1 ... T - 1."""
    steps = len(curve) + 1
    lags = scaling_fits.log_lags(int(0.8 * steps))
    values = curve[None, lags - 1]
    return {name: float(msd_exponents.fit_curves(name, lags, values, steps, threshold).exponent[0]) for name in SHOWN}


def estimates(found: dict[str, np.ndarray], name: str, steps: int) -> np.ndarray:
    """(estimate, low, high, supported) [fit] of `exponent` or `excess` of one window; NaN where msd.nc has none."""
    rows, lags = [], np.arange(1, steps)
    for k in map(msd_exponents.FITS.index, SHOWN):
        first, last, *values = (
            found[variable][k] if variable in found else np.nan
            for variable in ("first_lag", "last_lag", name, f"{name}_low", f"{name}_high")
        )
        inside = (lags >= first) & (lags <= last)
        rows.append([*values, inside.any() and found["supported"][inside].all()])
    return np.array(rows, float)


def summary(values: np.ndarray, truth: float) -> tuple[float, ...]:
    """(bias, held, width over ideal) of estimates [walk, (estimate, low, high, ...)]; NaN where there are none."""
    values = values[np.isfinite(values[:, :3]).all(1)]
    if len(values) < 2 or not np.isfinite(truth):
        return (np.nan,) * 3
    estimate, low, high = values[:, :3].T
    ideal = 2 * 1.96 * estimate.std(ddof=1)
    return estimate.mean() - truth, np.mean((low <= truth) & (truth <= high)), np.mean(high - low) / ideal


def measure(case: str, steps: int, walks: int, copies: int) -> np.ndarray:
    """Estimates [prefix, walk, fit, 4] of so many walks of one kind, and the seconds a window."""
    make = cases()[case][0]
    found, spent = [], 0.0
    for seed in range(walks):
        rng = np.random.default_rng([seed, steps])
        d2 = squared_distances(make(steps, rng))
        began = time.process_time()
        window = msd.window_msd(d2, 0.03, 0.8, copies, rng)
        spent += time.process_time() - began
        found.append([estimates(window, prefix, steps) for prefix in ("exponent", "excess")])
    return np.array(found).swapaxes(0, 1), spent / walks


def report(case: str, steps: int, walks: int, copies: int) -> None:
    """Print the table of one kind of walk."""
    values, spent = measure(case, steps, walks, copies)
    truth = truths(cases()[case][1](np.arange(1, steps), steps))
    print(f"{case}, T = {steps}, {spent:.3f} CPU s a window")
    for k, name in enumerate(SHOWN):
        supported = values[0, :, k, 3] > 0
        used = supported if supported.sum() > 1 else slice(None)
        raw = summary(values[0, used, k], truth[name])
        excess = summary(values[1, used, k], truth[name] - 1)
        cells = " ".join(f"{b:+.3f} {h:5.3f} {w:5.2f} |" for b, h, w in (raw, excess))
        print(f"  {name:7s} supported {supported.mean():4.2f} | {cells}", flush=True)


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--walks", type=int, default=200)
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    os.nice(max(0, 10 - os.nice(0)))
    for case in cases():
        if re.search(given.only, case):
            report(case, given.steps, given.walks, given.copies)


if __name__ == "__main__":
    main()
