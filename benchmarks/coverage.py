"""Bias of estimates, and coverage of their nominal 95 % intervals: writes docs/coverage.md.

`python benchmarks/coverage.py` makes both tables, `... walks` and `... tails` one of them. Two processes.
"""

import functools
import importlib
import os
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

if __name__ == "__main__":  # before numpy; the workers inherit it
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "workflow" / "src"), str(ROOT / "benchmarks")]

import numpy as np  # noqa: E402
from scipy.signal import lfilter  # noqa: E402
from scipy.stats import levy_stable  # noqa: E402
from sgdwalk.analyses import msd  # noqa: E402
from sgdwalk.recorder.squared_distances import squared_distances  # noqa: E402
from sgdwalk.trajectory import gaussian_walks, msd_exponents, scaling_fits  # noqa: E402

PAGE = ROOT / "docs" / "coverage.md"
STEPS, REPETITIONS, DIMENSIONS = 500, 200, (20, 1000)
ALPHA = 1.5
RANGES = {"early": "1 to 10", "middle": "10 to T/10", "late": "T/10 to 0.8 T", "whole": "1 to 0.8 T"}
SECTIONS = ("walks", "tails")


def fractional(H: float, steps: int, dimensions: int, rng) -> np.ndarray:
    """Fractional Brownian motion [step, dimension]."""
    return gaussian_walks.gaussian_walks(np.arange(steps) ** (2 * H), dimensions, 1, rng)[0]


def levy_flight(steps: int, dimensions: int, rng) -> np.ndarray:
    """Sums of independent symmetric stable steps."""
    return levy_stable.rvs(ALPHA, 0, size=(steps, dimensions), random_state=rng).cumsum(0)


def ornstein_uhlenbeck(steps: int, dimensions: int, rng) -> np.ndarray:
    """Stationary x <- (1 - k) x + noise with the correlation time 1 / k = T/20."""
    keep = 1 - 20 / steps
    noise = rng.standard_normal((steps, dimensions))
    noise[0] /= np.sqrt(1 - keep**2)
    return lfilter([1], [1, -keep], noise, axis=0)


def drifting(steps: int, dimensions: int, rng) -> np.ndarray:
    """Brownian motion with a drift that is half of the MSD at lag T/4."""
    walk = rng.standard_normal((steps, dimensions)).cumsum(0)
    walk[:, 0] += np.sqrt(4 * dimensions / steps) * np.arange(steps)
    return walk


def power(exponent: float, lags: np.ndarray, steps: int) -> np.ndarray:
    """The MSD of a power law, up to a factor."""
    return lags**exponent


def levelling(lags: np.ndarray, steps: int) -> np.ndarray:
    """The MSD of the Ornstein-Uhlenbeck walk, up to a factor."""
    return 1 - (1 - 20 / steps) ** lags


def diffusing_and_drifting(lags: np.ndarray, steps: int) -> np.ndarray:
    """The MSD of the drifting walk, up to a factor."""
    return lags + 4 / steps * lags**2


LAWS: dict[str, tuple[Callable, Callable]] = {
    f"fBm, H = {H}": (functools.partial(fractional, H), functools.partial(power, 2 * H)) for H in (0.25, 0.5, 0.75)
} | {
    f"Lévy flight, α = {ALPHA}": (levy_flight, functools.partial(power, 1.0)),
    "Ornstein-Uhlenbeck": (ornstein_uhlenbeck, levelling),
    "Brownian with drift": (drifting, diffusing_and_drifting),
}


def measure(law: str, dimensions: int, steps: int, copies: int, seed: int) -> np.ndarray:
    """(error, covered, supported) [range, 3] for one walk: error of the exponent, whether the interval of msd.nc
    covers the truth, and the share of the lags of the range that msd.nc flags as supported.
    """
    make, curve = LAWS[law]
    rng = np.random.default_rng([seed, dimensions, list(LAWS).index(law)])
    d2 = squared_distances(make(steps, dimensions, rng)).numpy()
    found = msd.window_msd(d2, 0.03, 0.8, copies, rng)
    lags = scaling_fits.log_lags(int(0.8 * steps))
    rows = []
    for name in RANGES:
        k = msd_exponents.FITS.index(name)
        first, last = found["first_lag"][k], found["last_lag"][k]
        x = lags[(lags >= first) & (lags <= last)]
        truth = scaling_fits.power_law(x, curve(x, steps))[0]
        covered = found["exponent_low"][k] <= truth <= found["exponent_high"][k]
        rows.append((found["exponent"][k] - truth, covered, found["supported"][x - 1].mean()))
    return np.array(rows, float)


def simulate(repetitions: int, steps: int, copies: int, dimensions, pool=None) -> dict[tuple[str, int], np.ndarray]:
    """measure() of every law and dimension: [repetition, range, 3]."""
    apply = pool.map if pool else lambda job, seeds: list(map(job, seeds))
    cases = [(law, size) for law in LAWS for size in dimensions]
    found = {}
    for law, size in cases:
        job = functools.partial(measure, law, size, steps, copies)
        found[law, size] = np.stack(apply(job, range(repetitions)))
        print(law, size, found[law, size][..., 1].mean(0), file=sys.stderr, flush=True)
    return found


def table(repetitions: int = REPETITIONS, steps: int = STEPS, copies: int = 200, dimensions=DIMENSIONS) -> str:
    """Markdown table of bias and coverage of the MSD's exponents, a row per law, dimension and range of lags."""
    os.nice(max(0, 10 - os.nice(0)))
    with get_context("spawn").Pool(2) as pool:
        found = simulate(repetitions, steps, copies, dimensions, pool)
    lines = [
        f"{repetitions} walks of T = {steps} steps each, in as many equal dimensions as stated; {copies} simulated",
        f"walks behind each interval. At a true 95 % the share of {repetitions} has a standard error of"
        f" {100 * np.sqrt(0.05 * 0.95 / repetitions):.1f} %.",
        "",
        "| walk | dimensions | lags | bias | scatter | intervals that hold the truth | lags flagged as supported |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (law, size), values in found.items():
        for k, lags in enumerate(RANGES.values()):
            error, covered, supported = values[:, k].T
            cells = (law, size, lags, f"{error.mean():+.3f}", f"{error.std(ddof=1):.3f}")
            cells += (f"{100 * covered.mean():.1f} %", f"{100 * supported.mean():.0f} %")
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines).replace("-0.000", "0.000").replace("+0.000", "0.000")


def write(name: str, text: str) -> None:
    """Replace the table between its markers in docs/coverage.md."""
    page = PAGE.read_text()
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.partition(begin)
    PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}")


def main(requested) -> None:
    """Write the requested tables, or all; that of the stable laws only where its script exists."""
    tables = {"walks": table}
    if (ROOT / "benchmarks" / "coverage_tails.py").exists():
        tables["tails"] = importlib.import_module("coverage_tails").table
    for name in requested or tables:
        text = tables[name]()
        print(text)
        write(name, text)


if __name__ == "__main__":
    main(sys.argv[1:])
