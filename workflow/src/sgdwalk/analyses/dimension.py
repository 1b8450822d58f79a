"""Fractal dimension of a loss surface on a plane: variogram, box counts, controls of known dimension."""

import numpy as np
import xarray as xr

from sgdwalk.landscapes.random_surfaces import fractional_brownian_surface
from sgdwalk.storage.contracts import Contract, variable

CONTROLS = {"bowl": 2.0, "fractional 2.2": 2.2, "fractional 2.5": 2.5, "fractional 2.8": 2.8}
ROUNDING = 10  # least difference of neighbouring heights that is measured, in rounding errors of a height
TRIED = (2.01, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7, 2.8, 2.9, 2.99)

CONTRACT = Contract(
    "dimension",
    {
        "scale": variable("scale", "grid step", "distance"),
        "variogram": variable("scale", "1", "mean squared height difference"),
        "local_dimension": variable("scale", "1", "local dimension"),
        "box": variable("box", "grid step", "side of a box"),
        "box_count": variable("box", "1", "boxes that the surface intersects"),
        "box_dimension": variable("", "1", "box-counting dimension"),
        "dimension": variable("", "1", "dimension from the variogram"),
        "dimension_low": variable("", "1", "dimension from the variogram, 2.5 %"),
        "dimension_high": variable("", "1", "dimension from the variogram, 97.5 %"),
        "section_dimension": variable("", "1", "mean box-counting dimension of the sections along both axes"),
        "section_dimension_low": variable("", "1", "mean box-counting dimension of the sections, 2.5 %"),
        "section_dimension_high": variable("", "1", "mean box-counting dimension of the sections, 97.5 %"),
        "first_scale": variable("", "grid step", "shortest distance of the fit"),
        "last_scale": variable("", "grid step", "longest distance of the fit"),
        "grid_step": variable("", "filter-normalised direction", "distance of two grid points"),
        "status": variable("", "1", "ok, or why there is no dimension"),
        "control": variable("control", "1", "control surface"),
        "control_dimension": variable("control", "1", "true dimension"),
        "control_variogram": variable("control", "1", "mean dimension from the variogram"),
        "control_variogram_spread": variable("control", "1", "standard deviation between realisations"),
        "control_box": variable("control", "1", "mean dimension from box counts"),
        "control_box_spread": variable("control", "1", "standard deviation between realisations"),
    },
    version=3,
)


def compute(landscape: xr.Dataset, *, logarithm: bool = True, realisations: int = 100, seed: int = 0) -> xr.Dataset:
    """Dimension of landscape.loss [x, y] on an evenly spaced n x n plane, by variogram and by box counts.

    logarithm: take log10 of the loss as the height, where the loss is positive everywhere. A loss that spans
    decades grows so steeply towards the edges that they dominate the variogram: a smooth exp(6 r) gives 2.35 on
    25 x 25 points, its logarithm 2.1.

    D = 3 - H from the variogram E (z_i - z_j)^2 ~ |i - j|^(2H) over 1 to n // 5 grid steps. Its 95 % interval is a
    parametric bootstrap, `realisations` fractional Brownian surfaces on the same grid at each of several dimensions
    (see interval; seed: of these). It covered the truth in 90-100 % for D from 2.05 to 2.95 on 25 x 25, where
    surfaces of the fitted H alone covered it in 73-95 %. It is valid for Gaussian self-affine surfaces; a smooth
    one gives about 2.1, as the bowl among the controls does.

    Box counts depend on the height that equals one side (see box_counts) and have no interval: compare them with
    the controls, a smooth bowl and surfaces of known dimension on the same grid. section_dimension is a box-counting
    dimension between 1 and 2, of the curves in which planes along the axes cut the surface (see section_dimension);
    its interval consists of the mean readings of those simulated surfaces for which this reading is not unlikely.

    landscape.precision: relative rounding error of a loss. Where neighbouring heights differ by less than ROUNDING
    rounding errors (root mean square), the surface is that of rounding.

    Returns the data set of CONTRACT; for a plane with values that are not finite, a flat one, or one within rounding
    errors, status says so and the rest, but for the controls, is NaN. ValueError for a plane that is not square, not
    evenly spaced, or smaller than 11 x 11.
    """
    rng = np.random.default_rng(seed)
    loss = landscape["loss"].isel(plane=0, missing_dims="ignore").transpose("x", "y").values.astype(np.float64)
    step, n = _grid_step(landscape), len(loss)
    logarithm = logarithm and bool((loss > 0).all())
    heights = np.log10(loss) if logarithm else loss
    rounding = float(landscape["precision"]) * (1 / np.log(10) if logarithm else np.abs(loss).max())
    status = obstacle(heights, rounding)
    if status != "ok":
        heights = np.full_like(heights, np.nan)
    scale, squares = variogram(heights)
    box, count = box_counts(heights)
    dimension = variogram_dimension(scale, squares)
    section = section_dimension(heights)
    by_variogram, by_sections = simulated(n, realisations, rng)
    low, high = interval(dimension, by_variogram)
    section_low, section_high = reading_interval(section, by_sections)
    return xr.Dataset(
        {
            "variogram": ("scale", squares),
            "local_dimension": ("scale", local_dimension(scale, squares)),
            "box_count": ("box", count),
            "box_dimension": box_dimension(box, count),
            "dimension": dimension,
            "dimension_low": low,
            "dimension_high": high,
            "section_dimension": section,
            "section_dimension_low": section_low,
            "section_dimension_high": section_high,
            "first_scale": scale[0],
            "last_scale": scale[-1],
            "grid_step": step,
            "status": status,
        }
        | controls(n, realisations, rng),
        {"scale": scale, "box": box, "control": list(CONTROLS)},
    )


