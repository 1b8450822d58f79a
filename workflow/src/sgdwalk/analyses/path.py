"""The path as a curve: end-to-end distance against contour length, and how far fragments stray from their chord."""

from dataclasses import replace

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import Contract, variable
from sgdwalk.storage.run_files import WINDOW, WINDOW_START
from sgdwalk.trajectory import distance_geometry, gaussian_walks, scaling_fits, step_lengths
from sgdwalk.trajectory.windows import per_window

FITS = ("short", "long")
FEWEST_FRAGMENTS = 10  # with a transverse distance above 0, for its exponent
FEWEST_WEIGHTS = 10  # distinct from the one before, in a window that is measured
SPANS = 8  # groups of fragments of similar length
SHORTEST = 1.5  # contour length that is fitted, in mean steps
CONTRACT = Contract(
    "path",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "fit": variable("fit", "1", "side of the crossover"),
        "contour_length": variable("window bin", "1", "contour length"),
        "end_to_end2": variable("window bin", "1", "mean squared end-to-end distance"),
        "pairs": variable("window bin", "1", "pairs in the bin"),
        "end_to_end2_null": variable(
            "window bin", "1", "mean squared end-to-end distance of orthogonal steps of the same lengths"
        ),
        "exponent": variable("window fit", "1", "exponent of the squared end-to-end distance against contour length"),
        "exponent_null": variable("window fit", "1", "exponent of orthogonal steps of the same lengths"),
        "exponent_low": variable("window fit", "1", "lower end of the 95 % interval of the exponent"),
        "exponent_high": variable("window fit", "1", "upper end of the 95 % interval of the exponent"),
        "crossover_length": variable("window", "1", "contour length at the crossover"),
        "fit_rmse": variable("window", "1", "RMSE of the two-segment fit in log10 units"),
        "chord2": variable("window fragment", "1", "squared chord of a random fragment"),
        "transverse2": variable(
            "window fragment", "1", "largest squared distance of the fragment's points from its chord"
        ),
        "transverse_exponent": variable(
            "window", "1", "exponent of the squared transverse distance against the squared chord"
        ),
        "transverse_exponent_low": variable("window", "1", "lower end of the 95 % interval of the transverse exponent"),
        "transverse_exponent_high": variable(
            "window", "1", "upper end of the 95 % interval of the transverse exponent"
        ),
    },
)
ENDS = ("", "_low", "_high")


def compute(
    distances: xr.Dataset,
    *,
    bins: int = 40,
    longest: float = 0.8,
    fragments: int = 200,
    copies: int = 200,
    seed: int = 0,
) -> xr.Dataset:
    """Mean squared end-to-end distance |w_j - w_i|^2 against contour length, the sum of the steps from i to j.

    distances: distance2 [window, pair] of T steps each. bins: logarithmic bins of contour length over the window.
    longest: longest contour fitted, as a share of the window's. fragments: random pairs (i, j) for the transverse
    distance. Bins of fewer than 20 pairs are shown but not fitted; NaN where too few are left. copies: Gaussian
    walks that follow the fit, through the same bins (where the contours of one lag spread over two bins or more,
    so do those of the simulated walks), which give the interval of an exponent. The interval of the transverse
    exponent comes from a bootstrap over fragments. seed: of fragments, walks and bootstrap.

    The null is a walk with the same step lengths and all steps orthogonal (as an uncorrelated walk in many
    dimensions is): steps of unequal length alone bend its curve away from exponent 1, since a contour that
    consists of one long step has the squared length of that step.

    Returns the data set of CONTRACT; a window that diverged is NaN. ValueError if no window is full.
    Source: Chen, Qu & Gong 2022 (doi 10.1016/j.neunet.2022.01.019).

    >>> from scipy.spatial.distance import pdist
    >>> walk = np.random.default_rng(0).standard_normal((200, 50)).cumsum(axis=0)  # Brownian: exponent 1
    >>> distances = xr.Dataset(
    ...     {
    ...         "distance2": (("window", "pair"), [pdist(walk, "sqeuclidean")]),
    ...         "loss": (("window", "step"), [walk[:, 0]]),
    ...     },
    ...     {"window": [0], "window_start": ("window", [0]), "window_steps": ("window", [200])},
    ... )
    >>> print(f"{compute(distances, copies=10).exponent.sel(window=0, fit='short'):.1f}")
    1.0
    """
    rng = np.random.default_rng(seed)
    return per_window(
        distances,
        CONTRACT,
        lambda d2, _: window_path(d2, bins, longest, fragments, copies, rng),
        {"fit": list(FITS)},
        {"bin": bins, "fragment": fragments},
    )


