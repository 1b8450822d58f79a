"""What the paper's Fig. 5 leaves open: whose tails are heavy, by which law, and whether avalanches are scale-free."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import style
from sgdwalk.figures.fig5 import window_text
from sgdwalk.figures.page import Grid, Page

ROLES = {"tails": "tails", "fluctuations": "fluctuations"}
ABSENT = {"tails": "gradients of the base run", "fluctuations": "losses of the base run"}
SAMPLES = {  # prefix of the file's variables, and look
    "": ("pooled", style.RED, "o"),
    "time_": ("through time", style.BLUE, "s"),
    "mean_": ("mean of an epoch", style.GREEN, "^"),
    "noise_": ("noise, without mean", style.PURPLE, "D"),
}
EQUAL = {"color": "0.5", "linewidth": 0.7, "zorder": 0}
LINEAR = 3  # the axes of quantiles are linear up to this many scales


def draw(tails: xr.Dataset | None, fluctuations: xr.Dataset | None) -> Page:
    """Alpha of other samples (a) and by layer (b), quantiles (c), alternative laws (d), avalanches of the loss (e).

    tails: tails.nc of a run; fluctuations: fluctuations.nc.
    """
    figure, axes = style.panels("abc\nde.", 4.9, single=Grid(2, 2.2))
    samples(axes["a"], tails)
    layers(axes["b"], tails)
    style.same_axes([axes["a"], axes["b"]], "y")
    quantiles(axes["c"], tails)
    alternatives(axes["d"], tails)
    style.same_axes([axes["a"], axes["b"], axes["d"]], "x")
    avalanche_sizes(axes["e"], fluctuations)
    style.title_figure(figure, style.describe(tails), style.describe(fluctuations))
    if tails is not None:
        hollow = Line2D([], [], label="d: not significant (p ≥ 0.05)", **style.HOLLOW | {"markersize": 3})
        equal = Line2D([], [], label="c: equal quantiles; d: equal likelihood", **EQUAL)
        style.marks(figure, "gaussian", "band", equal, hollow)
    return figure


def band(axes: Axes, x, values: tuple, colour, label: str | None, **look) -> None:
    """A curve (value, low, high) with its interval as a band; gaps where it is NaN."""
    value, low, high = values
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, value, **{"marker": "o", "markersize": 2.5, "linewidth": 0.9, "color": colour, "label": label} | look)


def samples(axes: Axes, data: xr.Dataset | None) -> None:
    """Alpha of pooled gradients and of single parameters through time against window start; of the epoch's mean
    gradient and of the gradient noise against the end of the epoch.
    """
    if style.missing(axes, data, ABSENT["tails"]):
        return
    known = [prefix for prefix in SAMPLES if np.isfinite(data.get(f"{prefix}alpha", np.nan)).any()]
    if not known:
        style.placeholder(axes, f"{data.attrs.get('run') or 'the run'} has no gradients with a fitted law")
        return
    for prefix in known:
        label, colour, marker = SAMPLES[prefix]
        x = data.epoch_step if data[f"{prefix}alpha"].dims == ("epoch",) else data.window_start
        band(axes, x, style.estimate(data, f"{prefix}alpha"), colour, label, marker=marker)
        gaps(axes, data, prefix, label)
    style.gaussian_line(axes)
    axes.set(xlabel=style.name(data.window_start, "window start or epoch's end"), ylabel="stability parameter α")
    style.key(axes, "gradients")


def gaps(axes: Axes, data: xr.Dataset, prefix: str, label: str) -> None:
    """A note on the points that a curve lacks, with the most frequent reason."""
    without = ~np.isfinite(data[f"{prefix}alpha"].values)
    if without.any():
        reasons, count = np.unique(data[f"{prefix}status"].values[without].astype(str), return_counts=True)
        why = reasons[count.argmax()]
        axes.figure.note(f"{label}: {without.sum()} of {len(without)} have no fit ({why})", axes)


def layers(axes: Axes, data: xr.Dataset | None) -> None:
    """Alpha of each group of layers against window start, numbered from input to output."""
    if style.missing(axes, data, ABSENT["tails"]):
        return
    if "layer_alpha" not in data or not np.isfinite(data.layer_alpha).any():
        style.placeholder(axes, f"{data.attrs.get('run') or 'the run'} has no gradients by layer")
        return
    colours = style.ORDERED(np.linspace(0, 1, data.sizes["layer"]))
    for k, colour in enumerate(colours):
        values = style.estimate(data.isel(layer=k), "layer_alpha")
        band(axes, data.window_start, values, colour, layer_number(data.layer.values[k]), marker="os^Dv"[k % 5])
    without = int((~np.isfinite(data.layer_alpha)).any("window").sum())
    if without:
        axes.figure.note(f"{without} layers lack a fit in some windows", axes)
    style.gaussian_line(axes)
    axes.set(xlabel=style.name(data.window_start, "window start"), ylabel="stability parameter α")
    style.key(axes, "layers, input to output", columns=5)


def layer_number(name: str) -> str:
    """'3' of '3-sequential'; a name without a number as it is."""
    head, _, _ = str(name).partition("-")
    return head if head.isdigit() else str(name)


def quantiles(axes: Axes, data: xr.Dataset | None) -> None:
    """Quantiles of the first window's gradients against those of the fitted laws."""
    if style.missing(axes, data, ABSENT["tails"]):
        return
    windows = style.finite(data.alpha)
    if not windows:
        style.placeholder(axes, "no window has a fitted distribution")
        return
    window = data.isel(window=windows[0])
    seen = window.gradient_quantile.values
    known = list(window.law.values)
    for law in (law for law in ("stable", "gaussian", "student-t") if law in known):
        drawn = window.law_quantile.values[known.index(law)]
        look = {"color": style.LAWS[law]["color"], "label": style.LAWS[law]["label"], "markersize": 2.5, "mew": 0.7}
        axes.plot(drawn, seen, style.LAW_MARKERS[law], mfc="none", **look)
    reach = 1.3 * np.abs(seen).max()
    axes.plot([-reach, reach], [-reach, reach], **EQUAL)
    decades = 10.0 ** np.arange(1, max(np.log10(reach), 1) + 0.1, 1 if reach < 1e3 else 2)
    axes.set(
        xscale="symlog", yscale="symlog", xlim=(-reach, reach), ylim=(-reach, reach),
        xlabel="quantile of the fitted law (scales)", ylabel="quantile of the gradients (scales)",
    )  # fmt: skip
    for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        scale("symlog", linthresh=LINEAR)
        axis.set_ticks([*-decades[::-1], 0, *decades])
    style.key(axes, columns=2)
    style.heading(axes, window_text(window))


