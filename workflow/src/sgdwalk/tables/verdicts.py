"""Estimates with intervals, and whether they agree with an expected value."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    def __sub__(self, other: "Estimate") -> "Estimate":
        """Difference of independent estimates; the distances to the ends add in quadrature."""
        value = self.value - other.value
        low = value - np.hypot(self.value - self.low, other.high - other.value)
        return Estimate(value, low, value + np.hypot(self.high - self.value, other.value - other.low))


@dataclass(frozen=True)
class Expected:
    """The open range in which a claim expects a value, and how the table writes it."""

    text: str
    low: float
    high: float

    def verdict(self, estimate: Estimate) -> str:
        """'agrees' if the whole interval lies inside the range, 'differs' if it lies outside, else 'undecided'."""
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
