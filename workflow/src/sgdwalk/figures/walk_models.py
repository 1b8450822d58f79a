"""Models of a walk fitted to the likelihood of its steps: which one, how well it fits, with which exponent."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import law_change, style
from sgdwalk.figures.page import Grid, Page

ROLES = {"models": "walk_models", "msd": "msd"}
ABSENT = {"models": "a run with models of its walk", "msd": "the exponents of its MSD"}
LOOKS = {
    "Brownian": (style.BLACK, "x"),
    "fractional": (style.BLUE, "o"),
    "fractional + white noise": (style.RED, "s"),
    "Ornstein-Uhlenbeck": (style.GREEN, "^"),
}
SHIFT = 0.12  # of the distance between two windows, between exponents of the same window
LEAST = 0.1  # difference in AIC at which the logarithmic axis ends
COMPONENTS = 10
NULLS = {
    "explained_orthogonal": ("orthogonal steps, last window", style.RED, "s"),
    "explained_random_walk": ("long random walk, 6/(π²k²)", style.BLACK, "_"),
}
WINDOW_START = "first step of the window"


def draw(models: xr.Dataset | None, msd: xr.Dataset | None = None) -> Page:
    """MSD with the best models (a), misfit (b), AIC (c), exponents (d), share of noise (e), principal components (f).

    models: walk_models.nc of a run. msd: its msd.nc, for the start of the paper's second regime.
    """
    figure, axes = style.panels("abc\ndef", 4.9, single=Grid(2, 2.2))
    fits = None if models is None else valid(models)
    for letter, panel in zip("abcef", (curves, misfits, choice, noise, components), strict=True):
        panel(axes[letter], fits)
    exponents(axes["d"], fits, msd)
    style.same_axes([axes[letter] for letter in "cde"], "x")
    style.title_figure(figure, style.describe(models))
    if fits is not None:
        figure.note(f"likelihood of the {walk_name(fits)}: separable in more windows than the other walk (a-e)")
    style.marks(figure, "interval", "band", "one")
    return figure


def walk_name(fits: xr.Dataset) -> str:
    """What was fitted, in words."""
    momentum = float(fits.momentum)
    return fits.walk.item() + (f" without their momentum, s(t) − {momentum:g} s(t−1)" if momentum else "")


def valid(data: xr.Dataset) -> xr.Dataset:
    """The fits to the walk, steps or unit steps, that has more windows with a valid likelihood."""
    return data.isel(walk=int((data.status == "ok").sum("window").values.argmax()))


def absent(axes: Axes, data: xr.Dataset | None) -> bool:
    """Whether no window has any fit; if so, the panel is left out, and a note says so."""
    missing = style.missing(axes, data, ABSENT["models"])
    return missing or style.no_finite_window(axes, style.finite(data.delta_aic), data.attrs["run"])


def best(window: xr.Dataset) -> xr.Dataset:
    """The best model of a window, by AIC."""
    return window.isel(model=int(window.delta_aic.values.argmin()))


def curves(axes: Axes, data: xr.Dataset | None) -> None:
    """MSD of three windows and of the best model of each."""
    if absent(axes, data):
        return
    fits = data.sel(drift="kept")
    for k, look in style.window_looks(data, style.finite(fits.delta_aic)):
        chosen = best(fits.isel(window=k))
        axes.plot(data.lag, chosen.msd, look["marker"], color=look["color"], markersize=2.5)
        label = f"{int(data.window_start[k])}: {chosen.model.item()}"
        axes.plot(data.lag, chosen.msd / chosen.misfit, "--", color=look["color"], linewidth=0.8)
        axes.plot([], [], f"{look['marker']}--", color=look["color"], linewidth=0.8, label=label)
    style.loglog(axes, style.name(data.lag), style.name(data.msd))
    style.key(axes, f"{style.name(data.window_start, 'window start')}: best model, drift kept (dashed)")


def misfits(axes: Axes, data: xr.Dataset | None) -> None:
    """Measured MSD over that of the best model, both without a drift, with the band of the model's own walks."""
    if absent(axes, data):
        return
    fits = data.sel(drift="projected out")
    for k, look in style.window_looks(data, style.finite(fits.delta_aic)):
        chosen = best(fits.isel(window=k))
        axes.fill_between(data.lag, chosen.misfit_low, chosen.misfit_high, color=look["color"], alpha=0.2, linewidth=0)
        label = f"{int(data.window_start[k])}: p = {float(chosen.misfit_p):.2g}"
        axes.plot(data.lag, chosen.misfit, color=look["color"], marker=look["marker"], markersize=2, label=label)
    axes.axhline(1, color="black", linewidth=0.5, zorder=0, label="the model")
    style.loglog(axes, style.name(data.lag), "MSD over that of the best model")
    style.key(axes, "drift projected out; window start: p of the largest misfit")


