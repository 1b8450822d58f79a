"""Mean of what is measured at a child's checkpoints, with an interval between them."""

import numpy as np
from scipy.stats import t as student


def between_checkpoints(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean, half of Student's 95 % interval), each [...], of values [checkpoint, ...]; NaN of too few."""
    count, nothing = len(values), np.full(values.shape[1:], np.nan)
    if count < 2:
        return values[0] if count else nothing, nothing
    return values.mean(axis=0), student.ppf(0.975, count - 1) * values.std(axis=0, ddof=1) / np.sqrt(count)
