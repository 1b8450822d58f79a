"""Simulation of the table of gaussian_edge: `python -m sgdwalk.heavy_tails.stable.gaussian_edge_table` prints it anew."""

import numpy as np

from sgdwalk.heavy_tails.stable import distribution
from sgdwalk.heavy_tails.stable.gaussian_edge import LEVELS, QUANTILES, gaussian

COPIES = 20_000  # simulated samples; fewer of more than 2,000 points


def simulate(number: int, copies: int, seed: int) -> np.ndarray:
    """Ratios of `copies` Gaussian samples of `number` points."""
    rng = np.random.default_rng([seed, number])
    samples = (rng.standard_normal(number) for _ in range(copies))
    return np.array([2 * (distribution.fit(x).log_likelihood - gaussian(x)) for x in samples])


def main() -> None:
    """Simulate QUANTILES and print them."""
    for number in QUANTILES:
        ratios = simulate(number, max(4000, min(COPIES, COPIES * 2000 // number)), seed=1)
        row = np.quantile(ratios, 1 - np.array(LEVELS))
        print(f"    {number:_}: ({', '.join(f'{max(q, 0):.2f}' for q in row)}),", flush=True)


if __name__ == "__main__":
    main()