def window_path(d2, bins, longest, fragments, copies, rng) -> dict[str, np.ndarray]:
    """The variables of path.nc of one window, by name; steps of length zero are left out.

    d2 [step, step]: squared distances. Empty (NaN in the file) if the window diverged or has too few steps.
    """
    d2 = step_lengths.without_zero_steps(d2)
    if len(d2) < FEWEST_WEIGHTS or not np.isfinite(d2).all():
        return {}
    steps = np.sqrt(np.diagonal(d2, 1))
    length, end_to_end2, pairs = binned(d2, steps, bins)
    squares = np.concatenate([[0.0], np.cumsum(steps**2)])
    null = binned(np.abs(squares[:, None] - squares), steps, bins)[1]
    span, chord2, transverse2 = fragments_of(d2, fragments, rng)
    slope = transverse_slope(span, chord2, transverse2, rng, copies)
    return {
        "contour_length": length,
        "end_to_end2": end_to_end2,
        "pairs": pairs,
        "end_to_end2_null": null,
        "chord2": chord2,
        "transverse2": transverse2,
        **{f"transverse_exponent{end}": value for end, value in zip(ENDS, slope, strict=True)},
        **fits(d2, length, end_to_end2, pairs, null, steps.mean(), longest, copies, rng),
    }


def binned(d2: np.ndarray, steps: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean contour length, mean squared end-to-end distance, pairs), each [bin], in logarithmic bins.

    steps: lengths of the steps. NaN where a bin is empty. Contours from one weight grow with every step, so that
    the pairs of a bin are contiguous in each row of d2.
    """
    size, position = len(d2), np.concatenate([[0.0], np.cumsum(steps)])
    edges = np.geomspace(steps.min(), position[-1] * (1 + 1e-12), bins + 1)
    first = np.searchsorted(position, np.add.outer(position, edges))
    first[:, 0], first[:, -1] = np.arange(1, size + 1), size
    first = np.maximum(first, first[:, :1])
    pairs = np.diff(first)
    contour = np.diff(np.append(0, np.cumsum(position))[first]) - pairs * position[:, None]
    starts = np.minimum(first + size * np.arange(size)[:, None], d2.size - 1)
    end_to_end2 = np.add.reduceat(d2.ravel(), starts.ravel()).reshape(starts.shape)[:, :-1]
    end_to_end2 = np.where(pairs > 0, end_to_end2, 0)  # for an empty stretch reduceat gives the value it starts at
    count = pairs.sum(0).astype(float)
    with np.errstate(invalid="ignore"):
        return contour.sum(0) / count, end_to_end2.sum(0) / count, count


def fitted(length, end_to_end2, pairs, step: float, steps: int, longest: float) -> np.ndarray:
    """Which bins are fitted: those of at least 20 pairs, from 1.5 mean steps to `longest` of the window's contour.

    step: mean step. steps: their number. Shorter contours are single steps, whose end-to-end distance is the
    contour itself.
    """
    inside = (length >= SHORTEST * step) & (length <= longest * step * steps)
    return inside & (pairs >= scaling_fits.LEAST_PAIRS) & (end_to_end2 > 0)


def fits(d2, length, end_to_end2, pairs, null, step, longest, copies, rng) -> dict[str, np.ndarray]:
    """Exponents [fit] of the two-segment fit against contour length, with intervals; empty where there is no fit."""
    inside = fitted(length, end_to_end2, pairs, step, len(d2), longest)
    both = scaling_fits.two_segments(length[inside], end_to_end2[inside])
    if not np.isfinite(both.rmse):
        return {}
    orthogonal = scaling_fits.two_segments(length[inside], null[inside], crossover=both.crossover)
    intervals = walk_intervals(d2, both, step, len(length), longest, copies, rng)
    result = {"crossover_length": both.crossover, "fit_rmse": both.rmse}
    result["exponent_null"] = np.array([getattr(orthogonal, name) for name in FITS])
    result["exponent"] = np.array([getattr(both, name) for name in FITS])
    return result | dict(zip(("exponent_low", "exponent_high"), np.transpose(intervals), strict=True))


def walk_intervals(d2, both: scaling_fits.TwoSegments, step, bins, longest, copies, rng) -> list[tuple[float, float]]:
    """(low, high) of each of FITS, from Gaussian walks through the same bins and fit.

    The walks follow the fitted curve as a function of lag: the contour length in mean steps.
    """
    curve = replace(both, crossover=both.crossover / step)
    dimension = min(distance_geometry.effective_dimension(d2, lag) for lag in (1, max(1, len(d2) // 10)))
    found = np.empty((copies, len(FITS)))
    for k, copy in enumerate(gaussian_walks.walk_distances(curve, len(d2), dimension, copies, rng)):
        steps = np.sqrt(np.diagonal(copy, 1))
        length, end_to_end2, pairs = binned(copy, steps, bins)
        inside = fitted(length, end_to_end2, pairs, steps.mean(), len(copy), longest)
        fit = scaling_fits.two_segments(length[inside], end_to_end2[inside])
        found[k] = [getattr(fit, name) for name in FITS]
    return [
        gaussian_walks.basic_interval(getattr(both, name), getattr(curve, name), found[:, k])
        for k, name in enumerate(FITS)
    ]


def fragments_of(d2: np.ndarray, count: int, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(steps, chord^2, largest squared distance of a point from the chord), each [fragment], of random fragments.

    From pair distances alone: with a, b the squared distances of a point to the ends and c the squared chord,
    the point's projection lies at p = (a + c - b) / (2 sqrt c) along the chord, and a - p^2 is its squared
    distance from the chord's line. The lengths of fragments are log-uniform.
    """
    steps = len(d2)
    span = np.exp(rng.uniform(np.log(4), np.log(steps - 1), count)).astype(int)
    start = (rng.random(count) * (steps - span)).astype(int)
    chord2, transverse2 = np.empty(count), np.empty(count)
    for k, (i, j) in enumerate(zip(start, start + span, strict=True)):
        a, b, c = d2[i, i + 1 : j], d2[j, i + 1 : j], d2[i, j]
        along2 = (a + c - b) ** 2 / (4 * c) if c > 0 else 0.0  # a chord of length zero has no direction
        chord2[k], transverse2[k] = c, np.max(a - along2)
    return span, chord2, np.maximum(transverse2, 0)


