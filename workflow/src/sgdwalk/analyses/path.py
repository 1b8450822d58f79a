"""The path as a curve: end-to-end distance against contour length, and how far fragments stray from their chord."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import Contract, variable
from sgdwalk.storage.run_files import WINDOW, WINDOW_START
from sgdwalk.trajectory import distance_geometry, gaussian_walks, scaling_fits, step_lengths
from sgdwalk.trajectory.windows import per_window

FITS = ("short", "long")
FEWEST_WEIGHTS = 10  # distinct from the one before, in a window that is measured
PIECES = 4  # equal parts of a fragment, between which its transverse distance is taken
LONGEST_SPAN = 0.25  # of a fragment, in windows: longer ones overlap too much to be several
SPANS = 6  # groups of fragments of similar length
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
        "exponent": variable(
            "window fit",
            "1",
            "exponent of the squared end-to-end distance against contour length, without the bias of the fit",
        ),
        "exponent_fitted": variable("window fit", "1", "exponent of the fitted curve, with its bias"),
        "exponent_null": variable("window fit", "1", "exponent of orthogonal steps of the same lengths"),
        "exponent_low": variable("window fit", "1", "lower end of the 95 % interval of the exponent"),
        "exponent_high": variable("window fit", "1", "upper end of the 95 % interval of the exponent"),
        "first_length": variable("window fit", "1", "shortest contour length of the fit"),
        "last_length": variable("window fit", "1", "longest contour length of the fit"),
        "crossover_length": variable("window", "1", "contour length at the crossover"),
        "fit_rmse": variable("window", "1", "RMSE of the two-segment fit in log10 units"),
        "chord2": variable("window fragment", "1", "squared chord of a random fragment"),
        "transverse2": variable(
            "window fragment", "1", "largest squared distance of three points of the fragment from its chord"
        ),
        "group_chord2": variable("window group", "1", "mean squared chord of fragments of similar length"),
        "group_transverse2": variable(
            "window group", "1", "mean squared transverse distance of fragments of similar length, fitted"
        ),
        "transverse_exponent": variable(
            "window", "1", "exponent of the squared transverse distance against the squared chord"
        ),
        "transverse_exponent_low": variable("window", "1", "lower end of the 95 % interval of the transverse exponent"),
        "transverse_exponent_high": variable(
            "window", "1", "upper end of the 95 % interval of the transverse exponent"
        ),
    },
    version=2,
)


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
    so do those of the simulated walks) and fragments. They give the interval of an exponent and its bias, which is
    taken off `exponent` and `transverse_exponent`. seed: of fragments and walks.

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
    ...         "loss": (("window", "step_in_window"), [walk[:, 0]]),
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
        {"bin": bins, "fragment": fragments, "group": SPANS},
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
    chosen = random_fragments(len(d2), fragments, rng)
    chord2, transverse2 = measured(d2, chosen)
    groups = group_means(chord2, transverse2, chosen)
    return {
        "contour_length": length,
        "end_to_end2": end_to_end2,
        "pairs": pairs,
        "end_to_end2_null": null,
        "chord2": chord2,
        "transverse2": transverse2,
        "group_chord2": groups[0],
        "group_transverse2": groups[1],
        **fits(d2, length, end_to_end2, pairs, null, steps.mean(), longest, chosen, copies, rng),
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


def fits(d2, length, end_to_end2, pairs, null, step, longest, chosen, copies, rng) -> dict[str, np.ndarray]:
    """Exponents of the curve [fit] and of the transverse distance, with intervals; empty where there is no fit.

    step: mean step. chosen: Fragments.
    """
    inside = fitted(length, end_to_end2, pairs, step, len(d2), longest)
    both = scaling_fits.two_segments(length[inside], end_to_end2[inside])
    if not np.isfinite(both.rmse):
        return {}
    orthogonal = scaling_fits.two_segments(length[inside], null[inside], crossover=both.crossover)
    curve = replace(both, crossover=both.crossover / step)  # as a function of lag: the contour in mean steps
    exponents, means = simulated(curve, d2, len(length), longest, chosen, copies, rng)
    raw = np.array([*sides(both), transverse_slope(*group_means(*measured(d2, chosen), chosen))])
    true = np.array([*sides(curve), transverse_slope(*means)])
    names = ("exponent", "exponent_low", "exponent_high")
    found = np.array([corrected(*values) for values in zip(raw, true, exponents.T, strict=True)]).T
    result = {name: values[: len(FITS)] for name, values in zip(names, found, strict=True)}
    result |= {f"transverse_{name}": values[-1] for name, values in zip(names, found, strict=True)}
    ends = length[inside][[0, -1]]
    result |= {"first_length": np.array([ends[0], both.crossover]), "last_length": np.array([both.crossover, ends[1]])}
    result |= {"exponent_fitted": raw[: len(FITS)], "exponent_null": np.array(sides(orthogonal))}
    return result | {"crossover_length": both.crossover, "fit_rmse": both.rmse}


def sides(fit: scaling_fits.TwoSegments) -> list[float]:
    """The exponents of a fit in the order of FITS."""
    return [getattr(fit, name) for name in FITS]


def simulated(curve, d2, bins, longest, chosen, copies, rng) -> tuple[np.ndarray, np.ndarray]:
    """(exponents [copy, (*FITS, transverse)], mean chord^2 and transverse^2 [2, group]) of Gaussian walks.

    The walks follow `curve`, the fit as a function of lag, with the effective dimension of the measured steps; they
    go through the same bins, fit and fragments. The means are over all walks.
    """
    dimension = min(distance_geometry.effective_dimension(d2, lag) for lag in (1, max(1, len(d2) // 10)))
    exponents, means = np.empty((copies, len(FITS) + 1)), []
    for k, copy in enumerate(gaussian_walks.walk_distances(curve, len(d2), dimension, copies, rng)):
        steps = np.sqrt(np.diagonal(copy, 1))
        length, end_to_end2, pairs = binned(copy, steps, bins)
        inside = fitted(length, end_to_end2, pairs, steps.mean(), len(copy), longest)
        fit = scaling_fits.two_segments(length[inside], end_to_end2[inside])
        means.append(group_means(*measured(copy, chosen), chosen))
        exponents[k] = *sides(fit), transverse_slope(*means[-1])
    return exponents, np.mean(means, axis=0)


def corrected(estimate: float, true: float, copies: np.ndarray) -> tuple[float, float, float]:
    """(estimate without bias, low, high), from the same estimate of simulated walks whose true value is `true`.

    The bias is the median of copies [copy] - true; the 95 % interval is the basic bootstrap's, so that the corrected
    estimate lies inside. NaN where no copy has an estimate.
    """
    low, high = gaussian_walks.basic_interval(estimate, true, copies)
    known = copies[np.isfinite(copies)]
    return (float(estimate + true - np.median(known)) if len(known) else np.nan), low, high


class Fragments(NamedTuple):
    """Fragments of a path: points [fragment, PIECES + 1], the steps of their ends and of the points between;
    group [fragment]: of those of similar length.
    """

    points: np.ndarray
    group: np.ndarray


def random_fragments(steps: int, count: int, rng) -> Fragments:
    """`count` random fragments of PIECES equal parts, their lengths log-uniform up to a quarter of `steps`."""
    most = max(int(LONGEST_SPAN * steps) // PIECES, 1)
    part = np.exp(rng.uniform(0, np.log(most + 1), count)).astype(int)
    start = (rng.random(count) * (steps - PIECES * part)).astype(int)
    edges = np.geomspace(1, most + 1, SPANS + 1)
    group = np.searchsorted(edges, part, side="right") - 1
    return Fragments(start[:, None] + part[:, None] * np.arange(PIECES + 1), group)


def measured(d2: np.ndarray, fragments: Fragments) -> tuple[np.ndarray, np.ndarray]:
    """(chord^2, largest squared distance of a point between the parts from the chord), each [fragment].

    From pair distances alone: with a, b the squared distances of a point to the ends and c the squared chord,
    the point's projection lies at p = (a + c - b) / (2 sqrt c) along the chord, and a - p^2 is its squared
    distance from the chord's line. The same number of points at every length: the largest distance of all points
    would grow with their number.
    """
    first, last = fragments.points[:, :1], fragments.points[:, -1:]
    a, b, c = d2[first, fragments.points[:, 1:-1]], d2[last, fragments.points[:, 1:-1]], d2[first, last]
    along2 = np.divide((a + c - b) ** 2, 4 * c, out=np.zeros_like(a), where=c > 0)  # no chord, no direction
    return c[:, 0], np.maximum((a - along2).max(axis=1), 0)


def group_means(chord2: np.ndarray, transverse2: np.ndarray, fragments: Fragments) -> np.ndarray:
    """Means [2, group] of chord^2 and transverse^2 of fragments of similar length; NaN for an empty group."""
    count = np.bincount(fragments.group, minlength=SPANS)
    sums = np.array([np.bincount(fragments.group, values, minlength=SPANS) for values in (chord2, transverse2)])
    return np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)


def transverse_slope(chord2: np.ndarray, transverse2: np.ndarray) -> float:
    """Slope of log mean transverse^2 against log mean chord^2 [group]; NaN for fewer than three groups above zero.

    Means before logarithms: single chords scatter, which would flatten a slope through all fragments. 1 is
    self-similar, 0 no scaling.
    """
    used = (chord2 > 0) & (transverse2 > 0)
    if used.sum() < scaling_fits.FEWEST_POINTS:
        return np.nan
    u, v = np.log(chord2[used]), np.log(transverse2[used])
    u = u - u.mean()
    return float(u @ v / (u @ u))
