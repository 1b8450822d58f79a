"""Runs that differ only in their seed: time and ensemble averages, ergodicity breaking, exponents."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page

ROLES = {"groups": "ensemble"}
MOST = {"groups": 3}
ABSENT = {"groups": "runs that differ only in their seed"}
FITS = {  # of msd.nc, with what they are
    "short": ("below the crossover of two power laws", style.BLUE, "o"),
    "long": ("above it", style.GREEN, "s"),
    "paper": ("the paper's protocol, lags from τ₀", style.RED, "^"),
}
ENSEMBLE = {"linestyle": "-.", "linewidth": 1.0}
LEAST = 0.02  # quantile of the ergodicity-breaking parameter near which its axis ends: two curves that cross make it 0
MARGIN = 3  # factor beyond its values


def draw(groups: list[xr.Dataset] | None) -> Page:
    """A row per group (ensemble.nc): MSDs, ergodicity-breaking parameter, exponents with intervals between seeds.

    groups: one data set per group of runs. ValueError for more than three.
    """
    rows = groups or [None]
    if len(rows) > MOST["groups"]:
        raise ValueError(f"ensembles: groups: {len(rows)} groups, but there are {MOST['groups']} rows for them")
    letters = style.letters(3 * len(rows))
    layout = [letters[k : k + 3] for k in range(0, len(letters), 3)]
    figure, axes = style.panels(layout, 2.35 * len(rows), single=Grid(2, 1.95 if len(rows) < 3 else 1.47))
    for part, data in zip(layout, rows, strict=True):
        for letter, panel in zip(part, (averages, ergodicity, exponents), strict=True):
            panel(axes[letter], data)
    for k in range(3):
        style.same_axes([axes[part[k]] for part in layout])
    ensemble = Line2D(
        [], [], color=style.GREY, label="mean over runs of |w(t₀ + lag) − w(t₀)|², t₀ the window start", **ENSEMBLE
    )
    single = Line2D([], [], color=style.GREY, linewidth=0.7, label="time average of each run")
    style.marks(figure, single, ensemble, "band", "one")
    return figure


def averages(axes: Axes, data: xr.Dataset | None) -> None:
    """First and last window: time-averaged MSD of each run, ensemble-averaged displacement from the window's start."""
    if style.missing(axes, data, ABSENT["groups"]):
        return
    windows = style.finite(data.mean_time_averaged)
    if style.no_finite_window(axes, windows, group_text(data)):
        return
    colours = style.window_scale(data)
    for k in sorted({windows[0], windows[-1]}):
        colour = colours.to_rgba(float(data.window_start[k]))
        low, high = data.mean_time_averaged_low[k], data.mean_time_averaged_high[k]
        axes.fill_between(data.lag, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(data.lag, data.time_averaged[:, k].T, color=colour, linewidth=0.7)
        axes.plot(data.lag, data.ensemble_averaged[k], color=colour, **ENSEMBLE)
        axes.plot([], [], color=colour, label=f"{int(data.window_start[k])}")
    style.loglog(axes, style.name(data.lag), "MSD")
    near(axes, [line.get_ydata() for line in axes.lines])
    style.key(axes, style.name(data.window_start, "window start"), columns=2)
    style.heading(axes, group_text(data))


def group_text(data: xr.Dataset) -> str:
    """The runs of a group by name."""
    names = [str(name) for name in data.run.values]
    return ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]}, {len(names)} runs"


def near(axes: Axes, curves: list[np.ndarray]) -> None:
    """End a logarithmic axis near these curves; wider bands are cut."""
    values = np.concatenate([np.ravel(np.asarray(curve, float)) for curve in curves])
    values = values[np.isfinite(values) & (values > 0)]
    low, high = values.min(), values.max()
    axes.set_ylim(low / (high / low) ** 0.08, high * (high / low) ** 0.08)


def ergodicity(axes: Axes, data: xr.Dataset | None) -> None:
    """Ergodicity-breaking parameter of the first and the last window with its interval, the others as lines."""
    if style.missing(axes, data, ABSENT["groups"]):
        return
    windows = style.finite(data.ergodicity_breaking)
    if style.no_finite_window(axes, windows, group_text(data)):
        return
    colours = style.window_scale(data)
    cut = False
    shown = data.ergodicity_breaking.where(data.ergodicity_breaking > 0)
    bottom, top = float(shown.quantile(LEAST)) / MARGIN, float(shown.max()) * MARGIN
    for k in windows:
        colour = colours.to_rgba(float(data.window_start[k]))
        ends = k in (windows[0], windows[-1])
        if ends:
            low, high = data.ergodicity_breaking_low[k], data.ergodicity_breaking_high[k]
            cut |= bool((low < bottom).any() | (high > top).any() | (shown < bottom).any())
            axes.fill_between(data.lag, low.clip(bottom), high.clip(max=top), color=colour, alpha=0.2, linewidth=0)
        axes.plot(data.lag, shown[k], color=colour, linewidth=1.1 if ends else 0.5)
        axes.lines[-1].set_label(f"{int(data.window_start[k])}" if ends else None)
    style.loglog(axes, style.name(data.lag), style.name(data.ergodicity_breaking))
    axes.set_ylim(bottom, top)
    style.key(axes, f"{len(windows)} windows, by {style.name(data.window_start, 'start')}", columns=2)
    style.heading(axes, f"{data.sizes['run']} runs" + ", cut at the axis" * cut)


def exponents(axes: Axes, data: xr.Dataset | None) -> None:
    """Mean exponent of each window with its interval between seeds."""
    if style.missing(axes, data, ABSENT["groups"]):
        return
    windows = style.finite(data.exponent)
    if style.no_finite_window(axes, windows, group_text(data)):
        return
    start = data.window_start.values
    gap = (start[1] - start[0]) / 5 if len(start) > 1 else 0
    known = [fit for fit in FITS if fit in data.fit]
    for k, fit in enumerate(known):
        label, colour, marker = FITS[fit]
        values = style.estimate(data.sel(fit=fit))
        style.whiskers(axes, start + (k - 1) * gap, values, colour, label, markersize=2.5, marker=marker)
    means = data.exponent.sel(fit=known)
    low, high = float(means.min()), float(means.max())
    axes.axhline(1, **style.ONE)
    axes.set(xlabel=style.name(data.window_start, "window start"), ylabel="exponent of the MSD")
    bottom, top = low - (high - low) / 2 - 0.1, high + (high - low) / 2 + 0.1
    clipped = bool((data.exponent_low.sel(fit=known) < bottom).any() | (data.exponent_high.sel(fit=known) > top).any())
    axes.set_ylim(bottom, top)
    style.key(axes)
    style.heading(axes, f"{data.sizes['run']} runs" + ", some intervals cut" * clipped)
