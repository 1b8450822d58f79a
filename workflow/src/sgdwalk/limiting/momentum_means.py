"""Mean of a time series that momentum correlates, with its standard error."""

import numpy as np

from sgdwalk import quantiles

BATCHES = 10


def mean_and_error(series: np.ndarray, momentum: float) -> tuple[np.ndarray, np.ndarray]:
    """(mean, its standard error), each [...], of series [step, ...] such as the squared length of a step.

    Velocities v_{k+1} = beta v_k + ... are remembered for about 1 / (1 - beta) steps, their squares at most as long.
    y_k = x_k - beta x_{k-1} removes that memory, and its mean is 1 - beta times that of x; the standard error is that
    of the means of y over ten equal stretches (batch means after prewhitening, Andrews & Monahan 1992). Use Student's
    quantile of nine degrees of freedom (`quantile`). Where the series is remembered for a shorter time the interval is
    wider than needed, up to twice in a run of 8 / (1 - beta) steps. NaN for fewer than 2 BATCHES steps.

    >>> x = np.random.default_rng(0).standard_normal(4000)
    >>> mean, error = mean_and_error(x, 0.0)
    >>> bool(abs(mean) < 3 * error), bool(0.5 < error * np.sqrt(4000) < 1.5)
    (True, True)
    """
    if len(series) < 2 * BATCHES:
        return series.mean(axis=0) * np.nan, series.mean(axis=0) * np.nan
    white = series[1:] - momentum * series[:-1]
    length = len(white) // BATCHES
    means = white[len(white) - length * BATCHES :].reshape(BATCHES, length, *series.shape[1:]).mean(axis=1)
    return series.mean(axis=0), means.std(axis=0, ddof=1) / np.sqrt(BATCHES) / (1 - momentum)


def quantile() -> float:
    """97.5 % quantile of the deviation of mean_and_error's mean in standard errors."""
    return float(quantiles.student(0.975, BATCHES - 1))
