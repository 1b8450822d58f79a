"""The theory's mean squared displacement beside simulated walkers and beside one matrix exponential per time.

`python benchmarks/theory.py [--modes 30] [--steps 100000] [--walkers 1000] [--repeats 5] [--momentum 0.9] [--slow 1]`
prints a table: CPU seconds in one thread, medians, ratios of one run. The walkers' and exponentials' results are
compared with the formulas', so that all compute the same. --slow: a fraction of the walkers' steps and of the
exponentials' times that is done and scaled up, 1 for all of them.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import numpy as np
from scipy.linalg import expm
from sgdwalk.theory import DiscreteChain, Langevin, ShuffledEpochs

SETTINGS = {"learning_rate": 0.1, "weight_decay": 1e-4, "batch_size": 32}
EXAMPLES = 1500
MANY = 100_000, 10_000  # modes and times of the large sum


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("modes", 30), ("steps", 100_000), ("walkers", 1000), ("repeats", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--slow", type=float, default=1.0)
    return parser.parse_args()


def simulated(model: DiscreteChain, steps: int, walkers: int) -> np.ndarray:
    """|theta_k - theta_0|^2 averaged over walkers from a stationary start, k = 1 ... steps, step by step."""
    rng, shape = np.random.default_rng(0), (len(model.rho), walkers)
    factor = np.linalg.cholesky(model.stationary())
    theta, v = np.einsum("mij,jmw->imw", factor, rng.standard_normal((2, *shape)))
    start, noise, found = theta.copy(), np.empty(shape), np.empty(steps)
    pull, spread = (
        (model.rho + model.weight_decay)[:, None],
        np.sqrt(model.gradient_variance / model.batch_size)[:, None],
    )
    for k in range(steps):
        rng.standard_normal(out=noise)
        noise *= spread
        v *= model.momentum
        v -= pull * theta
        v -= noise
        theta += model.learning_rate * v
        np.subtract(theta, start, out=noise)
        found[k] = np.vdot(noise, noise)
    return found / walkers


def exponentials(model: Langevin, steps: np.ndarray) -> np.ndarray:
    """Mean squared displacement from the stationary state by exp(-A t) of all modes at each time."""
    drift = np.zeros((len(model.rho), 2, 2))
    drift[:, 0, 1], drift[:, 1, 0], drift[:, 1, 1] = -1, model.omega2, 2 * model.gamma
    variance = model.stationary()[:, 0, 0]
    return np.array([2 * variance @ (1 - expm(-drift * (model.learning_rate * k))[:, 0, 0]) for k in steps])


def cpu(work, repeats: int):
    """(median CPU seconds, last result)."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        found = work()
        spent.append(time.process_time() - start)
    return statistics.median(spent), found


def main() -> None:
    """Print the table."""
    chosen = options()
    rho, steps = np.geomspace(1e-4, 5, chosen.modes), np.arange(1, chosen.steps + 1)
    few = max(1, round(chosen.slow * chosen.steps))
    chain = DiscreteChain(rho, momentum=chosen.momentum, **SETTINGS)
    continuum, shuffled = Langevin.of(chain), ShuffledEpochs.of(chain, examples=EXAMPLES)
    fast, exact = cpu(lambda: chain.total_displacement(steps), chosen.repeats)
    smooth, formula = cpu(lambda: continuum.total_displacement(steps), chosen.repeats)
    epochs, _ = cpu(lambda: shuffled.total_displacement(steps), chosen.repeats)
    walked, walk = cpu(lambda: simulated(chain, few, chosen.walkers), 1)
    times = np.unique(np.linspace(1, chosen.steps, few).astype(int))
    spent, found = cpu(lambda: exponentials(continuum, times), 1)
    walked, spent = walked * chosen.steps / few, spent * chosen.steps / len(times)
    noisy, rounded = np.abs(walk / exact[:few] - 1).max(), np.abs(found / formula[times - 1] - 1).max()
    print(f"{chosen.modes} modes x {chosen.steps:,} steps; one thread, medians of {chosen.repeats}, slow ones once\n")
    print("| what | CPU s | over its formula | largest difference from it |\n| --- | --- | --- | --- |")
    print(f"| chain, formula | {fast:.4f} |  |  |")
    print(f"| chain, {chosen.walkers:,} walkers | {walked:.1f} | {walked / fast:.0f} | {100 * noisy:.1f} % |")
    print(f"| Langevin, formula | {smooth:.4f} |  |  |")
    print(f"| Langevin, an exponential per time | {spent:.1f} | {spent / smooth:.0f} | {rounded:.0e} |")
    print(f"| shuffled epochs, formula | {epochs:.4f} |  |  |")
    large = DiscreteChain(np.geomspace(1e-6, 5, MANY[0]), momentum=chosen.momentum, **SETTINGS)
    seconds, _ = cpu(lambda: large.total_displacement(np.arange(1, MANY[1] + 1)), 1)
    print(f"| chain, {MANY[0]:,} modes x {MANY[1]:,} steps | {seconds:.1f} |  |  |")


if __name__ == "__main__":
    main()
