"""Panels of Fig. 5 that the paper does not have: alpha of other samples and by layer, quantiles, alternative
distributions, avalanche sizes.
"""

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import style

ALTERNATIVES = {
    "gaussian": ("Gaussian", style.BLUE, "o"),
    "laplace": ("Laplace", style.ORANGE, "^"),
    "student-t": ("Student's t", style.GREEN, "s"),
    "mixture": ("Gaussians by layer", style.PURPLE, "D"),
}
NOT_RECORDED = "not recorded:\n{}"
LINEAR = 3  # the axes of quantiles are linear up to this many scales


def band(axes: Axes, x, values: tuple, colour, label: str, **look) -> None:
    """A curve (value, low, high) with its interval as a band; gaps where it is NaN."""
    value, low, high = values
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, value, **{"marker": "o", "markersize": 2.5, "linewidth": 0.9, "color": colour, "label": label} | look)


def gaussian_line(axes: Axes) -> None:
    """The line alpha = 2, labelled, and the limits of the panel."""
    axes.axhline(2, color="0.5", linewidth=0.7, linestyle=":")
    transform = axes.get_yaxis_transform()
    axes.text(0.98, 2, "Gaussian", transform=transform, ha="right", va="bottom", fontsize=style.SMALL)
    axes.set(ylabel="stability parameter α", ylim=(None, 2.12))


def views(axes: Axes, data: xr.Dataset | None) -> None:
    """Alpha of pooled gradients and of single parameters through time against window start; of the epoch's mean
    gradient and of the gradient noise against the end of the epoch.
    """
    if style.missing(axes, data, "gradients of the base run"):
        return
    starts = data.window_start.values
    series = [("alpha", starts, "pooled", style.RED, "o"), ("time_alpha", starts, "through time", style.BLUE, "s")]
    if "epoch_step" in data:
        ends = data.epoch_step.values
        series += [("mean_alpha", ends, "epoch's mean gradient", style.GREEN, "^")]
        series += [("noise_alpha", ends, "minibatch minus mean", style.PURPLE, "D")]
    known = [entry for entry in series if entry[0] in data and np.isfinite(data[entry[0]]).any()]
    if not known:
        style.placeholder(axes, f"{data.attrs.get('run') or 'the run'}:\nno finite values")
        return
    for name, x, label, colour, marker in known:
        band(axes, x, style.estimate(data, name), colour, label, marker=marker)
    gaussian_line(axes)
    axes.set_xlabel(style.name(data.window_start, "window start, epoch's end"))
    style.headroom(axes, 0.06 + 0.07 * len(known))
    axes.legend(loc="upper left")


