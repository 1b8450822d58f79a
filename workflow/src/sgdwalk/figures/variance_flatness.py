"""Variance of the weights against the flatness of the loss, along principal and random directions of windows."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.analyses.variance_flatness import SLOW, slowness
from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page

ROLES = {"directions": "variance_flatness"}
ABSENT = {"directions": "a run that records the loss along principal directions"}
LOOKS = {"principal": ("principal directions", style.BLUE, "o"), "random": ("random directions", style.GREY, "x")}
FLAT = {"label": "no relation", **style.ONE}
SYMMETRIC = {"label": "as wide on both sides", **style.ONE}
START = "start of the window"


def draw(directions: xr.Dataset | None) -> Page:
    """Variance against flatness (a), exponent in each window (b), asymmetry of the loss (c).

    directions: variance_flatness.nc of a run.
    """
    figure, axes = style.panels("abc", 2.6, single=Grid(1, 2.2))
    scatter(axes["a"], directions)
    exponents(axes["b"], directions)
    asymmetry(axes["c"], directions)
    style.same_axes([axes["b"], axes["c"]], "x")
    style.title_figure(figure, style.describe(directions))
    if axes["b"].figure is not None:
        style.marks(figure, "interval")
    return figure


def scatter(axes: Axes, data: xr.Dataset | None) -> None:
    """All directions of the late windows, with the mean exponent of each kind in the key."""
    if style.nothing(axes, data, "flatness", ABSENT["directions"]):
        return
    late = data.isel(window=data.late.values > 0)
    for kind, (label, colour, marker) in LOOKS.items():
        here = late.sel(along=kind)
        text = style.power_text(tuple(float(part) for part in style.estimate(data.sel(along=kind))))
        axes.plot(
            here.flatness.values.ravel(), here.variance.values.ravel(), marker, color=colour, markersize=3,
            label=f"{label}: {text}",
        )  # fmt: skip
    if slowness(data) >= SLOW:
        axes.figure.note(f"the walk has not relaxed in a window: {slowness(data):.2f} of its variance is slow", axes)
    style.loglog(axes, style.name(data.flatness, "flatness F"), style.name(data.variance, "variance of the weights"))
    style.key(axes)
    style.heading(axes, "late windows")


def exponents(axes: Axes, data: xr.Dataset | None) -> None:
    """Exponent of each window, of both kinds."""
    if style.nothing(axes, data, "window_exponent", ABSENT["directions"]):
        return
    start = data.window_start.values
    shift = 0.12 * np.diff(start).min() if len(start) > 1 else 0
    for side, (kind, (label, colour, marker)) in zip((-1, 1), LOOKS.items(), strict=True):
        values = style.estimate(data.sel(along=kind), "window_exponent")
        style.whiskers(axes, start + side * shift, values, colour, label, marker=marker)
    axes.axhline(0, **FLAT)
    shown = [0, *data.window_exponent.sel(along="principal").values]  # random ones may be far off
    low, high = np.nanmin(shown), np.nanmax(shown)
    axes.set(
        xlabel=style.name(data.window_start, START),
        ylabel="exponent of variance against F",
        ylim=(1.5 * low - 0.5 * high, 1.5 * high - 0.5 * low),
    )
    style.key(axes)


def asymmetry(axes: Axes, data: xr.Dataset | None) -> None:
    """Forward minus backward part of F over F along the first principal directions, and the random ones."""
    if style.nothing(axes, data, "asymmetry", ABSENT["directions"]):
        return
    start, principal = data.window_start.values, data.asymmetry.sel(along="principal")
    axes.plot(np.repeat(start, data.sizes["direction"]), data.asymmetry.sel(along="random").values.ravel(), "x",
              color=style.GREY, markersize=3, label="random directions")  # fmt: skip
    for rank, marker in zip(data.direction.values[:3], style.WINDOW_MARKERS, strict=False):
        axes.plot(start, principal.sel(direction=rank), marker, markersize=3.5, label=f"principal direction {rank}")
    axes.axhline(0, **SYMMETRIC)
    axes.set(
        xlabel=style.name(data.window_start, START), ylabel=style.name(data.asymmetry, "asymmetry of F"), ylim=(-1, 1)
    )
    style.key(axes)
