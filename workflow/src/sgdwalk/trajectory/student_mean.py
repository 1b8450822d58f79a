"""Mean of a few independent values with Student's interval."""

import numpy as np
from scipy.stats import t as student


def student_mean(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean, standard error, half of Student's 95 % interval), each [...], of values [value, ...].

    The latter two are NaN of a single value, all of none.
    """
    count, nothing = len(values), np.full(values.shape[1:], np.nan)
    if count < 2:
        return values[0] if count else nothing, nothing, nothing
    error = values.std(axis=0, ddof=1) / np.sqrt(count)
    return values.mean(axis=0), error, student.ppf(0.975, count - 1) * error
