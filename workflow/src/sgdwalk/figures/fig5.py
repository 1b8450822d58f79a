"""Fig. 5 of Chen et al.: heavy tails of the minibatch gradients, fluctuations of the minibatch loss; with additions."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm
from scipy.stats import t as student

from sgdwalk.figures import style, tail_panels
from sgdwalk.heavy_tails.stable import distribution as stable

ROLES = {"tails": "tails", "fluctuations": "fluctuations"}
BINNED = "gradient − location"
DISTANCE = "|gradient − location|"
LAWS = {"stable law": style.RED, "Gaussian": style.BLUE, "Student's t": style.GREEN}


def draw(tails: xr.Dataset | None, fluctuations: xr.Dataset | None) -> Figure:
    """Gradients and losses of one run, from tails.nc and fluctuations.nc.

    The paper's panels: densities of the gradients (a first window with its tail, b first window, c last), alpha (d),
    losses (e, f). Added: alpha of other samples (g) and by layer (h), quantiles of the first window (i), avalanche
    sizes (j), alternative distributions (k).
    """
    figure, axes = style.panels("aabbcc\nddeeff\ngghhii\njjjkkk", 9.6)
    windows = style.finite(tails.alpha) if tails is not None else []
    for letter, pick in zip("abci", (0, 0, -1, 0), strict=True):
        if style.missing(axes[letter], tails, "gradients of the base run"):
            continue
        if not windows:
            style.placeholder(axes[letter], "no window has a fitted distribution")
            continue
        window = tails.isel(window=windows[pick])
        if letter == "a":
            density(axes[letter], window)
        elif letter == "i":
            tail_panels.quantiles(axes[letter], window)
        else:
            tail(axes[letter], window)
            text = f"α = {style.interval_text(*style.estimate(window, 'alpha'))}"
            axes[letter].text(
                0.98, 0.95, text, color=style.RED, ha="right", transform=axes[letter].transAxes, fontsize=7
            )
            axes[letter].legend(loc="lower left", frameon=True, framealpha=1, edgecolor="none", borderpad=0.1)
    stability(axes["d"], tails)
    changes(axes["e"], fluctuations, tails)
    variance(axes["f"], fluctuations)
    tail_panels.views(axes["g"], tails)
    tail_panels.layers(axes["h"], tails)
    tail_panels.avalanche_sizes(axes["j"], fluctuations)
    tail_panels.alternatives(axes["k"], tails)
    style.title_run(axes["a"], tails)
    style.title_run(axes["e"], fluctuations)
    return figure


def laws(window: xr.Dataset, z: np.ndarray) -> dict[str, np.ndarray]:
    """Densities of the fitted distributions at z = (gradient - location) / scale of the stable law."""

    def standardised(name):
        spread = float(window[f"{name}_scale"] / window.scale)
        return float((window[f"{name}_location"] - window.location) / window.scale), spread

    return {
        "stable law": np.exp(stable.logpdf(z, float(window.alpha))),
        "Gaussian": norm.pdf(z, *standardised("gaussian")),
        "Student's t": student.pdf(z, float(window.student_degrees), *standardised("student")),
    }


def density(axes: Axes, window: xr.Dataset) -> None:
    """Density of a window's gradients on linear axes, with the tail in an inset."""
    z = window.bin.values
    axes.plot(z, window.density, drawstyle="steps-mid", color="0.4", label="gradients")
    for law in ("stable law", "Gaussian"):
        axes.plot(z, laws(window, z)[law], color=LAWS[law], label=law, linewidth=1)
    axes.set(xlim=(-6, 18), xlabel=f"{BINNED} (scales)", ylabel=style.name(window.density))
    axes.legend(loc="upper right")
    inset = axes.inset_axes((0.62, 0.27, 0.36, 0.36))
    tail(inset, window)
    inset.set_title("", loc="right")
    inset.set(xlabel="|·| (scales)", ylabel="")
    inset.xaxis.labelpad = 0
    inset.xaxis.label.set_fontsize(style.SMALL)
    inset.tick_params(labelsize=style.SMALL)


def tail(axes: Axes, window: xr.Dataset) -> None:
    """Density of |gradient - location| on logarithmic axes, with the fitted distributions."""
    z, seen = window.tail_bin.values, window.tail_density.values
    kept = seen > 0
    axes.plot(z[kept], seen[kept], "o", color="0.4", markersize=2, label="gradients")
    mirrored = laws(window, -z)
    for law, values in laws(window, z).items():
        axes.plot(z, values + mirrored[law], color=LAWS[law], linewidth=1, label=law)
    style.loglog(axes, f"{DISTANCE} (scales)", style.name(window.tail_density))
    if kept.any():
        axes.set(xlim=(z[kept][0] / 1.5, z[kept][-1] * 1.5), ylim=(seen[kept].min() / 5, seen[kept].max() * 3))
    axes.set_title(f"window at step {int(window.window_start)}", loc="right", fontsize=7)


def stability(axes: Axes, data: xr.Dataset | None) -> None:
    """Alpha of each window with its interval; alpha = 2 is the Gaussian."""
    if style.missing(axes, data, "gradients of the base run"):
        return
    if style.no_finite_window(axes, style.finite(data.alpha), data.attrs["run"]):
        return
    style.whiskers(axes, data.window_start.values, style.estimate(data, "alpha"), style.RED, "95 % interval")
    tail_panels.gaussian_line(axes)
    axes.set_xlabel(style.name(data.window_start, "window start"))


def changes(axes: Axes, data: xr.Dataset | None, tails: xr.Dataset | None) -> None:
    """|L_{t+1} - L_t| in the first window, after about a fifth of the windows, and in the last."""
    if style.missing(axes, data, "losses of the base run"):
        return
    steps = data.step.values
    starts = tails.window_start.values if tails is not None else steps[:: max(1, len(steps) // 10)]
    length = starts[1] - starts[0] if len(starts) > 1 else len(steps)
    parts = [data.loss_change.values[(steps >= s) & (steps < s + length)] for s in starts]
    kept = [k for k, part in enumerate(parts) if np.nanmax(part, initial=0) > 0]
    if style.no_finite_window(axes, kept, data.attrs.get("run", "")):
        return
    for k, colour in zip(style.first_fifth_last(kept), (style.BLUE, style.ORANGE, style.GREEN), strict=False):
        part = np.where(parts[k] > 0, parts[k], np.nan)
        axes.plot(np.arange(len(part)), part, color=colour, linewidth=0.6, label=f"{starts[k]}")
    axes.set(
        yscale="log", xlabel="step in the window (steps)", ylabel=style.name(data.loss_change, "$|L_{t+1} - L_t|$")
    )
    style.headroom(axes, 0.16)
    axes.legend(title=style.name(data.step, "window start"), ncols=3, loc="upper center", columnspacing=1)


def variance(axes: Axes, data: xr.Dataset | None) -> None:
    """Moving variance of the loss."""
    if style.missing(axes, data, "losses of the base run"):
        return
    if not np.isfinite(data.moving_variance).any():
        style.placeholder(axes, "no finite losses")
        return
    axes.plot(data.step, data.moving_variance, color=style.BLUE, linewidth=0.8)
    axes.set(
        yscale="log",
        xlabel=style.name(data.step),
        ylabel=style.name(data.moving_variance, "moving variance of the loss"),
    )
    style.plain_ticks(axes.yaxis)
