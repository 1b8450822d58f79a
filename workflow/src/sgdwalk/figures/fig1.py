"""Fig. 1 of Chen et al.: the loss surface on a plane, an enlargement, and the dimension of the surface."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from sgdwalk.figures import style

ROLES = {"surface": "landscape", "dimension": "dimension"}
LEVELS = 30
ESTIMATORS = {"variogram": ("o", style.BLUE), "box": ("s", style.ORANGE)}


def draw(surface: xr.Dataset | None, dimension: xr.Dataset | None = None) -> Figure:
    """Surface with the run's projected path (a), enlargement (b), variogram (c), estimates on control surfaces (d).

    surface: landscape.nc of a run. dimension: dimension.nc of the same run. None leaves a panel with a note.
    """
    figure, axes = style.panels("ab\ncd", 5.5)
    plane(axes["a"], surface, "loss")
    plane(axes["b"], surface, "zoom_loss")
    if surface is not None:
        path(axes["a"], surface)
        reach = surface.zoom_x.values[[0, -1]]
        axes["a"].plot(reach[[0, 1, 1, 0, 0]], reach[[0, 0, 1, 1, 0]], color="white", linewidth=0.8)
    variogram(axes["c"], dimension)
    controls(axes["d"], dimension)
    style.title_run(axes["a"], surface)
    style.title_run(axes["c"], dimension)
    return figure


def plane(axes: Axes, data: xr.Dataset | None, variable: str) -> None:
    """Filled contours of a loss [x, y]."""
    if style.missing(axes, data, "a run with a loss surface"):
        return
    loss = data[variable]
    shown = np.ma.masked_invalid(loss.values.T)
    if shown.count() == 0:
        style.placeholder(axes, "the surface has no finite values")
        return
    x, y = (data[dim] for dim in loss.dims)
    scale, levels = colours(shown)
    filled = axes.contourf(x, y, shown, levels, norm=scale, cmap=style.SURFACE)
    axes.contour(x, y, shown, levels[::3], norm=scale, colors="white", linewidths=0.3, alpha=0.6)
    axes.set(xlabel=style.name(x), ylabel=style.name(y), aspect="equal")
    ticks = LogLocator() if isinstance(scale, LogNorm) else MaxNLocator(6)
    # anchored at the left: constrained layout cuts off the axis label of a square panel that a colour bar shifts
    axes.figure.colorbar(
        filled, ax=axes, label=style.name(loss), shrink=0.9, ticks=ticks, format="{x:g}", panchor=(0.0, 0.5)
    )


def colours(values: np.ma.MaskedArray) -> tuple[Normalize, np.ndarray]:
    """Norm and contour levels: logarithmic where positive values span more than a decade, else linear."""
    low, high = float(values.min()), float(values.max())
    if low > 0 and high > 10 * low:
        return LogNorm(low, high), np.geomspace(low, high, LEVELS + 1)
    high = high if high > low else low + 1e-12
    return Normalize(low, high), np.linspace(low, high, LEVELS + 1)


def path(axes: Axes, data: xr.Dataset) -> None:
    """The projected snapshots of the run, and the largest fraction of their squared distance in the plane."""
    fraction = data.path_share.values[:-1]  # without the last one, which is the origin
    axes.plot(data.path_x, data.path_y, "o-", color=style.RED, markersize=3, linewidth=0.8)
    if not np.isfinite(fraction).any():
        return
    percent = float(f"{100 * np.nanmax(fraction):.1g}")  # rounded, and 20 instead of 2e+01
    words = f"snapshots, projected\n(at most {percent:g} % of their\nsquared distance in the plane)"
    axes.text(
        0.03, 0.97, words, transform=axes.transAxes, va="top", fontsize=style.SMALL, color="black",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2},
    )  # fmt: skip


def variogram(axes: Axes, data: xr.Dataset | None) -> None:
    """Variogram of the surface and the fitted dimension D: mean squared difference ~ distance^(6 - 2D)."""
    if style.missing(axes, data, "the dimension of a loss surface"):
        return
    if str(data.status.values) != "ok":
        style.placeholder(axes, f"no dimension: the surface is {data.status.values}")
        return
    scale, squares = data.scale.values, data.variogram.values
    axes.plot(scale, squares, "o", color=style.BLUE, label="surface of panel a")
    ends = (data.first_scale, data.last_scale)
    exponent = 6 - 2 * float(data.dimension)
    style.power_line(axes, scale, squares, exponent, ends, color=style.RED, label=dimension_text(data))
    style.loglog(axes, style.name(data.scale), style.name(data.variogram))
    style.plain_ticks(axes.xaxis)
    style.plain_ticks(axes.yaxis)
    axes.legend(loc="upper left")


def dimension_text(data: xr.Dataset) -> str:
    """'D = 2.31 [2.25, 2.40]'."""
    return f"D = {style.interval_text(*style.estimate(data, 'dimension'))}"


def controls(axes: Axes, data: xr.Dataset | None) -> None:
    """Variogram and box-counting estimates on control surfaces of known dimension, one per row, and on this surface."""
    if style.missing(axes, data, "the dimension of a loss surface"):
        return
    rows = np.arange(data.sizes["control"])
    for (kind, (marker, colour)), shift in zip(ESTIMATORS.items(), (0.12, -0.12), strict=True):
        mean, spread = data[f"control_{kind}"], data[f"control_{kind}_spread"]
        look = {"color": colour, "marker": marker, "linestyle": "", "elinewidth": 0.9}
        axes.errorbar(mean, rows + shift, xerr=spread, label=f"{kind} estimate", **look)
    axes.plot(data.control_dimension, rows, "|", color="black", markersize=14, label="true dimension")
    top = len(rows)
    value, low, high = style.estimate(data, "dimension")
    axes.hlines(top + 0.12, low, high, color=style.BLUE, linewidth=0.9)
    axes.plot(value, top + 0.12, "o", color=style.BLUE)
    axes.plot(float(data.box_dimension), top - 0.12, "s", color=style.ORANGE)
    names = [str(control).replace("fractional", "fractional,") for control in data.control.values]
    axes.set_yticks([*rows, top], [*names, "this surface"])
    axes.set(xlabel="dimension", ylim=(-0.6, top + 0.6))
    axes.legend(loc="lower right")
