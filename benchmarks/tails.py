"""Stable fits compared with scipy's, McCulloch's quantiles, Koutrouvelis' regression: time, likelihood, bias, spread.

python benchmarks/tails.py [copies]   prints markdown tables; times are medians of CPU time, in one process. Where the
package levy-stable is installed, the time of its fit too.
"""

import sys
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import numpy as np
from scipy.stats import levy_stable
from sgdwalk.heavy_tails.stable import distribution as stable

ALPHAS = (0.7, 1.2, 1.5, 1.8, 1.95)
TESTED = (1.2, 1.5, 1.8)
POINTS, FEW = 5000, 200


def mcculloch(x) -> tuple[float, float]:
    """Alpha and scale from quantiles (McCulloch 1986), symmetric."""
    q05, q25, q75, q95 = np.quantile(x, [0.05, 0.25, 0.75, 0.95])
    alpha = np.interp((q95 - q05) / (q75 - q25), stable.START_SPREAD, stable.START_ALPHA)
    return alpha, (q75 - q25) / np.interp(-alpha, -stable.START_ALPHA, stable.START_QUARTILES)


def koutrouvelis(x, rounds: int = 5) -> tuple[float, float]:
    """Alpha and scale from log(-log |phi(k)|^2) = log 2 + alpha log(scale k) (Koutrouvelis 1980), symmetric."""
    alpha, scale = mcculloch(x)
    x = x - np.median(x)
    k = np.pi * np.arange(1, 11) / 25
    for _ in range(rounds):
        z = x / scale
        power = np.cos(np.outer(k, z)).mean(axis=1) ** 2 + np.sin(np.outer(k, z)).mean(axis=1) ** 2
        alpha, level = np.polyfit(np.log(k), np.log(-np.log(power)), 1)
        scale *= np.exp((level - np.log(2)) / alpha)
    return min(alpha, 2.0), scale


def likelihood(x) -> tuple[float, float]:
    """Alpha and scale by maximum likelihood."""
    fit = stable.fit(x)
    return fit.alpha, fit.scale


def interpolated(x) -> tuple[float, float]:
    """The same by levy-stable's table of densities; in quartile ranges, as its search hardly moves at other scales."""
    import levy

    unit = np.subtract(*np.quantile(x, [0.75, 0.25]))
    found = levy.fit(x / unit, beta=0.0).params
    return found.alpha, found.sigma * unit


def bound(alpha: float, points: int) -> float:
    """Cramer-Rao bound of alpha's standard deviation, scale unknown; Fisher information by quadrature."""
    h, z = 1e-3, np.concatenate([[0], np.geomspace(1e-4, 1e9, 40_000)])
    p = np.exp(stable.logpdf(z, alpha))
    by_alpha = (stable.logpdf(z, alpha + h) - stable.logpdf(z, alpha - h)) / (2 * h)
    by_scale = -1 - z * np.gradient(stable.logpdf(z, alpha), z)
    a, b, c = (2 * np.trapezoid(v * p, z) for v in (by_alpha**2, by_alpha * by_scale, by_scale**2))
    return (points * (a - b**2 / c)) ** -0.5


def cpu(function, samples) -> float:
    """Median CPU seconds over all samples but the first, which is a warm-up."""
    spent = []
    for x in samples:
        start = time.process_time()
        function(x)
        spent.append(time.process_time() - start)
    return float(np.median(spent[1:]))


def times() -> str:
    """Seconds per fit, by alpha."""
    rows = [
        "| alpha | symmetric, ms | general, ms | McCulloch, ms | Koutrouvelis, ms | levy-stable, symmetric, ms |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for alpha in ALPHAS:
        samples = [stable.sample(POINTS, alpha, 0, 1e-6, rng=seed) for seed in range(16)]
        general = cpu(lambda x: stable.fit(x, symmetric=False), samples[:6])
        spent = [cpu(stable.fit, samples), general, cpu(mcculloch, samples), cpu(koutrouvelis, samples)]
        cells = [f"{1e3 * s:.1f}" for s in spent]
        cells.append(f"{1e3 * cpu(interpolated, samples[:3]):.0f}" if find_spec("levy") else "not installed")
        rows.append(f"| {alpha} | {' | '.join(cells)} |")
    return "\n".join(rows)


def spread(copies: int, points: int = 1000) -> str:
    """Bias and standard deviation of alpha on the same samples, over the Cramer-Rao bound."""
    rows = ["| alpha | estimator | bias | standard deviation | over the bound |", "| --- | --- | --- | --- | --- |"]
    for alpha in TESTED:
        samples = [stable.sample(points, alpha, rng=[seed, round(100 * alpha)]) for seed in range(copies)]
        least = bound(alpha, points)
        for name, estimate in (("likelihood", likelihood), ("McCulloch", mcculloch), ("Koutrouvelis", koutrouvelis)):
            found = np.array([estimate(x)[0] for x in samples])
            rows.append(
                f"| {alpha} | {name} | {found.mean() - alpha:+.4f} | {found.std():.4f} | {found.std() / least:.3f} |"
            )
    return "\n".join(rows)


def against_scipy(alpha: float = 1.5) -> str:
    """Time and log-likelihood of the general fit compared with scipy.stats.levy_stable.fit, n = 200."""
    x = stable.sample(FEW, alpha, rng=1)
    own = cpu(lambda x: stable.fit(x, symmetric=False), [stable.sample(FEW, alpha, rng=s) for s in range(8)])
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a, b, location, scale = levy_stable.fit(x)
    scipys = time.process_time() - start
    shift = scale * b * np.tan(np.pi * a / 2)  # scipy's location is S1's
    value = stable.logpdf(x, a, b, scale, location + shift).sum()
    fit = stable.fit(x, symmetric=False)
    return (
        "| n = 200, alpha 1.5 | CPU s | log-likelihood | alpha | beta |\n| --- | --- | --- | --- | --- |\n"
        f"| general fit | {own:.4f} | {fit.log_likelihood:.4f} | {fit.alpha:.3f} | {fit.beta:.3f} |\n"
        f"| scipy | {scipys:.1f} | {value:.4f} | {a:.3f} | {b:.3f} |\n\n{scipys / own:.0f} times faster"
    )


if __name__ == "__main__":
    print(times(), flush=True)
    print("\n" + spread(int(sys.argv[1]) if len(sys.argv) > 1 else 2000), flush=True)
    print("\n" + against_scipy(), flush=True)
