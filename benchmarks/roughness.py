"""How often surfaces that are smooth, and surfaces that are rough, pass for rougher than a quadratic.

`python benchmarks/roughness.py [--surfaces N] [POINTS ...]` prints the table of docs/definitions.md: verdicts of the
claim 'loss surface rougher than a smooth bowl' on one plane of POINTS x POINTS (25, 51 and 129), in about four minutes
of CPU.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":  # before numpy
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ROOT = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(ROOT / "workflow" / "src")]

import numpy as np  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402
from sgdwalk.analyses import dimension  # noqa: E402
from sgdwalk.landscapes.random_surfaces import fractional_brownian_surface  # noqa: E402
from sgdwalk.landscapes.self_affine_intervals import interval, simulated  # noqa: E402
from sgdwalk.landscapes.variogram import readings  # noqa: E402
from sgdwalk.tables.quantities_chen2022 import ROUGHER  # noqa: E402
from sgdwalk.tables.verdicts import Estimate, above  # noqa: E402

VERDICTS = ("agrees", "undecided", "differs")  # by the interval alone: the claim also asks for a fine grid to differ
PLACES = ("rougher", "undecided", "not rougher")  # what they say


def grid(n: int) -> list[np.ndarray]:
    """X and y [point, point] on [-1, 1]^2."""
    return np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n), indexing="ij")


def bowl(n: int, rng) -> np.ndarray:
    """A round minimum."""
    x, y = grid(n)
    return 0.1 + (x - rng.uniform(-0.5, 0.5)) ** 2 + (y - rng.uniform(-0.5, 0.5)) ** 2


def valley(n: int, rng) -> np.ndarray:
    """A quadratic valley narrower than a grid step, in any direction."""
    along, across = turned(n, rng)
    return 1e-3 + along**2 + 100 * across**2


def skewed_valley(n: int, rng) -> np.ndarray:
    """The same, three times as steep at one end as at the other: no quadratic."""
    along, across = turned(n, rng)
    return 1e-3 + (1 + 0.5 * along) * (along**2 + 100 * across**2)


def turned(n: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in axes that are turned at random."""
    (x, y), angle = grid(n), rng.uniform(0, np.pi)
    return np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x


def plateau(n: int, rng) -> np.ndarray:
    """A minimum in a plateau, of a tenth to half of the width of the plane."""
    x, y = grid(n)
    return 2.3 - 2.2 * np.exp(-((x - rng.uniform(-0.2, 0.2)) ** 2 + y**2) / (2 * rng.uniform(0.2, 0.6) ** 2))


def bumps(width: float) -> Callable:
    """A smooth Gaussian field with bumps of this width, in grid steps, as log loss."""

    def field(n: int, rng) -> np.ndarray:
        smooth = gaussian_filter(rng.standard_normal((n + 40, n + 40)), width)[20:-20, 20:-20]
        return np.exp(smooth / smooth.std())

    return field


def network(activation: Callable) -> Callable:
    """Mean squared error of a network of 30 units, its output weights fitted, on a filter-normalised plane."""

    def surface(n: int, rng) -> np.ndarray:
        inputs, targets = rng.standard_normal((100, 10)), rng.standard_normal(100)
        first = rng.standard_normal((30, 10)) / np.sqrt(10)
        second = np.linalg.lstsq(activation(inputs @ first.T), targets, rcond=None)[0][None]
        (a1, b1), (a2, b2) = ([rows_like(w, rng) for w in (first, second)] for _ in range(2))

        def loss(x: float, y: float) -> float:
            hidden = activation(inputs @ (first + x * a1 + y * a2).T)
            return ((hidden @ (second + x * b1 + y * b2)[0] - targets) ** 2).mean()

        side = np.linspace(-1, 1, n)
        return np.array([[loss(x, y) for y in side] for x in side])

    return surface


def rows_like(weights: np.ndarray, rng) -> np.ndarray:
    """A random direction with the norm of each row of the weights."""
    found = rng.standard_normal(weights.shape)
    return found * (np.linalg.norm(weights, axis=1) / np.linalg.norm(found, axis=1))[:, None]


def rough(D: float, height: float = 0.0) -> Callable:
    """log10 of the loss is a fractional Brownian surface; on a bowl, of this height, if it is given."""

    def surface(n: int, rng) -> np.ndarray:
        noise = fractional_brownian_surface(n, 3 - D, rng)
        smooth = np.log10(bowl(n, rng))
        return 10 ** (smooth + height * smooth.std() * noise / noise.std() if height else noise / noise.std())

    return surface


SMOOTH = {
    "bowl": bowl,
    "quadratic valley": valley,
    "skewed valley": skewed_valley,
    "minimum in a plateau": plateau,
    "network, tanh": network(np.tanh),
    "network, ReLU": network(lambda z: np.maximum(z, 0)),
    "bumps of 5 grid steps": bumps(5),
    "bumps of 2 grid steps": bumps(2),
    "bumps of 1 grid step": bumps(1),
}
ROUGH = {
    "D = 2.1": rough(2.1),
    "D = 2.2": rough(2.2),
    "D = 2.5": rough(2.5),
    "D = 2.8": rough(2.8),
    "D = 2.5, a tenth of a bowl's height": rough(2.5, 0.1),
    "D = 2.5, a hundredth of a bowl's height": rough(2.5, 0.01),
}


def excess(loss: np.ndarray, read: np.ndarray) -> Estimate:
    """What the claim is judged by, of a single plane [x, y]."""
    limit = readings(np.log10(loss))[1]
    bound = np.fmax(2, readings(dimension.quadratic_heights(loss, True))[1])
    low, high = interval(limit, read)
    return Estimate(limit - bound, min(low, limit) - bound, max(high, limit) - bound)


def row(kind: str, surface: Callable, surfaces: int, read: dict[int, np.ndarray]) -> str:
    """A row of the table: mean dimension above the quadratic, and the shares of the verdicts, for each grid."""
    cells = [kind]
    for n, of_grid in read.items():
        found = [excess(surface(n, np.random.default_rng([n, seed])), of_grid) for seed in range(surfaces)]
        verdicts = [above(ROUGHER).verdict(estimate)[0] for estimate in found]
        shares = (f"{100 * verdicts.count(verdict) / surfaces:.0f}" for verdict in VERDICTS)
        cells += [f"{np.mean([estimate.value for estimate in found]):+.2f}", " / ".join(shares)]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Read the command line, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--surfaces", type=int, default=200)
    parser.add_argument("points", nargs="*", type=int, default=[25, 51, 129], metavar="POINTS")
    given = parser.parse_args()
    read = {n: simulated(n, 100, np.random.default_rng(n))["extrapolated_dimension"] for n in given.points}
    head = ["surface", *(cell for n in read for cell in (f"above, {n}", f"{' / '.join(PLACES)}, %"))]
    print(f"| {' | '.join(head)} |", "| --- " * len(head) + "|", sep="\n")
    for kind, surface in (SMOOTH | ROUGH).items():
        print(row(kind, surface, given.surfaces, read), flush=True)


if __name__ == "__main__":
    main()
