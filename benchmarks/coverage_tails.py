"""Coverage of the 95 % intervals of stable laws on independent samples of known parameters.

python benchmarks/coverage_tails.py [copies]   prints a markdown table: a share of samples whose interval covers
the truth, in percent; the sampling error of a share of 95 % is sqrt(0.95 x 0.05 / copies).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import numpy as np
from sgdwalk.heavy_tails.stable import distribution as stable

POINTS, COPIES = 2000, 400
ALPHAS = (0.7, 1.2, 1.5, 1.8, 1.95, 1.99, 2.0)
GENERAL = ((0.7, 0.5), (1.2, 0.0), (1.5, -0.5), (1.8, 0.5))
NAMES = ("alpha", "beta", "scale", "location")


def coverage(alpha: float, beta: float, copies: int, symmetric: bool) -> dict[str, float]:
    """Share of samples, in percent, whose interval of each parameter covers the truth."""
    truth = {"alpha": alpha, "beta": beta, "scale": 1.0, "location": 0.0}
    fits = [stable.fit(stable.sample(POINTS, alpha, beta, rng=[7, seed]), symmetric) for seed in range(copies)]
    bounds = {n: np.array([(getattr(f, f"{n}_low"), getattr(f, f"{n}_high")) for f in fits]) for n in NAMES}
    return {n: 100 * float(np.mean((b[:, 0] <= truth[n]) & (truth[n] <= b[:, 1]))) for n, b in bounds.items()}


def table(copies: int = COPIES) -> str:
    """A row per law: symmetric fits, then general ones of a fifth of the samples."""
    rows = [
        f"| fit, n = {POINTS:,} | alpha | beta | samples | alpha, % | beta, % | scale, % | location, % |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    laws = [("symmetric", a, 0.0, copies) for a in ALPHAS] + [("general", a, b, copies // 5) for a, b in GENERAL]
    for kind, alpha, beta, number in laws:
        shares = coverage(alpha, beta, number, kind == "symmetric")
        if kind == "symmetric":
            shares["beta"] = None
        cells = ["" if shares[n] is None else f"{shares[n]:.1f}" for n in NAMES]
        rows.append(f"| {kind} | {alpha} | {beta} | {number} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else COPIES))