def obstacle(heights: np.ndarray, rounding: float) -> str:
    """Why heights [x, y] have no dimension, or 'ok'. rounding: error of a height."""
    if not np.isfinite(heights).all():
        return "not finite"
    if np.ptp(heights) == 0:
        return "flat"
    neighbours = _mean_square(np.diff(heights, axis=0), np.diff(heights, axis=1))
    return "within rounding errors" if neighbours <= (ROUNDING * rounding) ** 2 else "ok"


def _grid_step(landscape: xr.Dataset) -> float:
    """Spacing of the plane, the same along both axes."""
    x, y = (landscape[axis].values.astype(np.float64) for axis in "xy")
    if len(x) != len(y) or len(x) < 11:
        raise ValueError(f"plane of {len(x)} x {len(y)} points: needs a square of at least 11 x 11")
    steps = np.concatenate([np.diff(x), np.diff(y)])
    if not np.allclose(steps, steps[0], rtol=1e-3):
        raise ValueError(f"plane not evenly spaced: steps from {steps.min()} to {steps.max()}")
    return float(abs(steps[0]))


def variogram(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances [scale], in grid steps up to n // 5, and mean squared height differences at them.

    Along both axes at 1, 2, ..., and along both diagonals at sqrt(2), 2 sqrt(2), ...
    """
    longest = len(heights) // 5
    found = {}
    for k in range(1, longest + 1):
        found[float(k)] = _mean_square(heights[k:] - heights[:-k], heights[:, k:] - heights[:, :-k])
        if k * np.sqrt(2) <= longest:
            down, up = heights[k:, k:] - heights[:-k, :-k], heights[:-k, k:] - heights[k:, :-k]
            found[k * np.sqrt(2)] = _mean_square(down, up)
    scale = np.array(sorted(found))
    return scale, np.array([found[s] for s in scale])


def _mean_square(first, second) -> float:
    return ((first**2).mean() + (second**2).mean()) / 2


def variogram_dimension(scale: np.ndarray, squares: np.ndarray) -> float:
    """D = 3 - half the least-squares slope of log variogram against log distance; NaN if any value is."""
    if np.isnan(squares).any():
        return np.nan
    return 3 - np.polyfit(np.log(scale), np.log(squares), 1)[0] / 2


def local_dimension(scale: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """variogram_dimension [scale] about each distance, over distances within a factor of two."""
    near = np.abs(np.log2(scale[:, None] / scale)) < 1 + 1e-9
    return np.array([variogram_dimension(scale[within], squares[within]) for within in near])


def box_counts(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sides of boxes [box], in grid steps, and how many boxes of that side the surface intersects.

    Heights are scaled so that their range equals the side of the square: another scale gives other counts and
    another slope. Sides s divide n - 1 and are at most a quarter of it; each column of boxes spans s + 1 points a
    side, the outer ones shared with its neighbours, and counts floor(max/s) - floor(min/s) + 1, on one grid of
    boxes that starts at the lowest point. Counts are NaN where heights are.
    """
    box, side = box_sides(len(heights)), len(heights) - 1
    stretched = side * (heights - heights.min()) / np.ptp(heights)
    return box, np.array([_boxes(stretched, s) for s in box], dtype=np.float64)


def box_sides(points: int) -> np.ndarray:
    """Sides of boxes, in grid steps: divisors of points - 1 up to a quarter of it."""
    side = points - 1
    return np.array([s for s in range(1, side // 4 + 1) if side % s == 0])


def section_dimension(heights: np.ndarray) -> float:
    """Mean box-counting dimension of the curves in which planes along the axes cut a surface [x, y].

    Each curve is scaled as a surface is in box_counts, so that its range equals its length; flat ones are left out. A
    straight line has 1, and a section of a self-affine surface of dimension D ideally D - 1, of which few points
    show a part only. NaN where heights are, or where all sections are flat.
    """
    sections = np.concatenate([heights, heights.T])
    sections = sections[np.ptp(sections, axis=1) != 0]
    if not len(sections) or np.isnan(sections).any():
        return np.nan
    lowest, side = sections.min(axis=1, keepdims=True), len(heights) - 1
    stretched = side * (sections - lowest) / np.ptp(sections, axis=1)[:, None]
    box = box_sides(len(heights))
    count = np.array([_section_boxes(stretched, s) for s in box])
    return -np.polyfit(np.log(box), np.log(count), 1)[0].mean() if len(box) > 1 else np.nan


def _section_boxes(sections: np.ndarray, side: int) -> np.ndarray:
    """Number of boxes [section] of this side that each curve [section, point] intersects."""
    columns = np.lib.stride_tricks.sliding_window_view(sections, side + 1, axis=1)[:, ::side]
    return (np.floor(columns.max(axis=2) / side) - np.floor(columns.min(axis=2) / side) + 1).sum(axis=1)


def _boxes(heights: np.ndarray, side: int) -> float:
    columns = np.lib.stride_tricks.sliding_window_view(heights, (side + 1, side + 1))[::side, ::side]
    top, bottom = columns.max(axis=(2, 3)), columns.min(axis=(2, 3))
    return (np.floor(top / side) - np.floor(bottom / side) + 1).sum()


def box_dimension(box: np.ndarray, count: np.ndarray) -> float:
    """D = minus the least-squares slope of log count against log side; NaN where fewer than two sides fit."""
    if len(box) < 2 or np.isnan(count).any():
        return np.nan
    return -np.polyfit(np.log(box), np.log(count), 1)[0]


def simulated(n: int, realisations: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Readings of variogram_dimension and of section_dimension, each [tried, realisation].

    Of fractional Brownian surfaces of n points a side whose dimensions are TRIED.
    """

    def readings(true: float) -> tuple[float, float]:
        surface = fractional_brownian_surface(n, 3 - true, rng)
        return variogram_dimension(*variogram(surface)), section_dimension(surface)

    read = np.array([[readings(true) for _ in range(realisations)] for true in TRIED])
    return read[..., 0], read[..., 1]


def interval(dimension: float, read: np.ndarray) -> tuple[float, float]:
    """95 % interval: the true dimensions for which an estimate of `dimension` is not unlikely.

    read [tried, realisation]: estimates from simulated surfaces of the dimensions TRIED. Beyond these the interval ends
    at 2 or 3, the limits of a surface.
    """
    return not_unlikely(dimension, read, TRIED, left=2.0, right=3.0)


def reading_interval(value: float, read: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean reading of surfaces like the one that reads `value`, which lies in it.

    read [tried, realisation]: readings of simulated surfaces of the dimensions TRIED. The mean readings of those
    dimensions for which `value` is not unlikely. The spread at `value` itself would be too small for a surface that
    reads low by chance, as smoother ones scatter less.
    """
    low, high = not_unlikely(value, read, np.maximum.accumulate(read.mean(axis=1)))
    return np.minimum(low, value), np.maximum(high, value)


def not_unlikely(value: float, read: np.ndarray, truths, left=None, right=None) -> tuple[float, float]:
    """The least and the greatest of truths [tried] for which `value` lies between the 2.5 and 97.5 % of read.

    read [tried, realisation]: grows with the truths. Interpolated; left, right: the ends beyond all that were tried, by
    default the first and the last truth. NaN for a value that is.
    """
    low, high = np.maximum.accumulate(np.quantile(read, [0.025, 0.975], axis=1), axis=1)
    ends = {"left": left, "right": right}
    return np.interp(value, high, truths, **ends), np.interp(value, low, truths, **ends)


def both_dimensions(heights: np.ndarray) -> tuple[float, float]:
    """(dimension from the variogram, from box counts) of a surface [x, y]."""
    return variogram_dimension(*variogram(heights)), box_dimension(*box_counts(heights))


def controls(n: int, realisations: int, rng: np.random.Generator) -> dict:
    """Mean and spread of both dimensions over surfaces of known dimension, n points a side."""
    read = np.array(
        [
            [both_dimensions(_control(name, n, true, rng)) for _ in range(realisations)]
            for name, true in CONTROLS.items()
        ]
    )
    mean, spread = read.mean(axis=1), read.std(axis=1)
    return {
        "control_dimension": ("control", list(CONTROLS.values())),
        "control_variogram": ("control", mean[:, 0]),
        "control_variogram_spread": ("control", spread[:, 0]),
        "control_box": ("control", mean[:, 1]),
        "control_box_spread": ("control", spread[:, 1]),
    }


def _control(name: str, n: int, dimension: float, rng) -> np.ndarray:
    """One control surface; the bowl's lowest point is random in the middle half of the plane."""
    if name != "bowl":
        return fractional_brownian_surface(n, 3 - dimension, rng)
    x, y = np.linspace(-1, 1, n) - rng.uniform(-0.5, 0.5, (2, 1))
    return x[:, None] ** 2 + y**2
