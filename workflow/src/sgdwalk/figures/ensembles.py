"""Runs that differ only in their seed: time and ensemble averages, ergodicity breaking, exponents."""

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sgdwalk.figures import style

ROLES = {"groups": "ensemble"}
FITS = {"short": style.BLUE, "paper": style.RED, "long": style.GREEN}
COLUMNS = 3


def draw(groups: list[xr.Dataset] | None) -> Figure:
    """A row per group (ensemble.nc): MSDs, ergodicity-breaking parameter, exponents with intervals between seeds.

    groups: one data set per group of runs; None or an empty list gives a figure that says what is missing.
    """
    rows = groups or [None]
    letters = style.letters(COLUMNS * len(rows))
    layout = [letters[k : k + COLUMNS] for k in range(0, len(letters), COLUMNS)]
    figure, axes = style.panels(layout, 2.5 * len(rows) + 0.3)
    panels = list(axes.values())
    for k, data in enumerate(rows):
        averages(panels[COLUMNS * k], data)
        ergodicity(panels[COLUMNS * k + 1], data)
        exponents(panels[COLUMNS * k + 2], data)
    handles = [
        Line2D([], [], color="0.3", linewidth=0.7, label="time average of each run"),
        Patch(color="0.8", label="95 % interval between seeds"),
        Line2D([], [], color="0.3", **style.FIT, label="squared displacement from the window's start, mean over runs"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def averages(axes: Axes, data: xr.Dataset | None) -> None:
    """First and last window: time-averaged MSD of each run, ensemble-averaged displacement from the window's start."""
    if style.missing(axes, data, "runs that differ only in their seed"):
        return
    windows = style.finite(data.mean_time_averaged)
    if style.no_finite_window(axes, windows, "these runs"):
        return
    colours = style.window_scale(data)
    for k in sorted({windows[0], windows[-1]}):
        colour = colours.to_rgba(float(data.window_start[k]))
        axes.fill_between(data.lag, *band(data, k), color=colour, alpha=0.2, linewidth=0)
        axes.plot(data.lag, data.time_averaged[:, k].T, color=colour, linewidth=0.7)
        axes.plot(data.lag, data.ensemble_averaged[k], color=colour, **style.FIT)
        axes.plot([], [], color=colour, label=f"{int(data.window_start[k])}")
    style.loglog(axes, style.name(data.lag), "MSD")
    axes.legend(loc="upper left", title=style.name(data.window_start, "window start"), alignment="left")
    axes.set_title(f"{data.run.values[0]} and {data.sizes['run'] - 1} more", loc="right", fontsize=7)


def band(data: xr.Dataset, k: int) -> tuple[xr.DataArray, xr.DataArray]:
    """95 % band of the mean over runs of window k's time-averaged MSD."""
    return data.mean_time_averaged_low[k], data.mean_time_averaged_high[k]


def ergodicity(axes: Axes, data: xr.Dataset | None) -> None:
    """Ergodicity-breaking parameter of every window; that of the first and the last with its interval."""
    if style.missing(axes, data, "runs that differ only in their seed"):
        return
    windows = style.finite(data.ergodicity_breaking)
    if style.no_finite_window(axes, windows, "these runs"):
        return
    colours = style.window_scale(data)
    for k in windows:
        curve = data.ergodicity_breaking[k]
        colour = colours.to_rgba(float(data.window_start[k]))
        if k in (windows[0], windows[-1]):
            low, high = data.ergodicity_breaking_low[k], data.ergodicity_breaking_high[k]
            axes.fill_between(data.lag, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(data.lag, curve.where(curve > 0), color=colour, linewidth=0.9)
    style.loglog(axes, style.name(data.lag), style.name(data.ergodicity_breaking))
    top = float(data.ergodicity_breaking.max())  # the interval of two seeds spans decades: it is cut
    axes.set_ylim(max(axes.get_ylim()[0], 1e-4 * top), 10 * top)
    style.headroom(axes, 0.25)
    style.window_bar(axes, data, (0.5, 0.94, 0.42, 0.04))
    axes.set_title(f"{data.sizes['run']} runs", loc="right", fontsize=7)


def exponents(axes: Axes, data: xr.Dataset | None) -> None:
    """Mean exponent of each window with its interval between seeds."""
    if style.missing(axes, data, "runs that differ only in their seed"):
        return
    windows = style.finite(data.exponent)
    if style.no_finite_window(axes, windows, "these runs"):
        return
    start = data.window_start.values
    gap = (start[1] - start[0]) / 6 if len(start) > 1 else 0
    known = [fit for fit in FITS if fit in data.fit]
    for k, fit in enumerate(known):
        part = data.sel(fit=fit)
        style.whiskers(axes, start + (k - 1) * gap, style.estimate(part), FITS[fit], fit, markersize=2.5)
    low, high = float(data.exponent.min()), float(data.exponent.max())
    axes.axhline(1, color="0.5", linewidth=0.7, linestyle=":", zorder=0)
    axes.set(xlabel=style.name(data.window_start, "window start"), ylabel="exponent of the MSD")
    bottom, top = low - (high - low) - 0.1, high + (high - low) + 0.1
    clipped = bool((data.exponent_low.sel(fit=known) < bottom).any() | (data.exponent_high.sel(fit=known) > top).any())
    axes.set_ylim(bottom, top)
    style.headroom(axes, 0.15)
    axes.legend(loc="upper center", ncols=3, handletextpad=0.1, columnspacing=0.8)
    axes.set_title("95 % between seeds" + ", some clipped" * clipped, loc="right", fontsize=7)
