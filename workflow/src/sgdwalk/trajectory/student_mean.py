"""Mean of a few independent values with Student's interval."""

import numpy as np

from sgdwalk import quantiles


def student_mean(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean, standard error, half of Student's 95 % interval), each [...], of values [value, ...].

    The latter two are NaN of a single value, all of none.
    """
    count, nothing = len(values), np.full(values.shape[1:], np.nan)
    if count < 2:
        return values[0] if count else nothing, nothing, nothing
    error = values.std(axis=0, ddof=1) / np.sqrt(count)
    return values.mean(axis=0), error, quantiles.student(0.975, count - 1) * error


def finite_mean(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean, half of Student's 95 % interval) over the finite values [value, ...].

    NaN where fewer than half of the values are finite.
    """
    flat = values.reshape(len(values), -1)
    found = np.full((2, flat.shape[1]), np.nan)
    for k, column in enumerate(flat.T):
        known = column[np.isfinite(column)]
        if 2 * len(known) >= len(column):
            mean, _, half = student_mean(known)
            found[:, k] = mean, half
    return tuple(found.reshape(2, *values.shape[1:]))
