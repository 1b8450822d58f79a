"""Ranks of values, for tests and correlations that ask for their order alone."""

import numpy as np


def average_ranks(values: np.ndarray) -> np.ndarray:
    """The rank, from 1 on, of each of values [n]; equal values have the mean of their ranks.

    >>> average_ranks(np.array([3.0, 1.0, 3.0]))
    array([2.5, 1. , 2.5])
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
