"""Estimates with intervals, whether they agree with an expected value, and what speaks against deciding it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

# What speaks against a verdict: the words of the column `reason`.
DID_NOT_LEARN = "did not learn"  # the training loss did not change beyond its noise
DIVERGED = "diverged"
UNSUPPORTED = "unsupported"  # less than half of the range of the fit is supported
LARGE_STEPS = "large steps only"  # a few large steps make the exponent
COUPLED = "length and direction coupled"  # step lengths and directions make it together
NULL_AGREES = "null agrees too"  # a null model without what is claimed lies in the expected range as well
SOLVER_ONLY = "solver only"  # the interval holds the error of the solver, not that of sampling
DESCRIBES = "fit only describes"  # the covariance of the steps is not separable, or their lengths are uneven
MISFIT = "model misfits"  # the MSD lies outside the band of the model that was fitted
NO_LIKELIHOOD = "no likelihood"  # too few steps, steps of length zero, or steps that rounding hides
NOT_ALIGNED = "not aligned"  # two tangent vectors have not turned to the same direction
NOT_RELAXED = "not relaxed"  # the window is shorter than the relaxation along its principal directions
MOMENTUM = "momentum"  # the steps have momentum that was not taken out
OTHER_MODEL = "other model"  # another model of the walk is clearly better
EARLY = "at an end"  # a regime starts where no change can be found
COARSE_GRID = "coarse grid"  # a surface that reads as smooth between so few points may be rough at shorter distances
NOTED = (COUPLED,)  # reasons beside which a verdict stands: they say what it is about
# What they say, as a sentence.
REASONS = {
    DID_NOT_LEARN: "The loss of a run of the claim is unchanged within its noise.",
    DIVERGED: "A run of the claim diverged, so that there is no estimate.",
    UNSUPPORTED: "Less than half of the fitted range of lags is supported by enough independent displacements.",
    LARGE_STEPS: "The exponent does not differ from that of orthogonal steps of the same lengths.",
    COUPLED: "Large and small steps persist differently: the exponent of the unit steps lies on the other side of 1.",
    NULL_AGREES: "A null model without what is claimed lies in the expected range as well.",
    SOLVER_ONLY: "The interval holds the error of the solver and no sampling error.",
    DESCRIBES: "Step lengths or dimensions vary so that the likelihood is not that of the walk.",
    MISFIT: "The MSD lies outside the band of simulated walks of the model that was fitted.",
    NO_LIKELIHOOD: "The window has too few steps, or steps of length zero or within rounding.",
    NOT_ALIGNED: "Two tangent vectors have not found the same direction: others may grow faster.",
    NOT_RELAXED: "The windows are shorter than the relaxation of the walk: principal directions are the slow ones.",
    MOMENTUM: "The steps have momentum that could not be taken out.",
    OTHER_MODEL: "Another model of the walk has a better likelihood by more than its parameters explain.",
    EARLY: "The regime starts within two windows of an end of the run, where no change of the law is looked for.",
    COARSE_GRID: "The surface reads as smooth between few points; it may be rough at shorter distances.",
}


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval.

    null: the value of a null model, None without one. nulls: estimates of models without what is claimed.
    reason: what speaks against a verdict on it, a word of REASONS, or empty. ValueError for another word.
    """

    value: float
    low: float
    high: float
    null: float | None = field(default=None, kw_only=True)
    nulls: tuple["Estimate", ...] = field(default=(), kw_only=True)
    reason: str = field(default="", kw_only=True)

    def __post_init__(self):
        if self.reason and self.reason not in REASONS:
            raise ValueError(f"reason '{self.reason}': must be empty or one of {', '.join(REASONS)}")

    def __sub__(self, other: "Estimate") -> "Estimate":
        """Difference of independent estimates; the distances to the ends add in quadrature."""
        value = self.value - other.value
        low = value - np.hypot(self.value - self.low, other.high - other.value)
        high = value + np.hypot(self.high - self.value, other.value - other.low)
        null = None if None in (self.null, other.null) else self.null - other.null
        return Estimate(value, low, high, null=null, reason=gravest((self.reason, other.reason)))


def gravest(reasons: Iterable[str]) -> str:
    """The first of the reasons that forbids a verdict, else the first that does not, else an empty one."""
    return min(filter(None, reasons), key=lambda reason: reason in NOTED, default="")


@dataclass(frozen=True)
class Expected:
    """The open range in which a claim expects a value, and how the table writes it."""

    text: str
    low: float
    high: float

    def verdict(self, estimate: Estimate) -> tuple[str, str]:
        """(verdict, reason) of an estimate.

        'agrees' if the whole interval lies inside the range, 'differs' if it lies outside, else 'undecided'; also
        'undecided' where a reason speaks against it: that of the estimate, or an agreement that a null model
        shares (one whose value is known lies in the range, or one that was measured agrees by its own interval).
        A reason of NOTED leaves the verdict.
        """
        found = self._place(estimate)
        nulls = [null for null in estimate.nulls if self._place(null) == "agrees"]
        known = estimate.null is not None and self.low < estimate.null < self.high
        shared = found == "agrees" and (known or bool(nulls))
        reason = estimate.reason or (NULL_AGREES if shared else "")
        return "undecided" if reason and reason not in NOTED else found, reason

    def _place(self, estimate: Estimate) -> str:
        """The verdict by the interval alone."""
        if not np.isfinite([estimate.value, estimate.low, estimate.high]).all():
            return "undecided"
        if self.low < estimate.low and estimate.high < self.high:
            return "agrees"
        return "differs" if estimate.high < self.low or estimate.low > self.high else "undecided"


def above(bound: float) -> Expected:
    """The value lies above a bound."""
    return Expected(f"> {bound:g}", bound, np.inf)


def below(bound: float) -> Expected:
    """The value lies below a bound."""
    return Expected(f"< {bound:g}", -np.inf, bound)


def about(value: float, margin: float) -> Expected:
    """The value is this one within a margin, which is our choice."""
    return Expected(f"{value:g} +- {margin:g}", value - margin, value + margin)
