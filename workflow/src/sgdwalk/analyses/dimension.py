"""Dimension of a loss surface by variogram, box counts and wavelet leaders, beside surfaces of known dimension."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from sgdwalk.landscapes import wavelet_leaders
from sgdwalk.landscapes.box_counts import box_counts, box_dimension, box_sides, section_dimension
from sgdwalk.landscapes.fitted_quadratic import fitted_quadratic
from sgdwalk.landscapes.random_surfaces import fractional_brownian_surface
from sgdwalk.landscapes.self_affine_intervals import calibrated, interval, reading_interval, simulated
from sgdwalk.landscapes.variogram import (
    extrapolated_dimension,
    mean_square,
    octave_dimension,
    octaves,
    readings,
    variogram,
    variogram_dimension,
)
from sgdwalk.storage.contracts import Contract, Variable, variable
from sgdwalk.trajectory.student_mean import student_mean

CONTROLS = {"bowl": 2.0, "fractional 2.2": 2.2, "fractional 2.5": 2.5, "fractional 2.8": 2.8}
ROUNDING = 10  # least difference of neighbouring heights that is measured, in rounding errors of a height
LEAST = 11  # points a side
DIMS = {
    "variogram": ("plane", "scale"),
    "quadratic_variogram": ("plane", "scale"),
    "octave_dimension": ("plane", "octave"),
    "quadratic_octave_dimension": ("plane", "octave"),
    "box_count": ("plane", "box"),
    "box_dimension": ("plane",),
}


def _estimate(name: str, meaning: str, dims: str = "", *, optional: bool = False) -> dict[str, Variable]:
    """A variable and the ends of its interval."""
    parts = {"": meaning, "_low": f"{meaning}, 2.5 %", "_high": f"{meaning}, 97.5 %"}
    return {f"{name}{end}": variable(dims, "1", text, optional=optional) for end, text in parts.items()}


def _over_planes(name: str, meaning: str) -> dict[str, Variable]:
    """An estimate over all planes, and its value on each."""
    return _estimate(name, meaning) | {f"{name}_of_plane": variable("plane", "1", f"{meaning}, of a plane")}


def _control(name: str, meaning: str) -> dict[str, Variable]:
    """What the control surfaces read."""
    return {
        f"control_{name}": variable("control", "1", f"mean dimension {meaning}"),
        f"control_{name}_spread": variable("control", "1", "standard deviation between realisations"),
    }


CONTRACT = Contract(
    "dimension",
    {
        "plane": variable("plane", "1", "plane"),
        "status": variable("plane", "1", "ok, or why there is no dimension"),
        "scale": variable("scale", "grid step", "distance"),
        "variogram": variable("plane scale", "1", "mean squared height difference"),
        "quadratic_variogram": variable("plane scale", "1", "mean squared height difference of the fitted quadratic"),
        "octave": variable("octave", "grid step", "shortest distance of an octave"),
        "octave_dimension": variable("plane octave", "1", "dimension over an octave of distance"),
        "quadratic_octave_dimension": variable("plane octave", "1", "dimension over an octave, fitted quadratic"),
        "box": variable("box", "grid step", "side of a box"),
        "box_count": variable("plane box", "1", "boxes that the surface intersects"),
        "box_dimension": variable("plane", "1", "box-counting dimension"),
        **_over_planes("dimension", "dimension from the variogram"),
        **_over_planes("extrapolated_dimension", "dimension continued to distance 0"),
        **_over_planes("excess_dimension", "dimension at distance 0 above that of the fitted quadratic"),
        **_over_planes("section_dimension", "mean box-counting dimension of the sections along both axes"),
        **_over_planes("profile_dimension", "dimension of sections that read so on this grid"),
        "first_scale": variable("", "grid step", "shortest distance of the fit"),
        "last_scale": variable("", "grid step", "longest distance of the fit"),
        "points": variable("", "1", "grid points a side"),
        "grid_step": variable("", "filter-normalised direction", "distance of two grid points"),
        "control": variable("control", "1", "control surface"),
        "control_dimension": variable("control", "1", "true dimension"),
        **_control("variogram", "from the variogram"),
        **_control("extrapolated", "continued to distance 0"),
        **_control("box", "from box counts"),
        "leader_status": variable("", "1", "ok, or why there are no wavelet leaders"),
        "leader_scale": variable("leader_scale", "grid step", "scale of wavelet leaders", optional=True),
        "leader_mean": variable("leader_scale", "1", "mean of log leaders", optional=True),
        "leader_variance": variable("leader_scale", "1", "variance of log leaders", optional=True),
        "order": variable("order", "1", "order of a moment", optional=True),
        **_estimate("c1", "first log-cumulant, the mean Hölder exponent", optional=True),
        **_estimate("c2", "second log-cumulant", optional=True),
        **_estimate("holder", "Hölder exponent", "order", optional=True),
        **_estimate("spectrum", "dimension of the points of that Hölder exponent", "order", optional=True),
    },
    version=4,
)


def compute(landscape: xr.Dataset, *, logarithm: bool = True, realisations: int = 100, seed: int = 0) -> xr.Dataset:
    """Dimension of landscape.loss [plane, x, y], or [x, y] of a single plane, on evenly spaced n x n points.

    logarithm: take log10 of the loss as the height, where no loss is 0 or negative. A loss that spans decades grows so
    steeply towards the edges that they dominate the variogram: a smooth exp(6 r) gives 2.35 on 25 x 25 points, its
    logarithm 2.1.

    `dimension`: D = 3 - H from the variogram E (z_i - z_j)^2 ~ |i - j|^(2H) over 1 to n // 5 grid steps.
    `octave_dimension`: the same octave by octave of distance, on nested grids. `extrapolated_dimension`: from the two
    finest octaves, continued to distance 0, where a smooth surface has 2 at most (see landscapes.variogram).
    `excess_dimension`: this minus that of the quadratic fitted to the loss (landscapes.fitted_quadratic), or minus 2 if
    that is larger. `section_dimension`: a box-counting dimension between 1 and 2, of the curves in which planes along
    the axes cut the surface. It is biased low; `profile_dimension` is D - 1 of the self-affine surfaces whose sections
    read so on this grid. Box counts have no interval: compare them with the controls.

    Each is the mean over the planes that have one. Its 95 % interval is Student's from the scatter of two planes or
    more. Of one plane it is a parametric bootstrap: `realisations` fractional Brownian surfaces on the same grid at
    each of several dimensions (landscapes.self_affine_intervals; seed: of these). That is valid for Gaussian
    self-affine surfaces.

    On planes of wavelet_leaders.SMALLEST points and more: the log-cumulants c1, c2 and the multifractal spectrum, with
    a bootstrap over blocks of all planes. leader_status says why there are none.

    landscape.precision: relative rounding error of a loss. Where neighbouring heights differ by less than ROUNDING
    rounding errors (root mean square), the surface is that of rounding.

    Returns the data set of CONTRACT. For a plane with values that are not finite, a flat one, or one within rounding
    errors, status says so and its values are NaN. ValueError for planes that are not square, not evenly spaced, or
    smaller than LEAST x LEAST.
    """
    rng = np.random.default_rng(seed)
    loss, step = planes(landscape), grid_step(landscape)
    logarithm = logarithm and not (loss <= 0).any()
    rounding = float(landscape["precision"]) * (1 / np.log(10) if logarithm else np.nanmax(np.abs(loss), initial=0))
    heights = np.log10(loss) if logarithm else loss
    status = [obstacle(z, rounding) for z in heights]
    good = np.array(status) == "ok"
    heights = np.where(good[:, None, None], heights, np.nan)
    found = [of_plane(z, values, logarithm) for z, values in zip(heights, loss, strict=True)]
    of_planes = {name: np.array([reading[name] for reading in found]) for name in found[0]}
    n = loss.shape[-1]
    scale = variogram(heights[0])[0]
    coordinates = {"scale": scale, "octave": octaves(scale), "box": box_sides(n), "control": list(CONTROLS)}
    coordinates["plane"] = landscape["plane"].values if "plane" in landscape.coords else np.arange(len(loss))
    return xr.Dataset(
        {"points": n, "grid_step": step, "status": ("plane", status), "first_scale": scale[0], "last_scale": scale[-1]}
        | {name: (DIMS[name], of_planes[name]) for name in DIMS}
        | over_planes(of_planes, simulated(n, realisations, rng))
        | controls(n, realisations, rng)
        | multifractal(heights[good], rounding, rng),
        coordinates,
    )


def planes(landscape: xr.Dataset) -> np.ndarray:
    """Loss [plane, x, y] in float64; a surface without the dimension `plane` is one."""
    loss = landscape["loss"] if "plane" in landscape["loss"].dims else landscape["loss"].expand_dims("plane")
    return loss.transpose("plane", "x", "y").values.astype(np.float64)


def grid_step(landscape: xr.Dataset) -> float:
    """Spacing of the plane, the same along both axes."""
    x, y = (landscape[axis].values.astype(np.float64) for axis in "xy")
    if len(x) != len(y) or len(x) < LEAST:
        raise ValueError(f"plane of {len(x)} x {len(y)} points: needs a square of at least {LEAST} x {LEAST}")
    steps = np.concatenate([np.diff(x), np.diff(y)])
    if not np.allclose(steps, steps[0], rtol=1e-3):
        raise ValueError(f"plane not evenly spaced: steps from {steps.min()} to {steps.max()}")
    return float(abs(steps[0]))


def obstacle(heights: np.ndarray, rounding: float) -> str:
    """Why heights [x, y] have no dimension, or 'ok'. rounding: error of a height."""
    if not np.isfinite(heights).all():
        return "not finite"
    if np.ptp(heights) == 0:
        return "flat"
    neighbours = mean_square(np.diff(heights, axis=0), np.diff(heights, axis=1))
    return "within rounding errors" if neighbours <= (ROUNDING * rounding) ** 2 else "ok"


def of_plane(heights: np.ndarray, loss: np.ndarray, logarithm: bool) -> dict[str, float | np.ndarray]:
    """The readings of one plane by the names of the contract, without '_of_plane'; NaN where heights are."""
    scale, squares = variogram(heights)
    box, count = box_counts(heights)
    smooth = variogram(quadratic_heights(loss, logarithm) if np.isfinite(heights).all() else heights)[1]
    by_octave, smooth_by_octave = octave_dimension(scale, squares), octave_dimension(scale, smooth)
    limit = extrapolated_dimension(by_octave)
    return {
        "variogram": squares,
        "quadratic_variogram": smooth,
        "octave_dimension": by_octave,
        "quadratic_octave_dimension": smooth_by_octave,
        "box_count": count,
        "box_dimension": box_dimension(box, count),
        "dimension": variogram_dimension(scale, squares),
        "extrapolated_dimension": limit,
        "excess_dimension": limit - np.fmax(2, extrapolated_dimension(smooth_by_octave)),
        "section_dimension": section_dimension(heights),
    }


def quadratic_heights(loss: np.ndarray, logarithm: bool) -> np.ndarray:
    """Heights of the quadratic fitted to a loss [x, y]."""
    quadratic = fitted_quadratic(loss, relative=logarithm)
    return np.log10(quadratic) if logarithm else quadratic


def over_planes(of_planes: dict[str, np.ndarray], read: dict[str, np.ndarray]) -> dict:
    """Variables of the estimates over all planes.

    of_planes: the readings of of_plane [plane, ...]. read: those of simulated surfaces.
    """
    limit, section = of_planes["extrapolated_dimension"], of_planes["section_dimension"]
    bound = limit - of_planes["excess_dimension"]
    of_planes = of_planes | {"profile_dimension": calibrated(section, read["section_dimension"]) - 1}
    intervals = {
        "dimension": lambda k: interval(of_planes["dimension"][k], read["dimension"]),
        "extrapolated_dimension": lambda k: interval(limit[k], read["extrapolated_dimension"]),
        "excess_dimension": lambda k: np.subtract(interval(limit[k], read["extrapolated_dimension"]), bound[k]),
        "section_dimension": lambda k: reading_interval(section[k], read["section_dimension"]),
        "profile_dimension": lambda k: np.subtract(interval(section[k], read["section_dimension"]), 1),
    }
    found = {}
    for name, of_one in intervals.items():
        found |= {f"{name}_of_plane": ("plane", of_planes[name])} | ends(
            name, mean_with_interval(of_planes[name], of_one)
        )
    return found


def ends(name: str, estimate: tuple) -> dict:
    """Variables of an estimate (value, low, high)."""
    return {f"{name}{end}": value for end, value in zip(("", "_low", "_high"), estimate, strict=True)}


def mean_with_interval(values: np.ndarray, of_one: Callable[[int], tuple[float, float]]) -> tuple:
    """(mean, low, high) of values [plane], NaN left out.

    Student's interval of two or more; of_one: gives the interval of the plane at a position, for a single value, which
    widens it if it lies outside.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) == 1:
        value, (low, high) = values[known[0]], of_one(known[0])
        return value, np.minimum(low, value), np.maximum(high, value)
    mean, _, half = student_mean(values[known])
    return mean, mean - half, mean + half


