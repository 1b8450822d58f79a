"""The pairs of steps of a window, in the order in which files hold them, as a symmetric matrix."""

import numpy as np


def matrix(pairs: np.ndarray) -> np.ndarray:
    """Symmetric [step, step] with zeros on the diagonal from its pairs i < j, row after row.

    What scipy.spatial.distance.squareform returns, whose import takes longer than all that is made of one window.
    ValueError for a number of values that is not n (n - 1) / 2.

    >>> matrix(np.array([1.0, 2.0, 3.0]))
    array([[0., 1., 2.],
           [1., 0., 3.],
           [2., 3., 0.]])
    """
    steps = round((1 + (1 + 8 * len(pairs)) ** 0.5) / 2)
    if steps * (steps - 1) != 2 * len(pairs):
        raise ValueError(f"{len(pairs)} pairs: must be n (n - 1) / 2, all of n steps")
    result = np.zeros((steps, steps), dtype=pairs.dtype)
    result[np.triu_indices(steps, 1)] = pairs
    return result + result.T
