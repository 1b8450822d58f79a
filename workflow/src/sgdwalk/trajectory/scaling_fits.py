"""Power laws on logarithmic axes: one exponent, or two that meet at a crossover."""

from dataclasses import dataclass

import numpy as np

PER_DECADE = 15
FEWEST_POINTS = 3  # of a fit of two segments
LEAST_PAIRS = 20  # in a bin that is fitted


@dataclass(frozen=True)
class TwoSegments:
    """Continuous pair of power laws: exponent `short` below `crossover`, `long` above it.

    level: log10 of the short side's power law at x = 1. rmse: of the fit, in log10 units.
    """

    short: float
    long: float
    crossover: float
    level: float
    rmse: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Value of the fitted curve at x > 0, of the shape of x."""
        u, c = np.log10(x), np.log10(self.crossover)
        return 10 ** (self.level + self.short * u + (self.long - self.short) * np.maximum(0, u - c))


def log_lags(longest: int, per_decade: int = PER_DECADE) -> np.ndarray:
    """Integer lags 1 ... longest, evenly spaced on a logarithmic axis as far as integers allow."""
    count = max(2, round(per_decade * np.log10(longest)) + 1)
    return np.unique(np.geomspace(1, longest, count).round().astype(int))


def even_weights(x: np.ndarray) -> np.ndarray:
    """Weights that make points count evenly in log x: each point's share of the logarithmic axis (trapezoidal rule)."""
    if len(x) < 2:
        return np.ones(len(x))
    gaps = np.diff(np.log(x)) / 2
    return np.append(gaps, 0) + np.append(0, gaps)


def power_law(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(exponent, RMSE in log10 units), each [...], of y [..., point] ~ x^exponent.

    Least squares of log y against log x > 0, with weights that make points count evenly in log x (even_weights).

    >>> lags = np.array([1, 2, 4, 8, 16])
    >>> exponent, rmse = power_law(lags, 3 * lags**1.5)
    >>> print(f"{exponent:.3f}")
    1.500
    """
    weight = even_weights(x) / even_weights(x).sum()
    u, v = np.log10(x), np.log10(y)
    u0, v0 = u @ weight, v @ weight
    slope = ((v - v0[..., None]) * weight) @ (u - u0) / ((u - u0) ** 2 @ weight)
    residual = v - v0[..., None] - slope[..., None] * (u - u0)
    return slope, np.sqrt(residual**2 @ weight)


def two_segments(
    x: np.ndarray, y: np.ndarray, ends: float = 3.0, crossover: float | None = None
) -> TwoSegments | list[TwoSegments]:
    """Least-squares fit of TwoSegments to y [point], or to each curve of y [curve, point]; weights as in power_law.

    x [point]: increasing. crossover: held fixed if given; otherwise the best of those points that lie at least a
    factor `ends` inside the range of x, so that each side has points to be fitted to. Where there is no such
    point, or fewer than three points in all, the RMSE is inf and the rest NaN.

    >>> lags = np.array([1, 2, 4, 8, 16, 32, 64])
    >>> fit = two_segments(lags, np.where(lags < 8, lags**0.5, 8**-1.0 * lags**1.5))
    >>> print(f"{fit.short:.2f} below lag {fit.crossover:g}, {fit.long:.2f} above")
    0.50 below lag 8, 1.50 above
    """
    curves = np.log10(np.atleast_2d(y))
    weight = even_weights(x)
    weight, u = weight / weight.sum(), np.log10(x)
    best = np.full((len(curves), 5), [np.nan] * 4 + [np.inf])
    for bend in bends(x, ends) if crossover is None else [crossover] * (len(x) >= FEWEST_POINTS):
        design = np.stack([np.ones_like(u), u, np.maximum(0, u - np.log10(bend))], axis=1)
        solution = np.linalg.lstsq(design * np.sqrt(weight)[:, None], (curves * np.sqrt(weight)).T)[0]
        rmse = np.sqrt((curves - (design @ solution).T) ** 2 @ weight)
        level, short, turn = solution
        found = np.stack([short, short + turn, np.full_like(short, bend), level, rmse], axis=1)
        best = np.where((rmse < best[:, 4])[:, None], found, best)
    fits = [TwoSegments(*map(float, row)) for row in best]
    return fits if np.ndim(y) > 1 else fits[0]


def one_segment(x: np.ndarray, y: np.ndarray) -> TwoSegments:
    """A single power law through y [point], as two segments of the same exponent that meet at the first point."""
    slope, rmse = power_law(x, y)
    level = np.average(np.log10(y) - slope * np.log10(x), weights=even_weights(x))
    return TwoSegments(float(slope), float(slope), float(x[0]), float(level), float(rmse))


def bends(x: np.ndarray, ends: float) -> np.ndarray:
    """The points at least a factor `ends` inside the range of x; none where fewer than three points are given."""
    return x[(x >= x[0] * ends) & (x <= x[-1] / ends)] if len(x) >= FEWEST_POINTS else x[:0]
