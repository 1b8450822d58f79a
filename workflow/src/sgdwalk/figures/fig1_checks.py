"""How far Fig. 1 is about roughness: the dimension of a loss surface by distance, and its multifractal spectrum."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import style
from sgdwalk.figures.page import Page

ROLES = {"dimension": "dimension"}
ABSENT = {"dimension": "the dimension of a loss surface"}


def draw(dimension: xr.Dataset | None) -> Page:
    """Dimension by distance (a), multifractal spectrum (b) of planes that are fine enough for wavelet leaders.

    dimension: dimension.nc of a run.
    """
    figure, axes = style.panels("ab", 2.8)
    by_distance(axes["a"], dimension)
    spectrum(axes["b"], dimension)
    style.title_figure(figure, style.describe(dimension))
    return figure


def without_dimension(axes: Axes, data: xr.Dataset | None) -> bool:
    """Whether no plane has a dimension; if so, the panel is left out, and a note says why."""
    if style.missing(axes, data, ABSENT["dimension"]):
        return True
    if not (data.status == "ok").any():
        style.placeholder(axes, f"no dimension: the surface is {data.status.values[0]}")
        return True
    return False


def by_distance(axes: Axes, data: xr.Dataset | None) -> None:
    """Dimension over each octave of distance, of each plane and its quadratic, and its continuation to distance 0."""
    if without_dimension(axes, data):
        return
    whole = data.isel(plane=data.status.values == "ok")
    octaves_of(axes, whole, "quadratic_octave_dimension", color=style.GREY, marker="x", label="fitted quadratic")
    octaves_of(axes, whole, "octave_dimension", color=style.BLUE, marker="o", label=surface_text(whole))
    value, low, high = map(float, style.estimate(data, "extrapolated_dimension"))
    axes.vlines(0, low, high, color=style.GREEN)
    axes.plot(0, value, "D", color=style.GREEN, label=f"at distance 0: {style.interval_text(value, low, high)}")
    axes.axhline(2, color="black", linewidth=0.5)
    axes.set(xlabel="distance (grid steps)", ylabel="dimension over an octave")
    style.key(axes)


def surface_text(data: xr.Dataset) -> str:
    """'surface', or how many planes it is seen on."""
    return "surface" if data.sizes["plane"] == 1 else f"surface, {data.sizes['plane']} planes"


def octaves_of(axes: Axes, data: xr.Dataset, variable: str, label: str, **look) -> None:
    """A variable [plane, octave] in the middle of each octave, and dotted the line through the finest two to 0."""
    distance = np.sqrt(2) * data.octave.values
    for k, values in enumerate(data[variable].values):
        axes.plot(distance, values, label=None if k else label, **look)
        axes.plot([0, distance[0]], [2 * values[0] - values[1], values[0]], ":", linewidth=0.8, color=look["color"])


def spectrum(axes: Axes, data: xr.Dataset | None) -> None:
    """Dimension of the points of each Hoelder exponent, from wavelet leaders."""
    if style.missing(axes, data, ABSENT["dimension"]):
        return
    if str(data.leader_status.values) != "ok":
        style.placeholder(axes, f"no multifractal spectrum: {data.leader_status.values}")
        return
    (h, left, right), (D, low, high) = style.estimate(data, "holder"), style.estimate(data, "spectrum")
    axes.hlines(D, left, right, color=style.BLUE, linewidth=0.6)
    axes.vlines(h, low, high, color=style.BLUE, linewidth=0.6)
    axes.plot(h, D, "o-", color=style.BLUE, label="orders -5 to 5; bars: 95 % intervals")
    for k in (1, 2):
        cumulant = style.interval_text(*map(float, style.estimate(data, f"c{k}")))
        axes.plot([], [], linestyle="", label=f"c{k} = {cumulant}")
    axes.set(xlabel="Hölder exponent", ylabel="dimension of its points")
    style.key(axes)
