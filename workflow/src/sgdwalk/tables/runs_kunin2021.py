"""The runs of a study that the claims of Kunin et al. (doi 10.1162/neco_a_01626) are about: children of one parent.

A child goes on from another run's final network with constant hyperparameters (column `parent` of runs.tsv).
"""

from collections.abc import Callable

from sgdwalk.samplers import SAMPLERS
from sgdwalk.study.sweeps import sweep
from sgdwalk.tables.claim_parts import Runs, Selection, listed
from sgdwalk.tables.study_results import Results

FEWEST_VALUES = 3  # of a hyperparameter, for a trend


def children(results: Results) -> list[str]:
    """All children of the study, in the order of its table."""
    return [name for name, run in results.runs.items() if run.get("parent")]


def reference(results: Results) -> Runs:
    """The child that others are compared with: the base run if it is one, else the first child of the study."""
    found = children(results)
    return listed([results.base] if results.base in found else found[:1])


def differing(results: Results, *factors: str) -> list[str]:
    """Children that differ from the reference at most in these factors, and the reference; none without children."""
    names = reference(results).names
    if not names:
        return []
    return [run["run"] for run in sweep(results.runs.values(), results.runs[names[0]], *factors) if run.get("parent")]


def seeds(results: Results) -> Runs:
    """The reference and the children that differ from it in their seed alone."""
    return listed(differing(results, "seed"))


def along(factor: str) -> Selection:
    """Children that differ from the reference in a hyperparameter alone, if it has FEWEST_VALUES values or more."""

    def select(results: Results) -> Runs:
        found = differing(results, factor)
        values = {results.runs[run][factor] for run in found}
        return listed(sorted(found, key=lambda run: results.runs[run][factor]) if len(values) >= FEWEST_VALUES else [])

    return select


def of_sampler(sampler: str) -> Callable[[Results], list[str]]:
    """Children with this sampler that otherwise differ from the reference at most in their seed."""

    def select(results: Results) -> list[str]:
        return [run for run in differing(results, "seed", "sampler") if results.runs[run]["sampler"] == sampler]

    return select


independent, shuffled = map(of_sampler, SAMPLERS)


def first_of(select: Callable[[Results], list[str]]) -> Selection:
    """The first of the selected runs."""
    return lambda results: listed(select(results)[:1])


def both_samplers(results: Results) -> Runs:
    """The children with either sampler; none where one of the two is missing."""
    sides = independent(results), shuffled(results)
    if not all(sides):
        return listed([])
    return Runs([*sides[0], *sides[1]], f"{', '.join(sides[1])} against {', '.join(sides[0])}")


def least_and_most(factor: str) -> Selection:
    """The two children with the smallest and the largest value of a hyperparameter, all others as the reference has."""

    def select(results: Results) -> Runs:
        found = sorted(differing(results, factor), key=lambda run: results.runs[run][factor])
        if not found or results.runs[found[0]][factor] == results.runs[found[-1]][factor]:
            return listed([])
        return Runs([found[0], found[-1]], f"{found[-1]} against {found[0]}")

    return select