def choice(axes: Axes, data: xr.Dataset | None) -> None:
    """AIC of each model minus that of the best, a drift projected out; hollow where the fits only describe."""
    if absent(axes, data):
        return
    fits = data.sel(drift="projected out")
    holds = fits.status.values == "ok"
    for name, (colour, marker) in LOOKS.items():
        values = np.maximum(fits.delta_aic.sel(model=name), LEAST)
        axes.plot(data.window_start, values, "-", color=colour, linewidth=0.6)
        axes.plot(data.window_start[holds], values[holds], marker, color=colour)
        axes.plot(data.window_start[~holds], values[~holds], marker, color=colour, markerfacecolor="white")
        axes.plot([], [], f"{marker}-", color=colour, linewidth=0.6, label=name)
    axes.set(yscale="log", xlabel=WINDOW_START, ylabel="AIC minus that of the best (0.1: best)")
    style.key(axes, "drift projected out")
    if not holds.all():
        why = ", ".join(sorted({*fits.status.values[~holds]}))
        axes.figure.note(f"hollow: fits that only describe ({why})", axes)


def exponents(axes: Axes, data: xr.Dataset | None, msd: xr.Dataset | None) -> None:
    """Exponents of the fractional models in each window, and where the law of the walk changes."""
    if absent(axes, data):
        return
    starts = data.window_start.values
    shift = SHIFT * (starts[1] - starts[0] if len(starts) > 1 else 1)
    shown = (
        ("memory alone", "fractional", "kept", style.BLUE, "o"),
        ("without a drift", "fractional", "projected out", style.ORANGE, "D"),
        ("without a drift and white noise", "fractional + white noise", "projected out", style.RED, "s"),
    )
    for k, (label, model, drift, colour, marker) in enumerate(shown):
        values = style.estimate(data.sel(model=model, drift=drift))
        style.whiskers(axes, starts + shift * (k - 1), values, colour, label, marker=marker)
    axes.axhline(1, **style.ONE)
    law_change.mark(axes, data, msd)
    axes.set(xlabel=WINDOW_START, ylabel="MSD exponent")
    style.key(axes)


def noise(axes: Axes, data: xr.Dataset | None) -> None:
    """Share of the squared steps that is white noise of the position."""
    if absent(axes, data):
        return
    for drift, colour, marker in (("kept", style.BLUE, "o"), ("projected out", style.ORANGE, "D")):
        values = style.estimate(data.sel(model="fractional + white noise", drift=drift), "noise_share")
        style.whiskers(axes, data.window_start.values, values, colour, f"drift {drift}", marker=marker)
    axes.set(xlabel=WINDOW_START, ylabel="share of white noise of the position")
    style.key(axes)


def components(axes: Axes, data: xr.Dataset | None) -> None:
    """Share of the variance of three windows in each principal component, and those of two walks without structure."""
    if style.missing(axes, data, ABSENT["models"]):
        return
    windows = style.finite(data.explained)
    if style.no_finite_window(axes, windows, data.attrs["run"]):
        return
    shown = data.isel(component=slice(COMPONENTS))
    for k, look in style.window_looks(data, windows):
        axes.plot(shown.component, shown.explained[k], "-", label=f"{int(data.window_start[k])}", linewidth=0.8, **look)
    last = shown.isel(window=windows[-1])
    for name, (label, colour, marker) in NULLS.items():
        look = {"markersize": 12, "markeredgewidth": 1.5} if marker == "_" else {"markersize": 4}
        axes.plot(last.component, last[name], marker, color=colour, label=label, zorder=1, **look)
    style.loglog(axes, style.name(data.component), style.name(data.explained))
    style.key(axes, style.name(data.window_start, "window start"))
