"""The likelihood-ratio test of a Gaussian against a stable law, at the edge alpha = 2, by simulation.

ratio = 2 (log L of the stable law - log L of the Gaussian), both at their maxima. Neither Wilks' theorem applies
nor the half chi-square of an ordinary edge: the information on alpha diverges at 2. QUANTILES are those of the
ratio under the Gaussian, by number of points; `python -m sgdwalk.heavy_tails.stable.gaussian_edge` prints them.
"""

import numpy as np

LEVELS = (0.2, 0.1, 0.05, 0.025, 0.01, 0.001)  # probability of a larger ratio under the Gaussian
COPIES = 20_000  # simulated samples; fewer of more than 2,000 points
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


def simulate(number: int, copies: int, seed: int) -> np.ndarray:
    """Ratios of `copies` Gaussian samples of `number` points."""
    from sgdwalk.heavy_tails.stable import distribution as stable

    rng = np.random.default_rng([seed, number])
    samples = (rng.standard_normal(number) for _ in range(copies))
    return np.array([2 * (stable.fit(x).log_likelihood - gaussian(x)) for x in samples])


def main() -> None:
    """Simulate QUANTILES and print them."""
    for number in (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000):
        ratios = simulate(number, max(4000, min(COPIES, COPIES * 2000 // number)), seed=1)
        row = np.quantile(ratios, 1 - np.array(LEVELS))
        print(f"    {number:_}: ({', '.join(f'{max(q, 0):.2f}' for q in row)}),", flush=True)


if __name__ == "__main__":
    main()
