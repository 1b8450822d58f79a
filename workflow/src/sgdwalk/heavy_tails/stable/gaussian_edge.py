"""The likelihood-ratio test of a Gaussian against a stable law, at the edge alpha = 2, by simulation.

ratio = 2 (log L of the stable law - log L of the Gaussian), both at their maxima. Neither Wilks' theorem applies
nor the half chi-square of an ordinary edge: the information on alpha diverges at 2. QUANTILES are those of the
ratio under the Gaussian, by number of points, as `python -m sgdwalk.heavy_tails.stable.gaussian_edge_table` prints
them.
"""

import numpy as np

LEVELS = (0.2, 0.1, 0.05, 0.025, 0.01, 0.001)  # probability of a larger ratio under the Gaussian
QUANTILES: dict[int, tuple[float, ...]] = {
    50: (0.00, 0.21, 1.06, 2.19, 3.71, 8.05),
    100: (0.00, 0.23, 1.10, 2.13, 3.49, 7.12),
    200: (0.00, 0.24, 1.03, 2.06, 3.46, 7.19),
    500: (0.00, 0.22, 0.89, 1.79, 3.37, 7.19),
    1000: (0.00, 0.14, 0.79, 1.75, 3.18, 6.83),
    2000: (0.00, 0.15, 0.79, 1.74, 3.08, 7.47),
    5000: (0.00, 0.07, 0.60, 1.56, 3.07, 6.56),
    10_000: (0.00, 0.05, 0.61, 1.49, 2.78, 9.12),
    20_000: (0.00, 0.03, 0.44, 1.09, 2.56, 6.29),
}


def gaussian(x) -> float:
    """Log-likelihood of the Gaussian fitted to x [n] by maximum likelihood."""
    return -len(x) * (np.log(2 * np.pi * np.var(x)) + 1) / 2


def critical_value(number: float, level: float = 0.05) -> float:
    """The ratio above which a Gaussian is rejected at this level, for a number of observations.

    Interpolated linearly in the logarithms of number and level, both clipped to the range of the table.
    """
    counts = np.array(list(QUANTILES))
    row = [np.interp(np.log(number), np.log(counts), column) for column in zip(*QUANTILES.values(), strict=True)]
    return float(np.interp(-np.log(level), -np.log(LEVELS), row))


def p_value(ratio: float, number: float) -> float:
    """The probability of a larger ratio under the Gaussian, from 0.001 to 1; interpolated in its logarithm."""
    row = [critical_value(number, level) for level in LEVELS]
    if ratio <= row[0]:
        return 1.0
    return float(np.exp(np.interp(ratio, row, np.log(LEVELS))))
