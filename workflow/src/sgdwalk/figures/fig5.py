"""Fig. 5 of Chen et al.: heavy tails of the minibatch gradients, fluctuations of the minibatch loss."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page
from sgdwalk.heavy_tails.alternatives import normal_log_density, student_log_density
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.storage.provenance import stored_settings

ROLES = {"tails": "tails", "fluctuations": "fluctuations"}
ABSENT = {"tails": "gradients of the base run", "fluctuations": "losses of the base run"}
GRADIENTS = {"color": style.GREY, "label": "gradients"}


def draw(tails: xr.Dataset | None, fluctuations: xr.Dataset | None) -> Page:
    """Gradients and losses of one run, from tails.nc and fluctuations.nc.

    Densities of the gradients (a first window, b its tail, c that of the last window), alpha (d), changes and moving
    variance of the loss (e, f).
    """
    figure, axes = style.panels("abc\ndef", 4.8, single=Grid(2, 2.0))
    windows = style.finite(tails.alpha) if tails is not None else []
    for letter, pick, panel in (("a", 0, density), ("b", 0, tail), ("c", -1, tail)):
        if style.missing(axes[letter], tails, ABSENT["tails"]):
            continue
        if not windows:
            style.placeholder(axes[letter], "no window has a fitted distribution")
            continue
        panel(axes[letter], tails.isel(window=windows[pick]))
    style.same_axes([axes["b"], axes["c"]])
    stability(axes["d"], tails)
    changes(axes["e"], fluctuations, tails)
    variance(axes["f"], fluctuations)
    style.same_axes([axes["e"], axes["f"]], "x")
    style.title_figure(figure, style.describe(tails), style.describe(fluctuations))
    if tails is not None:
        names = ("stable", "gaussian", "student-t")
        style.marks(figure, Line2D([], [], marker="o", markersize=2, **GRADIENTS))
        style.marks(figure, *(Line2D([], [], **style.LAWS[law]) for law in names), "gaussian", "interval")
    return figure


def laws(window: xr.Dataset, z: np.ndarray) -> dict[str, np.ndarray]:
    """Densities of the fitted distributions at z = (gradient - location) / scale of the stable law."""

    def placed(name, log_density):
        spread = float(window[f"{name}_scale"] / window.scale)
        r = (z - float((window[f"{name}_location"] - window.location) / window.scale)) / spread
        return np.exp(log_density(r)) / spread

    degrees = float(window.student_degrees)
    return {
        "stable": np.exp(stable.logpdf(z, float(window.alpha))),
        "gaussian": placed("gaussian", normal_log_density),
        "student-t": placed("student", lambda r: student_log_density(r, degrees)),
    }


def density(axes: Axes, window: xr.Dataset) -> None:
    """Density of a window's gradients on linear axes; its tail is another panel."""
    z = window.bin.values
    axes.plot(z, window.density, drawstyle="steps-mid", **GRADIENTS)
    for law, values in laws(window, z).items():
        axes.plot(z, values, linewidth=1, **style.LAWS[law])
    axes.set(xlim=(z[0], z[-1]), xlabel="centred gradient (scales)", ylabel=style.name(window.density))
    style.heading(axes, window_text(window))


def tail(axes: Axes, window: xr.Dataset) -> None:
    """Density of |gradient - location| on logarithmic axes, with the fitted distributions."""
    z, seen = window.tail_bin.values, window.tail_density.values
    kept = seen > 0
    axes.plot(z[kept], seen[kept], "o", markersize=2, **GRADIENTS)
    mirrored = laws(window, -z)
    for law, values in laws(window, z).items():
        axes.plot(z, values + mirrored[law], linewidth=1, **style.LAWS[law])
    style.loglog(axes, "|centred gradient| (scales)", style.name(window.tail_density))
    if kept.any():
        axes.set(xlim=(z[kept][0] / 1.5, z[kept][-1] * 1.5), ylim=(seen[kept].min() / 3, seen[kept].max() * 3))
    alpha = style.unbroken(f"α = {style.interval_text(*style.estimate(window, 'alpha'))}")
    style.heading(axes, f"{window_text(window)}; stable law: {alpha}")


def window_text(window: xr.Dataset) -> str:
    """'window at step 500', as the panels name a window."""
    return f"window at step {int(window.window_start)}"


def stability(axes: Axes, data: xr.Dataset | None) -> None:
    """Alpha of each window with its interval; alpha = 2 is the Gaussian."""
    if style.missing(axes, data, ABSENT["tails"]):
        return
    if style.no_finite_window(axes, style.finite(data.alpha), data.attrs["run"]):
        return
    style.whiskers(axes, data.window_start.values, style.estimate(data, "alpha"), style.LAWS["stable"]["color"])
    style.gaussian_line(axes)
    axes.set(xlabel=style.name(data.window_start, "window start"), ylabel="stability parameter α")


def changes(axes: Axes, data: xr.Dataset | None, tails: xr.Dataset | None) -> None:
    """|L_{t+1} - L_t| of all steps; coloured: the first window, the one after about a fifth of them, and the last."""
    if style.missing(axes, data, ABSENT["fluctuations"]):
        return
    steps, change = data.step.values, np.where(data.loss_change > 0, data.loss_change, np.nan)
    if not np.isfinite(change).any():
        style.placeholder(axes, f"{data.attrs.get('run') or 'the run'} has no change of a finite loss")
        return
    axes.plot(steps, change, color="0.75", linewidth=0.5, label="all")
    for start, stop, look in shown_windows(tails):
        inside = (steps >= start) & (steps < stop)
        axes.plot(steps[inside], change[inside], linewidth=0.6, color=look["color"], label=f"{start}")
    axes.set(yscale="log", xlabel=style.name(data.step), ylabel=style.name(data.loss_change, "change of the loss"))
    style.key(axes, style.name(tails.window_start, "window start") if tails is not None else None, columns=4)


def shown_windows(tails: xr.Dataset | None) -> list[tuple[int, int, dict]]:
    """(first step, step after the last, look) of three windows; none without gradients, whose file has the windows."""
    if tails is None or tails.sizes["window"] < 2:
        return []
    starts = tails.window_start.values
    looks = style.window_looks(tails, list(range(len(starts))))
    return [(int(starts[k]), int(starts[k] + starts[1] - starts[0]), look) for k, look in looks]


def variance(axes: Axes, data: xr.Dataset | None) -> None:
    """Moving variance of the loss."""
    if style.missing(axes, data, ABSENT["fluctuations"]):
        return
    if not np.isfinite(data.moving_variance).any():
        style.placeholder(axes, f"{data.attrs.get('run') or 'the run'} has no moving variance: too few finite losses")
        return
    interval = stored_settings(data).get("interval") if "settings" in data.attrs else None
    label = f"over {interval} steps" if interval else "over an interval"
    axes.plot(data.step, data.moving_variance, color=style.BLUE, linewidth=0.8, label=label)
    axes.set(
        yscale="log", xlabel=style.name(data.step), ylabel=style.name(data.moving_variance, "variance of the loss")
    )
    style.key(axes)