def transverse_slope(span, chord2, transverse2, rng, copies) -> tuple[float, float, float]:
    """(slope, low, high) of log mean transverse^2 against log mean chord^2 of fragments of similar span.

    Means before logarithms: single chords scatter, which would flatten a slope through all fragments. 1 is
    self-similar, 0 no scaling. The interval is a bootstrap over fragments; they overlap, so it is a lower bound
    of the uncertainty. NaN where fewer than ten fragments deviate from their chord.
    """
    if ((chord2 > 0) & (transverse2 > 0)).sum() < FEWEST_FRAGMENTS:
        return np.nan, np.nan, np.nan
    edges = np.geomspace(span.min(), span.max() + 1, SPANS + 1)
    group = np.searchsorted(edges, span, side="right") - 1
    pick = np.concatenate([[np.arange(len(span))], rng.integers(len(span), size=(copies, len(span)))])
    slopes = [_slope(group[k], chord2[k], transverse2[k]) for k in pick]
    return slopes[0], *np.nanquantile(slopes[1:], [0.025, 0.975])


def _slope(group: np.ndarray, chord2: np.ndarray, transverse2: np.ndarray) -> float:
    """Slope through the logarithms of the means of each group."""
    count = np.bincount(group, minlength=SPANS)
    means = [np.bincount(group, values, minlength=SPANS) for values in (chord2, transverse2)]
    used = (count > 0) & (means[0] > 0) & (means[1] > 0)
    if used.sum() < 2:
        return np.nan
    u, v = (np.log(mean[used] / count[used]) for mean in means)
    return float(np.polyfit(u, v, 1)[0])
