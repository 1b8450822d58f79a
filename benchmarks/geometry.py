"""Squared distances of all pairs of a window, compared with packages for the MSD alone and with the machine's dgemm.

`python benchmarks/geometry.py [--threads 1] [--repeats 3] [--steps 1000] [--parameters 175258]`. Packages that are not
installed are named: `pip install tidynamics MDAnalysis freud-analysis kinisi` into an environment of their own.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "src"))
OPTIONS = argparse.ArgumentParser()
for option, default in (("threads", 1), ("repeats", 3), ("steps", 1000), ("parameters", 175_258)):
    OPTIONS.add_argument(f"--{option}", type=int, default=default)
CHOSEN = OPTIONS.parse_args()
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(CHOSEN.threads))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from sgdwalk.recorder.squared_distances import squared_distances  # noqa: E402
from sgdwalk.trajectory import mean_squared_displacement  # noqa: E402

FAR = 1e4  # distance of the walk from the origin, in steps
SLOW = 30.0  # seconds above which a timing is not repeated
NEVER = np.array([np.inf, np.inf])
USABLE = 0.01  # largest error of an MSD whose time counts


def walk(steps: int, parameters: int) -> np.ndarray:
    """A random walk in float32, far from the origin."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((steps, parameters), dtype=np.float32)
    weights[0] *= FAR
    return np.cumsum(weights, axis=0, out=weights)


def exact_msd(weights: np.ndarray, lags) -> np.ndarray:
    """MSD at some lags by differences in float64, row by row, summed in extended precision."""
    found = []
    for lag in lags:
        away = (np.subtract(weights[t + lag], weights[t], dtype=float) for t in range(len(weights) - lag))
        found.append(np.mean([float((a * a).sum(dtype=np.longdouble)) for a in away]))
    return np.array(found)


def ours(weights: np.ndarray) -> np.ndarray:
    """MSD from the distances of all pairs."""
    return mean_squared_displacement.from_distances(squared_distances(weights).numpy())


def tidynamics(weights: np.ndarray) -> np.ndarray:
    """FFT of each parameter."""
    import tidynamics

    return tidynamics.msd(weights.astype(float))[1:]


