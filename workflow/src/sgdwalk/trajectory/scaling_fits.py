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
    places = bends(x, ends) if crossover is None else np.full(int(len(x) >= FEWEST_POINTS), float(crossover))
    best = np.full((len(curves), 5), [np.nan] * 4 + [np.inf])
    if len(places):
        found = _bent_lines(np.log10(x), curves, np.log10(places), even_weights(x))
        chosen = np.where(np.isnan(found[-1]), np.inf, found[-1]).argmin(axis=0)
        level, short, turn, rmse = found[:, chosen, np.arange(len(curves))]
        rows = np.stack([short, short + turn, places[chosen], level, rmse], axis=1)
        best = np.where(np.isfinite(rmse)[:, None], rows, best)
    fits = [TwoSegments(*map(float, row)) for row in best]
    return fits if np.ndim(y) > 1 else fits[0]


def _bent_lines(u: np.ndarray, v: np.ndarray, places: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(level, slope, turn, RMSE), each [place, curve], of v [curve, point] ~ level + slope u + turn max(0, u - place).

    Weighted least squares for all places at once: v and max(0, u - place) without their weighted lines in u leave a
    problem of one unknown, the turn. It is 0 where the line has no bend within the points.
    """
    weight = weight / weight.sum()
    centred = u - u @ weight
    square = centred**2 @ weight

    def lines(values):
        mean, slope = values @ weight, (values * weight) @ centred / square
        return mean - slope * (u @ weight), slope, values - mean[:, None] - slope[:, None] * centred

    bent = np.maximum(0, u - places[:, None])
    level, slope, rest = lines(v)
    bent_level, bent_slope, bent_rest = lines(bent)
    size = (bent_rest**2 @ weight)[:, None]
    real = size > np.finfo(float).eps * (bent**2 @ weight)[:, None]
    turn = np.where(real, (bent_rest * weight) @ rest.T / np.where(real, size, 1), 0)
    rmse = np.sqrt((rest - turn[:, :, None] * bent_rest[:, None]) ** 2 @ weight)
    return np.stack([level - turn * bent_level[:, None], slope - turn * bent_slope[:, None], turn, rmse])


def one_segment(x: np.ndarray, y: np.ndarray) -> TwoSegments:
    """A single power law through y [point], as two segments of the same exponent that meet at the first point."""
    slope, rmse = power_law(x, y)
    level = np.average(np.log10(y) - slope * np.log10(x), weights=even_weights(x))
    return TwoSegments(float(slope), float(slope), float(x[0]), float(level), float(rmse))


def bends(x: np.ndarray, ends: float) -> np.ndarray:
    """The points at least a factor `ends` inside the range of x; none where fewer than three points are given."""
    return x[(x >= x[0] * ends) & (x <= x[-1] / ends)] if len(x) >= FEWEST_POINTS else x[:0]