def controls(n: int, realisations: int, rng: np.random.Generator) -> dict:
    """Mean and spread of three dimensions over surfaces of known dimension, n points a side."""

    def read(name: str, true: float) -> tuple[float, ...]:
        surface = control(name, n, true, rng)
        return *readings(surface), box_dimension(*box_counts(surface))

    found = np.array([[read(*control) for _ in range(realisations)] for control in CONTROLS.items()])
    variables = {"control_dimension": ("control", list(CONTROLS.values()))}
    for kind, values in zip(("variogram", "extrapolated", "box"), np.moveaxis(found, -1, 0), strict=True):
        variables[f"control_{kind}"] = ("control", values.mean(axis=1))
        variables[f"control_{kind}_spread"] = ("control", values.std(axis=1))
    return variables


def control(name: str, n: int, dimension: float, rng: np.random.Generator) -> np.ndarray:
    """One control surface; the bowl's lowest point is random in the middle half of the plane."""
    if name != "bowl":
        return fractional_brownian_surface(n, 3 - dimension, rng)
    x, y = np.linspace(-1, 1, n) - rng.uniform(-0.5, 0.5, (2, 1))
    return x[:, None] ** 2 + y**2


def multifractal(heights: np.ndarray, rounding: float, rng: np.random.Generator) -> dict:
    """Variables of the wavelet leaders of heights [plane, x, y]; leader_status alone where there are none."""
    points = heights.shape[-1]
    if points < wavelet_leaders.SMALLEST:
        return {"leader_status": f"fewer than {wavelet_leaders.SMALLEST} points a side"}
    if not len(heights):
        return {"leader_status": "no plane has a dimension"}
    planes = wavelet_leaders.measured(heights, rounding)
    if not planes:
        return {"leader_status": "within rounding errors"}
    octave = wavelet_leaders.octaves(points)
    value, low, high = wavelet_leaders.estimate(planes, octave, rng)
    found = {
        "leader_status": "ok",
        "leader_scale": 2.0**octave,
        "leader_mean": ("leader_scale", value.mean),
        "leader_variance": ("leader_scale", value.variance),
        "order": wavelet_leaders.ORDERS,
    }
    for name, dims in {"c1": (), "c2": (), "holder": "order", "spectrum": "order"}.items():
        found |= ends(name, tuple((dims, getattr(field, name)) for field in (value, low, high)))
    return found