def in_space(weights: np.ndarray, dtype) -> np.ndarray:
    """Parameters as particles in three dimensions [step, particle, 3], padded with zeros."""
    padded = np.zeros((len(weights), -(-weights.shape[1] // 3) * 3), dtype)
    padded[:, : weights.shape[1]] = weights
    return padded.reshape(len(weights), -1, 3)


def mdanalysis(weights: np.ndarray) -> np.ndarray:
    """EinsteinMSD with fft, on a trajectory in memory; coordinates are float32."""
    import MDAnalysis
    from MDAnalysis.analysis.msd import EinsteinMSD

    points = in_space(weights, np.float32)
    universe = MDAnalysis.Universe.empty(points.shape[1], trajectory=True)
    universe.load_new(points)
    return EinsteinMSD(universe, fft=True).run().results.timeseries[1:] * points.shape[1]


def freud(weights: np.ndarray) -> np.ndarray:
    """FFT over all particles at once."""
    import freud

    freud.parallel.set_num_threads(CHOSEN.threads)
    points = in_space(weights, float)
    return freud.msd.MSD(mode="window").compute(points).msd[1:] * points.shape[1]


def kinisi(weights: np.ndarray) -> np.ndarray:
    """Differences at every lag, of particles in a box that none of them can cross in a step."""
    import scipp
    from kinisi import displacement
    from kinisi.parser import Parser

    points = in_space(weights, float)
    side = 4 * np.abs(np.diff(points, axis=0)).max()
    box = np.broadcast_to(side * np.eye(3), (len(points), 3, 3)).copy()
    parsed = Parser(
        scipp.array(dims=["time", "particle", "dimension"], values=points / side),
        scipp.array(dims=["time", "row", "column"], values=box, unit="angstrom"),
        time_step=scipp.scalar(1.0, unit="fs"),
        step_skip=scipp.scalar(1, unit="dimensionless"),
        specie_indices=scipp.arange("particle", points.shape[1]),
        drift_indices=scipp.array(dims=["particle"], values=np.empty(0, int)),
    )
    return displacement.calculate_msd(parsed, progress=False)["da"].values * points.shape[1]


def double_loop(weights: np.ndarray) -> np.ndarray:
    """Every pair's difference, one by one."""
    weights = weights.astype(float)
    d2 = np.zeros((len(weights), len(weights)))
    for i in range(len(weights)):
        for j in range(i + 1, len(weights)):
            away = weights[j] - weights[i]
            d2[i, j] = away @ away
    return mean_squared_displacement.from_distances(d2)


def timed(work: Callable, repeats: int) -> tuple[float, float, int, np.ndarray]:
    """(median of wall seconds, of CPU seconds, repetitions, result)."""
    wall, cpu = [], []
    while len(wall) < repeats and (not wall or wall[0] < SLOW):
        start = time.perf_counter(), time.process_time()
        result = work()
        wall.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
    return statistics.median(wall), statistics.median(cpu), len(wall), result


def dgemm_rate(repeats: int, size: int = 1500) -> float:
    """Matrix product of this machine in float64, in 1e9 operations a second of CPU time of one thread."""
    a, b = np.random.default_rng(0).standard_normal((2, size, size))
    product = np.empty((size, size))
    np.matmul(a, b, out=product)
    return 2 * size**3 / timed(lambda: np.matmul(a, b, out=product), repeats)[1] / 1e9


def row(name: str, weights: np.ndarray, compute: Callable, repeats: int) -> tuple[str, np.ndarray]:
    """A line of the table; wall and CPU seconds, NEVER where the package is missing or its MSD is wrong."""
    shape = f"{len(weights)} x {weights.shape[1]:,}"
    try:
        wall, cpu, count, found = timed(lambda: compute(weights), repeats)
    except ImportError as error:
        return f"| {name} | {shape} | not installed: {error.name} |  |  |  |  |", NEVER
    except MemoryError:
        return f"| {name} | {shape} | does not fit |  |  |  |  |", NEVER
    lags = np.unique([1, 10, len(weights) // 10, len(weights) - 1])
    errors = np.abs(found[lags - 1] / exact_msd(weights, lags) - 1)
    line = f"| {name} | {shape} | {wall:.2f} | {cpu:.2f} | {count} | {errors[0]:.0e} | {errors.max():.0e} |"
    return line, np.array([wall, cpu]) if errors.max() < USABLE else NEVER


def main() -> None:
    """Print the table."""
    torch.set_num_threads(CHOSEN.threads)
    steps, parameters, repeats = CHOSEN.steps, CHOSEN.parameters, CHOSEN.repeats
    weights = walk(steps, parameters)
    small = weights[: max(20, steps // 10), : max(1, parameters // 10)]
    rates = [dgemm_rate(5)]
    print(f"{CHOSEN.threads} thread(s), {os.cpu_count()} cores; float32 weights {FAR:g} steps from the origin;")
    print(
        "medians; error: of the MSD against differences in extended precision, at lag 1 and the largest of four lags\n"
    )
    print("| what | T x P | wall s | CPU s | repeats | error at lag 1 | largest error |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    line, mine = row("sgdwalk: every pair and the MSD", weights, ours, repeats)
    print(line, flush=True)
    peers = []
    for name, compute in (("tidynamics", tidynamics), ("MDAnalysis, fft", mdanalysis), ("freud", freud)):
        line, seconds = row(f"{name}: the MSD", weights, compute, repeats)
        peers.append(seconds)
        print(line, flush=True)
    # A quadratic cost in the steps, in several copies: only in small.
    for name, compute in (("kinisi: the MSD", kinisi), ("numpy, double loop: every pair", double_loop)):
        print(row(name, small, compute, repeats)[0], flush=True)
    print(row("sgdwalk: every pair and the MSD", small, ours, repeats)[0])
    rates.append(dgemm_rate(5))
    rate, dgemm = 2 * steps**2 * parameters / mine[1] / 1e9, statistics.mean(rates)
    print(f"\ndgemm: {dgemm:.1f} GFLOP/s a thread; sgdwalk: {rate:.1f}, counted as a full product,", end=" ")
    print(f"{100 * rate / dgemm:.0f} % of it (a symmetric product has half the operations)")
    wall, cpu = np.min(peers, axis=0) / mine
    if np.isfinite(wall):
        print(f"fastest peer that is right within 1 % / sgdwalk: {wall:.1f} in wall time, {cpu:.1f} in CPU time")


if __name__ == "__main__":
    main()
