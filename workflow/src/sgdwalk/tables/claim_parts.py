"""What a claim is made of: the runs that it is about, a quantity of these runs, and what is expected of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sgdwalk.tables.study_results import Results
from sgdwalk.tables.verdicts import Estimate, Expected, gravest
from sgdwalk.trajectory.student_mean import finite_mean


class Runs(NamedTuple):
    """Names of the runs that a quantity is taken from (empty if the study has none), and their text in the table."""

    names: Sequence[str]
    text: str


Selection = Callable[[Results], Runs]
Quantity = Callable[..., Estimate | None]  # called with the results and the names of the selected runs


@dataclass(frozen=True)
class Claim:
    """A statement of a paper and how a study tests it: a row of claims.csv.

    text: the statement. source: where the paper makes it. runs: selects the runs from the results. quantity: what is
    measured, in words. expected: the range that the statement gives, or a function that finds it in the results.
    estimate: the quantity of the selected runs with its interval; None where a file is missing.
    """

    text: str
    source: str
    runs: Selection
    quantity: str
    expected: Expected | Callable[[Results], Expected]
    estimate: Quantity

    def row(self, results: Results) -> tuple:
        """claim, source, runs, quantity, expected, estimate, low, high, verdict, reason."""
        runs = self.runs(results)
        expected = self.expected(results) if callable(self.expected) else self.expected
        estimate = self.estimate(results, *runs.names) if runs.names else None
        told = (self.text, self.source, runs.text, self.quantity, expected.text)
        if estimate is None:
            return *told, np.nan, np.nan, np.nan, "not run", ""
        estimate = results.qualified(estimate, runs.names)
        return *told, estimate.value, estimate.low, estimate.high, *expected.verdict(estimate)


# Selections of runs


def listed(names: Sequence[str]) -> Runs:
    """Any number of runs."""
    return Runs(names, ", ".join(names))


def pair(reference: str, run: str | None) -> Runs:
    """A run that is compared with another one; no runs where there is none to compare."""
    return listed([]) if run is None else Runs([reference, run], f"{run} against {reference}")


def base(results: Results) -> Runs:
    """The base run alone."""
    return listed([results.base])


def toy(landscape: str) -> Selection:
    """The toy walk on a landscape."""
    return lambda results: listed([f"toy {landscape}"])


def toys(landscape: str, reference: str) -> Selection:
    """The toy walk on a landscape, against that on another one."""
    return lambda results: Runs([f"toy {reference}", f"toy {landscape}"], f"toy {landscape} against {reference}")


def regression(sampler: str) -> Selection:
    """The linear regression with a sampler."""
    return lambda results: listed([f"regression {sampler}"])


# Quantities of the selected runs


def value(kind: str, variable: str = "exponent", **where: int | str) -> Quantity:
    """A variable of one run's file at a place (window = position, fit = name, ...)."""
    return lambda results, run: results.estimate(kind, run, variable, **where)


def beside(quantity: Quantity, nulls: Sequence[str]) -> Quantity:
    """A quantity of one run with the same quantity of other runs that lack what is claimed, as its null models."""

    def estimate(results: Results, run: str) -> Estimate | None:
        found = quantity(results, run)
        others = (quantity(results, null) for null in nulls)
        return found and replace(found, nulls=tuple(filter(None, others)))

    return estimate


def paired(kind: str, variable: str = "exponent", **where: int | str) -> Quantity:
    """The mean difference of a variable between two runs, replicate by replicate, with Student's interval."""

    def estimate(results: Results, reference: str, run: str) -> Estimate | None:
        places = [results.place(kind, name, **where) for name in (run, reference)]
        if any(place is None for place in places):
            return None
        values, others = (place[f"{variable}_each"].values for place in places)
        mean, half = finite_mean(values - others) if len(values) == len(others) else (np.nan, np.nan)
        return Estimate(float(mean), float(mean - half), float(mean + half))

    return estimate


def difference(quantity: Quantity, minus: Quantity) -> Quantity:
    """The difference of two quantities of the same runs, taken as independent."""
    return lambda results, *runs: _subtracted(quantity(results, *runs), minus(results, *runs))


def change(quantity: Quantity) -> Quantity:
    """The change of a quantity from the first of two runs to the second."""
    return lambda results, first, second: _subtracted(quantity(results, second), quantity(results, first))


def largest(quantity: Quantity) -> Quantity:
    """The largest of a quantity of several runs (see highest)."""
    return lambda results, *runs: highest(quantity(results, run) for run in runs)


def highest(estimates: Iterable[Estimate | None]) -> Estimate | None:
    """The estimate whose interval reaches highest; an unknown one counts as higher than all others.

    It has the reason against any of them. None if one of them is None.
    """
    found = list(estimates)
    if None in found:
        return None
    top = max(found, key=lambda estimate: np.nan_to_num(estimate.high, nan=np.inf))
    return replace(top, reason=gravest(estimate.reason for estimate in found))


def lowest(estimates: Iterable[Estimate]) -> Estimate:
    """The estimate whose interval reaches lowest; an unknown one counts as lower than all others."""
    return min(estimates, key=lambda estimate: np.nan_to_num(estimate.low, nan=-np.inf))


def _subtracted(first: Estimate | None, second: Estimate | None) -> Estimate | None:
    return None if first is None or second is None else first - second
