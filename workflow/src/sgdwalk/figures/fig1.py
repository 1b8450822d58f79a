"""Fig. 1 of Chen et al.: the loss surface on a plane, an enlargement, and the dimension of the surface."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import contours, style
from sgdwalk.figures.fig1_checks import without_dimension
from sgdwalk.figures.page import Grid, Page
from sgdwalk.storage.provenance import stored_settings

ROLES = {"surface": "landscape", "dimension": "dimension"}
ABSENT = {"surface": "a run with a loss surface", "dimension": "the dimension of a loss surface"}
ESTIMATORS = {  # of the control surfaces: marker, colour, name of this surface's estimate
    "variogram": ("o", style.BLUE, "dimension"),
    "extrapolated": ("D", style.GREEN, "extrapolated_dimension"),
    "box": ("s", style.ORANGE, "box_dimension"),
}
NAMES = {"variogram": "variogram", "extrapolated": "at distance 0", "box": "boxes"}
NEAR = 0.05  # of the enlargement's side: snapshots that all lie so near to the centre are one point


def draw(surface: xr.Dataset | None, dimension: xr.Dataset | None = None) -> Page:
    """Surface with the run's projected path (a), enlargement (b), variogram (c), estimates on control surfaces (d).

    surface: landscape.nc of a run, of which the first plane is shown. dimension: dimension.nc of the same run. None
    leaves its panels out.
    """
    surface = None if surface is None else surface.isel(plane=0)
    figure, axes = style.panels("ab\ncd", 5.9, single=Grid(2, 2.55))
    plane(axes["a"], surface, "loss")
    plane(axes["b"], surface, "zoom_loss")
    if surface is not None:
        snapshots(axes["a"], axes["b"], surface)
    variogram(axes["c"], dimension, surface)
    controls(axes["d"], dimension)
    style.title_figure(figure, style.describe(surface), style.describe(dimension))
    return figure


def plane(axes: Axes, data: xr.Dataset | None, variable: str) -> None:
    """Filled contours of a loss [x, y], with a colour bar below the panel."""
    if style.missing(axes, data, ABSENT["surface"]):
        return
    loss = data[variable]
    drawn = contours.filled(axes, *(data[dim] for dim in loss.dims), loss)
    if drawn is not None:
        contours.bar(axes, drawn, style.name(loss, "training loss"))


def snapshots(whole: Axes, zoom: Axes, data: xr.Dataset) -> None:
    """The frame of the enlargement, and the projected snapshots on the panel that resolves them, if one does."""
    side = data.zoom_x.values[[0, -1]]
    reach = np.nanmax(np.abs([data.path_x, data.path_y]), initial=0)
    resolving = None if reach <= NEAR * side[1] else whole if reach > side[1] else zoom
    for axes in (axes for axes in (whole, zoom) if axes.figure is not None):
        axes.plot(0, 0, label="final weights", **contours.FINAL)
        if axes is resolving:
            axes.plot(
                data.path_x, data.path_y, linewidth=0.8, label="snapshots, projected", zorder=1.9, **contours.PATH
            )
        if axes is whole:
            axes.plot(side[[0, 1, 1, 0, 0]], side[[0, 0, 1, 1, 0]], color="white", linewidth=0.8)
            axes.plot([], [], linestyle="", label="white frame: panel b")
        style.key(axes)
    if whole.figure is not None:
        whole.figure.note(snapshot_text(data, reach), whole)


def snapshot_text(data: xr.Dataset, reach: float) -> str:
    """How far the projected snapshots are from the centre, and how much of their distance lies in the plane."""
    count = int(np.isfinite(data.path_x).sum())
    words = f"{count} snapshots of the run, projected, lie within {reach:.1g} of the final weights"
    fraction = data.path_share.values[:-1]  # without the last one, which is the origin
    if not np.isfinite(fraction).any():
        return words
    percent = float(f"{100 * np.nanmax(fraction):.1g}")  # rounded, and 20 instead of 2e+01
    return f"{words}; at most {percent:g} % of their squared distance from these is in the plane"


def variogram(axes: Axes, data: xr.Dataset | None, surface: xr.Dataset | None) -> None:
    """Variogram of each plane, of the quadratic fitted to the first, and the fitted dimension D.

    Mean squared difference ~ distance^(6 - 2D).
    """
    if without_dimension(axes, data):
        return
    scale, ends = data.scale.values, (data.first_scale, data.last_scale)
    whole = data.isel(plane=data.status.values == "ok")
    for k, squares in enumerate(whole.variogram.values[1:]):
        axes.plot(scale, squares, color=style.BLUE, linewidth=0.6, alpha=0.6, label="other planes" if not k else None)
    squares = whole.variogram.values[0]
    first = int(whole.plane[0])
    axes.plot(scale, squares, "o", color=style.BLUE, label=f"plane {first}" if first else "surface of panel a")
    axes.plot(scale, whole.quadratic_variogram.values[0], color=style.GREY, label="quadratic fitted to its loss")
    slope = 6 - 2 * float(whole.dimension_of_plane[0])
    style.power_line(axes, scale, squares, slope, ends, even=False, label=dimension_text(data))
    style.loglog(axes, style.name(data.scale), style.name(data.variogram, height_text(data, surface)))
    style.key(axes)


def height_text(data: xr.Dataset, surface: xr.Dataset | None) -> str:
    """What the variogram is of: differences of log10 loss, or of the loss itself."""
    logarithm = stored_settings(data).get("logarithm", True) if "settings" in data.attrs else True
    if surface is not None and (surface.loss.values <= 0).any():
        logarithm = False
    return f"mean squared difference of {'log₁₀ loss' if logarithm else 'the loss'}"


def dimension_text(data: xr.Dataset) -> str:
    """'fit: D = 2.31 [2.25, 2.40]'; of several planes, that this is their mean."""
    planes = int((data.status == "ok").sum())
    what = f"fit; mean of {planes} planes" if planes > 1 else "fit"
    return f"{what}: D = {style.interval_text(*style.estimate(data, 'dimension'))}"


def controls(axes: Axes, data: xr.Dataset | None) -> None:
    """Estimates on control surfaces of known dimension, one per row, and on this surface."""
    if style.missing(axes, data, ABSENT["dimension"]):
        return
    rows, names = np.arange(data.sizes["control"]), [*map(control_name, data.control.values)]
    top, known = len(rows), bool((data.status == "ok").any())
    handles = [Line2D([], [], color="black", marker="|", markersize=8, linestyle="", label="true dimension")]
    for (kind, (marker, colour, own)), shift in zip(ESTIMATORS.items(), (0.2, 0, -0.2), strict=True):
        mean, spread = data[f"control_{kind}"], data[f"control_{kind}_spread"]
        style.across(axes, rows + shift, (mean, mean - spread, mean + spread), colour, marker=marker)
        handles.append(Line2D([], [], color=colour, marker=marker, linestyle="", label=NAMES[kind]))
        if known:
            style.across(axes, top + shift, of_this_surface(data, own), colour, marker=marker)
    axes.plot(data.control_dimension, rows, "|", color="black", markersize=12)
    axes.set_yticks([*rows, top][: top + known], [*names, "this surface"][: top + known])
    axes.set(xlabel="dimension", ylim=(-0.5, top + known - 0.5))
    style.key(axes, "whiskers: SD; of this surface 95 % interval", handles, columns=2)


def of_this_surface(data: xr.Dataset, variable: str) -> tuple:
    """(value, low, high) over the planes; box counts have no interval."""
    if f"{variable}_low" in data:
        return style.estimate(data, variable)
    return (float(data[variable].mean()),) * 3


def control_name(control: str) -> str:
    """'fractional 2.2' of the file, a fractional Brownian surface, as 'fBm, D = 2.2'."""
    return str(control).replace("fractional ", "fBm, D = ")
