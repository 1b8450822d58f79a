"""The runs of a study that the claims of Chen, Qu & Gong (doi 10.1016/j.neunet.2022.01.019) are about."""

import numpy as np

from sgdwalk.tables.claim_parts import Runs, Selection, listed, pair
from sgdwalk.tables.study_results import Results

LONG_RUN = 5000  # epochs
LONG_WINDOW = 10_000  # steps
SMALL_RATE = 0.1  # times the base run's learning rate


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


def without_and_with_shortcuts(results: Results) -> Runs:
    """The same two runs, the one without shortcuts first."""
    names = sorted(other_shortcut(results).names, key=lambda run: results.factor(run, "shortcut"))
    return pair(*names) if names else listed([])


def smallest_and_largest_batch(depth: int) -> Selection:
    """The runs of the smallest and the largest batch among those of this depth that otherwise equal the base run."""

    def select(results: Results) -> Runs:
        alike = [results.base, *results.varied("batch_size", "depth")]
        batch = {run: results.runs[run]["batch_size"] for run in alike if results.factor(run, "depth") == depth}
        small, large = min(batch, key=batch.get, default=None), max(batch, key=batch.get, default=None)
        return pair(small, large if large != small else None)

    return select


def long_window(results: Results) -> Runs:
    """The run with the longest windows among those that differ in them alone, if they have LONG_WINDOW steps."""
    window = {run: results.runs[run]["window"] for run in results.varied("window")}
    longest = max(window, key=window.get, default=None)
    return listed([longest] if longest is not None and window[longest] >= LONG_WINDOW else [])


def on_mnist(results: Results) -> Runs:
    """A run on MNIST that otherwise differs in its network alone."""
    found = results.varied("dataset", "family", "depth", "shortcut")
    return listed([run for run in found if results.runs[run]["dataset"] == "mnist"][:1])


def with_kl(results: Results) -> Runs:
    """A run that differs from the base in its loss alone, the KL divergence."""
    return listed([run for run in results.varied("loss") if results.runs[run]["loss"] == "kl-divergence"][:1])


def without_batch_norm(results: Results) -> Runs:
    """A run that differs from the base in having no batch norm."""
    return listed([run for run in results.varied("batch_norm") if results.factor(run, "batch_norm") is False][:1])


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