def layers(axes: Axes, data: xr.Dataset | None) -> None:
    """Alpha of each group of layers against window start, from input (dark) to output (light)."""
    if style.missing(axes, data, "gradients of the base run"):
        return
    if "layer_alpha" not in data or not np.isfinite(data.layer_alpha).any():
        style.placeholder(axes, NOT_RECORDED.format("gradients by layer"))
        return
    names = [str(name) for name in data.layer.values]
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.88, len(names)))
    labelled = names if len(names) <= 4 else [names[0], names[-1]]  # a legend of two columns fits into the panel
    for k, (name, colour) in enumerate(zip(names, colours, strict=True)):
        label = name if name in labelled else None
        band(axes, data.window_start, style.estimate(data.isel(layer=k), "layer_alpha"), colour, label)
    gaussian_line(axes)
    axes.set_xlabel(style.name(data.window_start, "window start"))
    style.headroom(axes, 0.08 + 0.07 * (1 + -(-len(labelled) // 2)))
    axes.legend(loc="upper left", ncols=2, title="layers", columnspacing=1)


def quantiles(axes: Axes, window: xr.Dataset) -> None:
    """Quantiles of a window's gradients against those of the fitted distributions."""
    seen = window.gradient_quantile.values
    looks = {
        "stable": ("stable law", style.RED, "o"),
        "gaussian": ALTERNATIVES["gaussian"],
        "student-t": ALTERNATIVES["student-t"],
    }
    for law, (label, colour, marker) in looks.items():
        drawn = window.law_quantile.values[list(window.law.values).index(law)]
        axes.plot(drawn, seen, marker, color=colour, markersize=2.5, mfc="none", mew=0.7, label=label)
    reach = 1.3 * np.abs(seen).max()
    axes.plot([-reach, reach], [-reach, reach], color="0.5", linewidth=0.7, zorder=0)
    axes.set_xscale("symlog", linthresh=LINEAR)
    axes.set_yscale("symlog", linthresh=LINEAR)
    decades = 10.0 ** np.arange(1, max(np.log10(reach), 1) + 0.1, 1 if reach < 1e3 else 2)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([*-decades[::-1], 0, *decades])
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axes.set(xlabel="fitted quantile (scales)", ylabel="gradient quantile (scales)")
    axes.set_title(f"window at step {int(window.window_start)}", loc="right", fontsize=7)
    axes.legend(loc="upper left")


def alternatives(axes: Axes, data: xr.Dataset | None) -> None:
    """Log-likelihood ratio of the stable law to each alternative, per gradient; hollow: not significant."""
    if style.missing(axes, data, "gradients of the base run"):
        return
    ratio = data.log_likelihood_ratio / data.number.where(data.number > 0)
    if style.no_finite_window(axes, style.finite(ratio), data.attrs.get("run", "")):
        return
    hollow = False
    for k, name in enumerate(data.rival.values):
        if name not in ALTERNATIVES or not np.isfinite(ratio[:, k]).any():
            continue
        label, colour, marker = ALTERNATIVES[name]
        p = data.gaussian_p.values if name == "gaussian" else data.vuong_p.values[:, k]
        axes.plot(data.window_start, ratio[:, k], marker + "-", color=colour, linewidth=0.9, markersize=3, label=label)
        unclear = ~(p < 0.05)
        axes.plot(data.window_start[unclear], ratio[unclear, k], marker, color=colour, mfc="white", markersize=3)
        hollow |= bool((unclear & np.isfinite(ratio[:, k].values)).any())
    if hollow:
        axes.plot([], [], "o", color="0.3", mfc="white", markersize=3, label="not significant (p ≥ 0.05)")
    axes.axhline(0, color="0.5", linewidth=0.7, linestyle=":")
    axes.set_yscale("symlog", linthresh=1e-2)
    axes.set(
        xlabel=style.name(data.window_start, "window start"),
        ylabel="log-likelihood ratio, stable law /\nalternative (nat / gradient)",
    )
    style.headroom(axes, 0.28 if hollow else 0.2)
    axes.legend(loc="upper center", ncols=2, columnspacing=1)


def avalanche_sizes(axes: Axes, data: xr.Dataset | None) -> None:
    """Fraction of avalanches of at least a size, with a power law and an exponential through the tail."""
    if style.missing(axes, data, "losses of the base run"):
        return
    seen = np.sort(data.avalanche_size.values[np.isfinite(data.avalanche_size.values)])
    if seen.size < 2:
        style.placeholder(axes, "no avalanches")
        return
    above = 1 - np.arange(seen.size) / seen.size
    axes.plot(seen, above, "o", color="0.4", markersize=2, label="avalanches")
    start = float(data.size_smallest)
    tail = seen[seen >= start]
    if tail.size > 1 and np.isfinite(data.size_exponent):
        x, front, mean = np.geomspace(start, seen[-1], 100), tail.size / seen.size, tail.mean() - start
        text = style.interval_text(*map(float, style.estimate(data, "size_exponent")))
        label = f"power law, {text}, p = {float(data.size_fit_p):.2f}"
        axes.plot(x, front * (x / start) ** (1 - float(data.size_exponent)), color=style.RED, label=label)
        null = style.interval_text(*map(float, style.estimate(data, "size_exponent_null")))
        axes.plot([], [], " ", label=f"shuffled losses, {null}")
        axes.plot(x, front * np.exp(-(x - start) / mean), color=style.BLUE, label="exponential", **style.FIT)
        axes.set_ylim(0.3 / seen.size, 2)
    style.loglog(axes, style.name(data.avalanche_size, "avalanche size"), "fraction of larger avalanches")
    style.plain_ticks(axes.xaxis)
    axes.legend(loc="lower left")
