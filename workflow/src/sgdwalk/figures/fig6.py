"""Fig. 6 of Chen et al.: geometry of the path, and the loss differences along it."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import style
from sgdwalk.figures.page import SMALL, Grid, Page
from sgdwalk.trajectory.scaling_fits import LEAST_PAIRS

ROLES = {"path": "path", "msl": "msl"}
ABSENT = {"path": "the path of the base run", "msl": "the losses of the base run"}
INSET, MARGIN = (0.33, 0.29), 0.12  # of a panel: size of the inset, room for its title and labels
CORNERS = ((0.66, 0.22), (0.66, 0.58), (0.2, 0.58), (0.2, 0.15))  # where it may stand; the first of equals is taken
NULL = {"linestyle": ":", "linewidth": 1.3, "zorder": 3}


def draw(path: xr.Dataset | None, msl: xr.Dataset | None) -> Page:
    """A schematic (a), end-to-end against contour length (b), MSL against distance (c), transverse distance (d).

    path: path.nc of a run. msl: msl.nc of a run.
    """
    figure, axes = style.panels("ab\ncd", 5.2, single=Grid(1, 1.78))
    if path is None:
        style.missing(axes["a"], path, ABSENT["path"])
    else:
        schematic(axes["a"])
    contour(axes["b"], path)
    losses(axes["c"], msl)
    transverse(axes["d"], path)
    style.title_figure(figure, style.describe(path), style.describe(msl))
    null = Line2D([], [], color=style.GREY, label="null of b: orthogonal steps of the same lengths", **NULL)
    style.marks(figure, "fit", "hollow", *([null] if axes["b"].figure is not None else []))
    return figure


def schematic(axes: Axes) -> None:
    """Definitions, not data: a winding path between two weights, its chord, and its farthest point."""
    s = np.linspace(0, 1, 300)
    x = s + 0.06 * np.sin(4 * np.pi * s)
    y = 0.4 * np.sin(np.pi * s) + 0.06 * np.sin(6 * np.pi * s) - 0.1 * np.sin(2 * np.pi * s)
    far = int(np.argmax(y))
    axes.plot(x, y, color=style.BLUE)
    axes.plot([0, 1], [0, 0], color=style.RED, linestyle="--")
    axes.plot([x[far]] * 2, [0.01, y[far] - 0.01], color=style.GREEN, linestyle=":")
    axes.plot([0, 1], [0, 0], "o", color="black")
    words = [
        (0.0, -0.06, "wᵢ", "black", "center"),
        (1.0, -0.06, "wⱼ", "black", "center"),
        (0.38, 0.54, "contour length: sum of all steps", style.BLUE, "center"),
        (0.5, -0.06, "end-to-end distance, chord", style.RED, "center"),
        (x[far] - 0.02, 0.16, "transverse\ndistance", style.GREEN, "right"),
    ]
    for across, up, text, colour, side in words:
        axes.text(across, up, text, color=colour, ha=side, va="center", fontsize=SMALL)
    axes.set_axis_off()
    axes.set(xlim=(-0.08, 1.08), ylim=(-0.12, 0.6))
    style.heading(axes, "schematic, not data")


def contour(axes: Axes, data: xr.Dataset | None) -> None:
    """Squared end-to-end distance over contour length, which is constant for uncorrelated steps, with both power laws.

    Hollow: too few pairs. Lines have the slopes of the fit, the labels the exponents without its bias.
    """
    windows = shown_windows(axes, data, "end_to_end2", ABSENT["path"])
    for window, look in windows:
        length, squares = window.contour_length.values, window.end_to_end2.values
        solid = window.pairs.values >= LEAST_PAIRS
        markers(axes, length, squares / length, solid, two_exponents(window), look)
        axes.plot(length, window.end_to_end2_null / length, color=look["color"], **NULL)
        style.broken_line(axes, length, squares / length, window, "length", "exponent_fitted", solid, divided=1)
    if windows:
        up = "mean squared end-to-end distance over contour length"
        label_axes(axes, data.contour_length, up, "exponents below, above the crossover")
        undivided(axes, windows)


def undivided(axes: Axes, windows: list[tuple[xr.Dataset, dict]]) -> None:
    """The squared end-to-end distance itself, as the paper shows it, in the corner that the curves leave most free."""
    inset = axes.inset_axes((*min(CORNERS, key=lambda corner: covered(axes, corner)), *INSET))
    for window, look in windows:
        inset.plot(window.contour_length, window.end_to_end2, linewidth=0.8, color=look["color"])
    inset.set(xscale="log", yscale="log")
    inset.set_title("not divided", fontsize=SMALL, pad=2)
    inset.tick_params(labelsize=SMALL)


def covered(axes: Axes, corner: tuple[float, float]) -> int:
    """How many points of the curves an inset with this lower left corner covers, with its title and labels."""
    curves = [line.get_xydata() for line in axes.lines if line.get_transform() == axes.transData]
    points = np.vstack([curve[(curve > 0).all(axis=1)] for curve in curves])  # also not NaN; both axes are logarithmic
    x, y = axes.transAxes.inverted().transform(axes.transData.transform(points)).T
    left, low = corner[0] - MARGIN, corner[1] - MARGIN
    inside = (x > left) & (x < corner[0] + INSET[0]) & (y > low) & (y < corner[1] + INSET[1] + MARGIN)
    return int(inside.sum())


def losses(axes: Axes, data: xr.Dataset | None) -> None:
    """Mean squared loss difference against distance with both fitted power laws; hollow: too few pairs."""
    windows = shown_windows(axes, data, "msl", ABSENT["msl"])
    for window, look in windows:
        distance, msl = window.distance.values, window.msl.values
        solid = window["count"].values >= LEAST_PAIRS
        markers(axes, distance, msl, solid, two_exponents(window), look)
        style.broken_line(axes, distance, msl, window, "distance", "exponent", solid)
    if windows:
        label_axes(axes, data.distance, style.name(data.msl), "exponents below, above the crossover")


def transverse(axes: Axes, data: xr.Dataset | None) -> None:
    """Squared transverse distance of fragments against their squared chord: single ones, group means, and their fit."""
    windows = shown_windows(axes, data, "transverse2", ABSENT["path"])
    for window, look in windows:
        axes.plot(window.chord2, window.transverse2, ".", color=look["color"], markersize=1, alpha=0.5)
    for window, look in windows:
        values = style.power_text(style.estimate(window, "transverse_exponent"))
        chord2, means = window.group_chord2.values, window.group_transverse2.values
        order = np.argsort(chord2)
        axes.plot(chord2, means, linestyle="", markersize=4, label=f"{int(window.window_start)}: {values}", **look)
        kept = order[np.isfinite(chord2[order]) & (means[order] > 0)]
        if len(kept):
            ends = chord2[kept[[0, -1]]]
            style.power_line(axes, chord2[kept], means[kept], slope(window), ends, even=False)
    if windows:
        label_axes(axes, data.chord2, "squared transverse distance", "exponent")
        key = axes.figure.keys[axes]
        dots = Line2D([], [], color=style.GREY, marker=".", markersize=2, linestyle="", label="single fragments")
        means = Line2D([], [], color=style.GREY, marker="o", markersize=4, linestyle="", label="means that are fitted")
        style.key(axes, key.title, [*axes.get_legend_handles_labels()[0], means, dots])


def slope(window: xr.Dataset) -> float:
    """The slope that was fitted to the group means, with its bias: least squares of logarithms."""
    chord2, means = window.group_chord2.values, window.group_transverse2.values
    kept = (chord2 > 0) & (means > 0)
    if not np.isfinite(window.transverse_exponent) or kept.sum() < 2:
        return np.nan
    return float(np.polyfit(np.log(chord2[kept]), np.log(means[kept]), 1)[0])


def shown_windows(axes: Axes, data: xr.Dataset | None, name: str, what: str) -> list[tuple[xr.Dataset, dict]]:
    """Three windows with their looks; none, and the panel is left out, if none is finite."""
    if style.missing(axes, data, what):
        return []
    windows = style.finite(data[name])
    if style.no_finite_window(axes, windows, data.attrs["run"]):
        return []
    return [(data.isel(window=k), look) for k, look in style.window_looks(data, windows)]


def markers(axes: Axes, x: np.ndarray, y: np.ndarray, solid: np.ndarray, label: str, look: dict) -> None:
    """One marker per bin, hollow where it is not `solid`."""
    axes.plot(x[solid], y[solid], linestyle="", markersize=2, label=label, **look)
    axes.plot(x[~solid], y[~solid], linestyle="", markersize=2, markerfacecolor="white", **look)


def two_exponents(window: xr.Dataset) -> str:
    """Window start, and the exponents below and above the crossover with their intervals."""
    sides = [style.power_text(style.estimate(window.sel(fit=fit))) for fit in ("short", "long")]
    return f"{int(window.window_start)}: {', '.join(sides)}"


def label_axes(axes: Axes, across: xr.DataArray, up: str, values: str) -> None:
    """Logarithmic axes with labels, and a key whose title names the values listed."""
    style.loglog(axes, style.name(across), up)
    style.key(axes, f"{style.name(across.window_start, 'window start')}: {values}")
