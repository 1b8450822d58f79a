"""Means over surfaces with intervals: the variables of a contract, and their values."""

import numpy as np

from sgdwalk.storage.contracts import variable
from sgdwalk.trajectory.student_mean import finite_mean


def mean_of(name: str, dims: str, long_name: str) -> dict:
    """A mean over surfaces, its 95 % interval, and the value of each surface."""
    return {
        name: variable(dims, "1", long_name),
        f"{name}_low": variable(dims, "1", f"{long_name}, 2.5 %"),
        f"{name}_high": variable(dims, "1", f"{long_name}, 97.5 %"),
        f"{name}_each": variable(f"replicate {dims}", "1", f"{long_name}, of one surface"),
    }


def with_share(name: str, dims: tuple[str, ...], each: np.ndarray) -> dict:
    """The variables of mean_of for shares, from their values of each surface [replicate, ...].

    Student's interval, cut at 0 and 1. Where no surface has a case, or each has nothing else, it would have no width:
    then it is the exact one of so many trials (Clopper and Pearson 1934), 0 to 1 - 0.025^(1/n) without a case in n
    surfaces.
    """
    found = with_mean(name, dims, each)
    low, high = (np.clip(found[f"{name}{end}"][1], 0, 1) for end in ("_low", "_high"))
    equal, reach = low == high, 1 - 0.025 ** (1 / np.maximum(np.isfinite(each).sum(axis=0), 1))
    low, high = np.where(equal & (low == 1), 1 - reach, low), np.where(equal & (high == 0), reach, high)
    return found | {f"{name}_low": (dims, low), f"{name}_high": (dims, high)}


def with_mean(name: str, dims: tuple[str, ...], each: np.ndarray) -> dict:
    """The variables of mean_of from the values of each surface [replicate, ...]."""
    mean, half = finite_mean(each)
    ends = {"": mean, "_low": mean - half, "_high": mean + half}
    return {f"{name}{end}": (dims, value) for end, value in ends.items()} | {
        f"{name}_each": (("replicate", *dims), each)
    }