def alternatives(axes: Axes, data: xr.Dataset | None) -> None:
    """Log-likelihood ratio of the stable law to each alternative, per gradient; hollow: not significant."""
    if style.missing(axes, data, ABSENT["tails"]):
        return
    ratio = data.log_likelihood_ratio / data.number.where(data.number > 0)
    if style.no_finite_window(axes, style.finite(ratio), data.attrs.get("run", "")):
        return
    for k, law in enumerate(data.rival.values):
        if law not in style.LAWS or not np.isfinite(ratio[:, k]).any():
            continue
        p = data.gaussian_p.values if law == "gaussian" else data.vuong_p.values[:, k]
        look = style.LAWS[law] | {"marker": style.LAW_MARKERS[law], "markersize": 3, "linewidth": 0.9}
        axes.plot(data.window_start, ratio[:, k], **look)
        unclear = ~(p < 0.05)
        look |= {"linestyle": "", "markerfacecolor": "white", "label": None}
        axes.plot(data.window_start[unclear], ratio[unclear, k], **look)
    axes.axhline(0, **EQUAL)
    axes.set_yscale("symlog", linthresh=1e-2)
    scale = axes.yaxis.get_transform()  # the limits that matplotlib chooses are powers of ten far from the data
    low, high = scale.transform(axes.dataLim.intervaly)
    room = 0.06 * (high - low)
    axes.set_ylim(*scale.inverted().transform([low - room, high + room]))
    axes.set(xlabel=style.name(data.window_start, "window start"), ylabel="log-likelihood ratio per gradient (nat)")
    style.key(axes, "stable law (> 0) against", columns=2)


def avalanche_sizes(axes: Axes, data: xr.Dataset | None) -> None:
    """Fraction of avalanches of at least a size, with a power law and an exponential through the tail."""
    if style.missing(axes, data, ABSENT["fluctuations"]):
        return
    seen = np.sort(data.avalanche_size.values[np.isfinite(data.avalanche_size.values)])
    if seen.size < 2:
        style.placeholder(axes, f"{data.attrs.get('run') or 'the run'} has no avalanches")
        return
    above = 1 - np.arange(seen.size) / seen.size
    axes.plot(seen, above, "o", color=style.GREY, markersize=2, label=f"{seen.size} avalanches")
    start = float(data.size_smallest)
    tail = seen[seen >= start]
    if tail.size > 1 and np.isfinite(data.size_exponent):
        x, front, mean = np.geomspace(start, seen[-1], 100), tail.size / seen.size, tail.mean() - start
        values, null = (style.estimate(data, f"size_exponent{kind}") for kind in ("", "_null"))
        axes.plot(x, front * (x / start) ** (1 - float(values[0])), color=style.RED, label="power law")
        axes.plot(x, front * np.exp(-(x - start) / mean), **style.LAWS["exponential"])
        axes.set_ylim(0.6 / seen.size, 1.5)
        axes.figure.note(
            f"exponent of the power law {style.interval_text(*map(float, values))}, p = {float(data.size_fit_p):.2f}; "
            f"of shuffled losses {style.interval_text(*map(float, null))}",
            axes,
        )
    style.loglog(axes, style.name(data.avalanche_size, "avalanche size"), "fraction at least as large")
    style.key(axes)
