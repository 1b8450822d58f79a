"""Fig. 6 of Chen et al.: geometry of the path, and the loss differences along it."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sgdwalk.figures import style
from sgdwalk.trajectory.scaling_fits import LEAST_PAIRS

ROLES = {"path": "path", "msl": "msl"}


def draw(path: xr.Dataset | None, msl: xr.Dataset | None) -> Figure:
    """A schematic (a), end-to-end against contour length (b), MSL against distance (c), transverse distance (d).

    path: path.nc of a run. msl: msl.nc of a run.
    """
    figure, axes = style.panels("ab\ncd", 5.6)
    schematic(axes["a"])
    contour(axes["b"], path)
    losses(axes["c"], msl)
    transverse(axes["d"], path)
    style.title_run(axes["b"], path)
    style.title_run(axes["c"], msl)
    style.marks(figure, "fit", "hollow")
    return figure


def schematic(axes: Axes) -> None:
    """Definitions, not data: a winding path between two weights, its chord, and its farthest point."""
    s = np.linspace(0, 1, 300)
    x = s + 0.06 * np.sin(4 * np.pi * s)
    y = 0.4 * np.sin(np.pi * s) + 0.06 * np.sin(6 * np.pi * s) - 0.1 * np.sin(2 * np.pi * s)
    far = int(np.argmax(y))
    axes.plot(x, y, color=style.BLUE)
    axes.plot([0, 1], [0, 0], color=style.RED, **style.FIT)
    axes.plot([x[far]] * 2, [0, y[far]], color=style.GREEN)
    axes.plot([0, 1], [0, 0], "o", color="black")
    words = [
        (0.0, -0.05, "$w_i$", "black", "center"),
        (1.0, -0.05, "$w_j$", "black", "center"),
        (0.38, 0.53, "contour length: sum of all steps", style.BLUE, "center"),
        (0.5, -0.05, "end-to-end distance", style.RED, "center"),
        (x[far] - 0.02, 0.16, "transverse\ndistance", style.GREEN, "right"),
    ]
    for across, up, text, colour, side in words:
        axes.text(across, up, text, color=colour, ha=side, va="center", fontsize=7)
    axes.set_axis_off()
    axes.set(xlim=(-0.08, 1.08), ylim=(-0.2, 0.62))
    axes.text(0.5, 0, "schematic, not data", transform=axes.transAxes, ha="center", color="0.35", fontsize=7)


def contour(axes: Axes, data: xr.Dataset | None) -> None:
    """Squared end-to-end distance against contour length with both fitted power laws; hollow: too few pairs.

    Lines have the slopes of the fit, the labels the exponents without its bias.
    """
    windows = shown_windows(axes, data, "end_to_end2", "the path of the base run")
    for window, colour in windows:
        length, squares = window.contour_length.values, window.end_to_end2.values
        markers(axes, length, squares, window.pairs.values >= LEAST_PAIRS, color=colour, label=two_exponents(window))
        axes.plot(length, window.end_to_end2_null, ":", color=colour, linewidth=1)
        for fit in ("short", "long"):
            side = window.sel(fit=fit)
            ends = float(side.first_length), float(side.last_length)
            style.power_line(axes, length, 3 * squares, float(side.exponent_fitted), ends, color=colour)
    if windows:
        axes.plot([], [], ":", color="0.3", label="null: same steps, orthogonal")
        label_axes(axes, data.contour_length, style.name(data.end_to_end2), "short | long exponent")


def losses(axes: Axes, data: xr.Dataset | None) -> None:
    """Mean squared loss difference against distance with both fitted power laws; hollow: too few pairs."""
    windows = shown_windows(axes, data, "msl", "the losses of the base run")
    for window, colour in windows:
        distance, msl = window.distance.values, window.msl.values
        solid = window["count"].values >= LEAST_PAIRS
        markers(axes, distance, msl, solid, color=colour, label=two_exponents(window))
        for fit in ("short", "long") if solid.any() else ():
            side = window.sel(fit=fit)
            ends = float(side.first_distance), float(side.last_distance)
            style.power_line(axes, distance[solid], 1.5 * msl[solid], float(side.exponent), ends, color=colour)
    if windows:
        label_axes(axes, data.distance, style.name(data.msl), "short | long exponent")


def transverse(axes: Axes, data: xr.Dataset | None) -> None:
    """Squared transverse distance of random fragments against their squared chord."""
    windows = shown_windows(axes, data, "transverse2", "the path of the base run")
    for window, colour in windows:
        values = style.power_text(style.estimate(window, "transverse_exponent"))
        order = np.argsort(window.chord2.values)
        chord2, transverse2 = window.chord2.values[order], window.transverse2.values[order]
        label = f"{int(window.window_start)}: {values}"
        axes.plot(chord2, transverse2, "o", color=colour, markersize=2, label=label)
        exponent = float(window.transverse_exponent)
        style.power_line(axes, chord2, 4 * transverse2, exponent, chord2[[0, -1]], color=colour)
    if windows:
        label_axes(axes, data.chord2, "squared transverse distance", "exponent")


def shown_windows(axes: Axes, data: xr.Dataset | None, name: str, what: str) -> list[tuple[xr.Dataset, tuple]]:
    """Three windows with their colours (style.first_fifth_last); none, with a note in the panel, if none is finite."""
    if style.missing(axes, data, what):
        return []
    windows = style.finite(data[name])
    if style.no_finite_window(axes, windows, data.attrs["run"]):
        return []
    colours = style.window_scale(data)
    chosen = [data.isel(window=k) for k in style.first_fifth_last(windows)]
    return [(window, colours.to_rgba(float(window.window_start))) for window in chosen]


def markers(axes: Axes, x: np.ndarray, y: np.ndarray, solid: np.ndarray, color, label: str) -> None:
    """One marker per bin, hollow where it is not `solid`."""
    axes.plot(x[solid], y[solid], "o", color=color, markersize=2.5, label=label)
    axes.plot(x[~solid], y[~solid], "o", color=color, markersize=2.5, markerfacecolor="white")


def two_exponents(window: xr.Dataset) -> str:
    """Window start, and the exponents below and above the crossover with their intervals."""
    sides = [style.power_text(style.estimate(window.sel(fit=fit))) for fit in ("short", "long")]
    return f"{int(window.window_start)}: {' | '.join(sides)}"


def label_axes(axes: Axes, across: xr.DataArray, up: str, values: str) -> None:
    """Logarithmic axes with labels, and a legend whose title names the values listed."""
    style.loglog(axes, style.name(across), up)
    style.headroom(axes, 0.3)
    start = style.name(across.window_start, "window start")
    axes.legend(loc="upper left", title=f"{start}: {values}", alignment="left", handletextpad=0.2)
