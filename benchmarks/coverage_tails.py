"""Coverage of the 95 % intervals of stable laws, on independent samples and on gradients of a drifting scale.

python benchmarks/coverage_tails.py [copies]   prints two markdown tables: shares of samples whose interval covers
the truth, in percent; the sampling error of a share of 95 % is sqrt(0.95 x 0.05 / copies).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import numpy as np
from scipy.signal import lfilter
from sgdwalk.heavy_tails import gradient_views, scale_drift
from sgdwalk.heavy_tails.stable import distribution as stable

POINTS, COPIES = 2000, 400
ALPHAS = (0.7, 1.2, 1.5, 1.8, 1.95, 1.99, 2.0)
GENERAL = ((0.7, 0.5), (1.2, 0.0), (1.5, -0.5), (1.8, 0.5))
NAMES = ("alpha", "beta", "scale", "location")
EACH, SPREAD, BLOCK = 4, 0.5, 10  # gradients per step, standard deviation of the log-scale, least block
MEMORIES, STEPS = (0.0, 0.9, 0.99, 0.999), (1000, 250)


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


def drifting(memory: float, steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(gradients, step of each): Gaussians whose log-scale is an AR(1) series of this memory."""
    rng = np.random.default_rng([8, seed, steps])
    push = np.sqrt(1 - memory**2) * rng.standard_normal(steps)
    push[0] /= np.sqrt(1 - memory**2)
    step = np.repeat(np.arange(steps), EACH)
    return rng.standard_normal(steps * EACH) * np.exp(SPREAD * lfilter([1], [1, -memory], push))[step], step


def drift_row(memory: float, steps: int, truth: float, copies: int) -> str:
    """Coverage of alpha of the marginal law with blocks of ten and as in tails.nc, width over the ideal one."""
    alpha, flagged, bounds = [], [], {"ten": [], "now": []}
    for seed in range(copies):
        x, step = drifting(memory, steps, seed)
        blocks = scale_drift.blocks(x, step, steps, BLOCK)
        for name, chosen in (("ten", scale_drift.Blocks(BLOCK, 0.0, False)), ("now", blocks)):
            found = gradient_views.fitted(x, step, chosen)
            bounds[name].append((found["alpha_low"], found["alpha_high"]))
        alpha.append(found["alpha"])
        flagged.append(blocks.drifts)
    ten, now = (np.array(bounds[name]) for name in ("ten", "now"))
    shares = [100 * np.mean((b[:, 0] <= truth) & (truth <= b[:, 1])) for b in (ten, now)]
    width = np.mean(now[:, 1] - now[:, 0]) / (2 * 1.96 * np.std(alpha))
    cells = (memory, steps, *(f"{s:.1f}" for s in shares), f"{width:.2f}", f"{100 * np.mean(flagged):.0f}")
    return "| " + " | ".join(map(str, cells)) + " |"


def drift_table(copies: int = COPIES) -> str:
    """A row per memory of the scale and length of the window."""
    rng = np.random.default_rng(1)
    truth = stable.fit(rng.standard_normal(200_000) * np.exp(SPREAD * rng.standard_normal(200_000))).alpha
    head = ["memory", "steps", "blocks of ten, %", "blocks of tails.nc, %", "width over ideal", "scale drifts, %"]
    rows = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    return "\n".join(rows + [drift_row(m, steps, truth, copies) for steps in STEPS for m in MEMORIES])


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else COPIES
    print(table(number), drift_table(number), sep="\n\n")
