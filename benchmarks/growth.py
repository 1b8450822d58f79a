"""How the cost of each part grows over two decades of its size.

`python benchmarks/growth.py [--repeats 3] [PART ...]` prints a table: CPU seconds of one thread at five sizes, medians
after a first call, and the slope of their logarithms over the upper decade, where what is constant costs little.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(ROOT / "workflow" / "src"), str(ROOT / "benchmarks")]
if __name__ == "__main__":  # before numpy
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from sgdwalk.analyses import msd, msl, path  # noqa: E402
from sgdwalk.heavy_tails.stable import distribution  # noqa: E402
from sgdwalk.landscapes import curvature, random_surfaces, surface_walks  # noqa: E402
from sgdwalk.models.mlp import mlp  # noqa: E402
from sgdwalk.recorder.squared_distances import squared_distances  # noqa: E402
from sgdwalk.recorder.window_recorder import Recorder  # noqa: E402
from sgdwalk.theory import DiscreteChain  # noqa: E402

Work = Callable[[], object]


def walked(parameters: int, window: int) -> Recorder:
    """A recorder after one window of random steps, whose loss is random too."""
    model = torch.nn.Linear(parameters, 1, bias=False)
    recorder, random = Recorder(model, window), torch.Generator().manual_seed(0)
    model.weight.grad = torch.randn(1, parameters, generator=random)
    for _ in range(window):
        recorder.record(float(torch.rand((), generator=random)))
        with torch.no_grad():
            model.weight.add_(torch.randn(1, parameters, generator=random), alpha=0.01)
    recorder.close()
    return recorder


def distances(steps: int, parameters: int) -> Work:
    """The squared distances of all pairs of a window."""
    weights = torch.randn(steps, parameters).cumsum(0)
    return lambda: squared_distances(weights)


def recorded(parameters: int) -> Work:
    """A window of 50 steps, recorded and reduced."""
    return lambda: walked(parameters, 50)


def analysed(analysis) -> Callable[[int], Work]:
    """An analysis of one window, by the window's length."""

    def of(steps: int) -> Work:
        window = walked(200, steps).datasets()["distances"]
        return lambda: analysis.compute(window)

    return of


def stable_fit(entries: int) -> Work:
    """A symmetric stable law of so many numbers."""
    sample = distribution.sample(entries, 1.5, 0, 1.0, rng=0)
    return lambda: distribution.fit(sample)


def hessian_product(images: int) -> Work:
    """A Hessian-vector product of a perceptron of 4,042 parameters; its gradient's graph is made in the first call."""
    torch.manual_seed(0)
    model, batch = mlp(1, 8, 10, depth=3, width=36), (torch.randn(images, 1, 8, 8), torch.arange(images) % 10)
    operator = curvature.hessian(model, model.state_dict(), [batch], torch.nn.functional.cross_entropy, "batch")
    v = torch.ones(operator.size)
    return lambda: operator.matvec(v)


def toy(walkers: int) -> Work:
    """A hundred steps of walkers on a surface of 257 points a side."""
    rng = np.random.default_rng(0)
    surface = random_surfaces.diamond_square(8, 3.0, rng)
    start = surface_walks.starts("random", surface, walkers, rng)
    return lambda: surface_walks.walk(surface, start, 100, 0.02, 0.01, rng)


def chain(steps: int) -> Work:
    """The theory's mean squared displacement at every step, 30 modes."""
    given = {"learning_rate": 0.1, "weight_decay": 1e-4, "batch_size": 32, "momentum": 0.9}
    model = DiscreteChain(np.geomspace(1e-4, 5, 30), **given)
    return lambda: model.total_displacement(np.arange(1, steps + 1))


SHORT, LONG = (20, 60, 200, 600, 2000), (1000, 3000, 10_000, 30_000, 100_000)
PARTS: dict[str, tuple[str, tuple[int, ...], Callable[[int], Work]]] = {
    "distances": ("squared distances, 5,000 parameters: steps", SHORT, lambda n: distances(n, 5000)),
    "parameters": ("squared distances, 200 steps: parameters", LONG, lambda n: distances(200, n)),
    "recorder": ("50 steps recorded: parameters", LONG, recorded),
    "msd": ("msd.nc with intervals: steps of a window", SHORT, analysed(msd)),
    "path": ("path.nc with intervals: steps of a window", SHORT, analysed(path)),
    "msl": ("msl.nc with intervals: steps of a window", SHORT, analysed(msl)),
    "stable": ("stable law with intervals: entries", tuple(n // 10 for n in LONG), stable_fit),
    "hessian": ("Hessian product: images", (10, 30, 100, 300, 1000), hessian_product),
    "toy": ("toy model, 100 steps: walkers", (100, 300, 1000, 3000, 10_000), toy),
    "theory": ("theory's displacement, 30 modes: steps", LONG, chain),
}


def seconds(work: Work, repeats: int) -> float:
    """Median CPU seconds of some calls after a first one."""
    spent = []
    for _ in range(repeats + 1):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return statistics.median(spent[1:])


def slope(sizes, spent) -> float:
    """Of log seconds against log size over the upper decade, by least squares."""
    sizes, spent = np.array(sizes, float), np.array(spent)
    upper = sizes >= sizes[-1] / 10
    return float(np.polyfit(np.log(sizes[upper]), np.log(spent[upper]), 1)[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART", help=f"of {', '.join(PARTS)}")
    chosen = parser.parse_args()
    if unknown := sorted(set(chosen.parts) - set(PARTS)):
        parser.error(f"{unknown[0]}: must be one of {', '.join(PARTS)}")
    torch.set_num_threads(1)
    print("The slope is that of the upper decade.\n")
    print("| what: size | CPU seconds at the sizes | slope |\n| --- | --- | ---: |")
    for part in chosen.parts:
        what, sizes, make = PARTS[part]
        spent = [seconds(make(size), chosen.repeats) for size in sizes]
        cells = ", ".join(f"{size:,}: {value:.2g}" for size, value in zip(sizes, spent, strict=True))
        print(f"| {what} | {cells} | {slope(sizes, spent):.2f} |", flush=True)


if __name__ == "__main__":
    main()
