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


def with_mean(name: str, dims: tuple[str, ...], each: np.ndarray) -> dict:
    """The variables of mean_of from the values of each surface [replicate, ...]."""
    mean, half = finite_mean(each)
    ends = {"": mean, "_low": mean - half, "_high": mean + half}
    return {f"{name}{end}": (dims, value) for end, value in ends.items()} | {
        f"{name}_each": (("replicate", *dims), each)
    }
