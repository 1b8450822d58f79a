"""Claims of Chen, Qu & Gong, doi 10.1016/j.neunet.2022.01.019, in the order of the table. A new claim is a new row."""

import numpy as np

from sgdwalk.tables.claim_parts import Claim, Runs, base, change, difference, largest, listed, pair, toy, value
from sgdwalk.tables.study_results import Results
from sgdwalk.tables.verdicts import Estimate, Expected, about, above, below

FIRST, LAST = 0, -1  # windows
HEAVY = 1.9  # stability parameters below it count as heavy tails
LONG_RUN = 5000  # epochs
SMALL_RATE = 0.1  # times the base run's learning rate

# Quantities of a run

first_exponent = value("msd", window=FIRST, fit="paper")
last_exponent = value("msd", window=LAST, fit="paper")
first_alpha = value("tails", "alpha", window=FIRST)
last_alpha = value("tails", "alpha", window=LAST)


def curvature_ratio(results: Results, run: str) -> Estimate | None:
    """Largest eigenvalue of the Hessian, last over first snapshot; the ends are those of the residuals."""
    hessian = results.files["hessian"].get(run)
    if hessian is None:
        return None
    (first, *_, last), (before, *_, after) = hessian.eigenvalue[:, 0].values, hessian.residual[:, 0].values
    return Estimate(last / first, (last - after) / (first + before), (last + after) / (first - before))


def above_smooth_bowl(results: Results) -> Expected:
    """Above what the variogram reads on a smooth bowl on the same grid, 2 where nothing was measured."""
    found = results.files["dimension"].get(results.base)
    return above(2.0 if found is None else round(float(found.control_variogram[0]), 3))


# Selections of runs


def long_run(results: Results) -> Runs:
    """The base run trained for at least LONG_RUN epochs."""
    longer = [run for run in results.varied("epochs", "steps") if results.runs[run]["epochs"] >= LONG_RUN]
    return listed(longer[:1])


def other_architectures(results: Results) -> Runs:
    """Runs that differ from the base in depth, batch size, shortcuts and seed alone."""
    return listed(results.varied("depth", "batch_size", "shortcut", "seed"))


def other_shortcut(results: Results) -> Runs:
    """The base run and one that differs from it in its shortcuts alone."""
    return pair(results.base, next(iter(results.varied("shortcut")), None))


def farthest_batch_size(results: Results) -> Runs:
    """The base run and the one whose batch size differs from its own by the largest factor."""

    def distance(run: str) -> float:
        return abs(np.log(results.runs[run]["batch_size"] / results.runs[results.base]["batch_size"]))

    return pair(results.base, max(results.varied("batch_size"), key=distance, default=None))


def shallow_and_deep(results: Results) -> Runs:
    """The shallowest and the deepest of the base run and those that differ from it in depth alone."""
    depth = {run: results.factor(run, "depth") for run in (results.base, *results.varied("depth"))}
    shallow, deep = min(depth, key=depth.get), max(depth, key=depth.get)  # a network without depth is alone here
    return pair(shallow, deep if deep != shallow else None)


def small_rate(results: Results) -> Runs:
    """The run of the smallest learning rate among those that differ in it alone, if it is SMALL_RATE or less."""
    rate = {run: results.runs[run]["lr"] for run in results.varied("lr")}
    slowest = min(rate, key=rate.get, default=None)
    small = slowest is not None and rate[slowest] <= SMALL_RATE * results.runs[results.base]["lr"]
    return listed([slowest] if small else [])


CLAIMS = (
    # statement, source, runs, quantity in words, what is expected, estimate
    Claim("superdiffusive at first, beyond tau_0", "Fig. 2a", base,
          "MSD exponent, first window", above(1), first_exponent),
    Claim("subdiffusive at first, below tau_0", "Fig. 2a", base,
          "short MSD exponent, first window", below(1), value("msd", window=FIRST, fit="short")),
    Claim("subdiffusive in the end", "Fig. 2a", base,
          "MSD exponent, last window", below(1), last_exponent),
    Claim("superdiffusion attenuates", "Fig. 2b", base,
          "MSD exponent, first - last window", above(0), difference(first_exponent, minus=last_exponent)),
    Claim("contour exponent 0.75 in the end", "Fig. 6b", base,
          "contour exponent, last window", about(0.75, 0.15), value("path", window=LAST, fit="long")),
    Claim("MSL grows as distance^1.8 at first", "Fig. 6c", base,
          "long MSL exponent, first window", about(1.8, 0.3), value("msl", window=FIRST, fit="long")),
    Claim("MSL flat in the end", "Fig. 6c", base,
          "MSL exponent, last window", about(0, 0.3), value("msl", window=LAST, fit="whole")),
    Claim("heavy-tailed gradients", "Fig. 5b", base,
          "alpha, first window", below(HEAVY), first_alpha),
    Claim("tails grow lighter", "Fig. 5d", base,
          "alpha, last - first window", above(0), difference(last_alpha, minus=first_alpha)),
    Claim("subdiffusive after 5,000 epochs", "Fig. 2e", long_run,
          "MSD exponent, last window", below(1), last_exponent),
    Claim("subdiffusive in the end for every depth, batch and shortcut", "Fig. 3b, e", other_architectures,
          "largest MSD exponent of the last windows", below(1), largest(last_exponent)),
    Claim("exponent independent of shortcuts", "Fig. 3a", other_shortcut,
          "change of the first MSD exponent", about(0, 0.2), change(first_exponent)),
    Claim("exponent independent of batch size", "Fig. 3a", farthest_batch_size,
          "change of the first MSD exponent", about(0, 0.2), change(first_exponent)),
    Claim("tau_0 grows with depth", "Fig. 3f", shallow_and_deep,
          "change of tau_0 (steps)", above(0), change(value("msd", "crossover_lag", window=FIRST, fit="paper"))),
    Claim("a small learning rate stays superdiffusive", "Fig. 4c", small_rate,
          "MSD exponent, last window", above(1), last_exponent),
    Claim("curvature falls during training", "Fig. 7", base,
          "largest eigenvalue, last / first snapshot (interval: solver only)", below(1), curvature_ratio),
    Claim("loss surface rougher than a smooth bowl", "Fig. 1", base,
          "variogram dimension", above_smooth_bowl, value("dimension", "dimension")),
    Claim("fractal: superdiffusive before the last minimum", "Fig. 8b", toy("fractal"),
          "MSD exponent", above(1), value("toy", stage="descent")),
    Claim("fractal: subdiffusive in the last minimum", "Fig. 8b", toy("fractal"),
          "MSD exponent", below(1), value("toy", stage="basin")),
    Claim("fractal: heavy-tailed gradients", "Fig. 8c", toy("fractal"),
          "alpha", below(HEAVY), value("toy", "alpha")),
    Claim("random: subdiffusive", "Fig. 8f", toy("random"),
          "MSD exponent", below(1), value("toy", stage="whole")),
    Claim("convex: nearly ballistic while rolling", "Fig. 8f", toy("convex"),
          "MSD exponent", about(2, 0.3), value("toy", stage="descent")),
)  # fmt: skip
