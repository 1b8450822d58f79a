"""Walkers of the toy model: all at once, compared with a plain loop over one walker's steps.

`python benchmarks/toy.py [--levels 11] [--walkers 10000] [--steps 1000] [--slow 200000]`. CPU seconds of one thread.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "src"))
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

import numpy as np  # noqa: E402
from sgdwalk.landscapes import random_surfaces, surface_walks  # noqa: E402

STEP_SIZE, NOISE = 0.02, 0.01


def options() -> argparse.Namespace:
    """What the command line says; slow: steps of the plain loop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("levels", 11), ("walkers", 10_000), ("steps", 1000), ("slow", 200_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    return parser.parse_args()


def plain_loop(surface: np.ndarray, count: int, rng: np.random.Generator) -> None:
    """One walker, number by number: the same table of gradients, interpolated between four points; reflecting walls."""
    last, z = len(surface) - 1, 0.1 + 0.2j
    along_x, along_y = np.gradient(surface, 2 / last, edge_order=2)
    table = (along_x + 1j * along_y).tolist()
    kicks = (NOISE * rng.standard_normal(2 * count).view(complex)).tolist()
    for kick in kicks:
        u, v = (z.real + 1) * last / 2, (z.imag + 1) * last / 2
        i, j = min(int(u), last - 1), min(int(v), last - 1)
        a, b, near, far = u - i, v - j, table[i], table[i + 1]
        slope = (near[j] * (1 - b) + near[j + 1] * b) * (1 - a) + (far[j] * (1 - b) + far[j + 1] * b) * a
        z += kick - STEP_SIZE * slope
        z = complex(abs((z.real - 1) % 4 - 2) - 1, abs((z.imag - 1) % 4 - 2) - 1)


def row(name: str, count: int, work: Callable[[], object]) -> None:
    """Print a line of the table: walker-steps, CPU seconds, microseconds each."""
    start = time.process_time()
    work()
    spent = time.process_time() - start
    print(f"| {name} | {count:,} | {spent:.2f} | {1e6 * spent / count:.2f} |", flush=True)


def main() -> None:
    """Print the table."""
    chosen, rng = options(), np.random.default_rng(0)
    surface = random_surfaces.diamond_square(chosen.levels, 3.0, rng)
    start = surface_walks.starts("random", surface, chosen.walkers, rng)
    few = start[: max(1, chosen.walkers // 10)]

    def walk(start, **how):
        return lambda: surface_walks.walk(surface, start, chosen.steps, STEP_SIZE, NOISE, rng, **how)

    print(f"{len(surface)} x {len(surface)} points\n")
    print("| what | walker-steps | CPU s | microseconds each |\n| --- | --- | --- | --- |")
    row("sgdwalk", len(start) * chosen.steps, walk(start))
    row("sgdwalk, a tenth of the walkers", len(few) * chosen.steps, walk(few))
    row("sgdwalk, differences over 0.002", len(few) * chosen.steps, walk(few, difference_width=2e-3))
    row("plain loop, with its table", chosen.slow, lambda: plain_loop(surface, chosen.slow, rng))


if __name__ == "__main__":
    main()
