"""Panels on stable laws beyond the paper's: alpha in each view, by layer, quantiles, rivals, avalanche sizes."""

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import style

RIVALS = {
    "gaussian": ("Gaussian", style.BLUE, "o"),
    "laplace": ("Laplace", style.ORANGE, "^"),
    "student-t": ("Student's t", style.GREEN, "s"),
    "mixture": ("Gaussians by layer", style.PURPLE, "D"),
}
NOT_RECORDED = "not recorded:\n{}"
LINEAR = 3  # scales up to which the axes of quantiles are linear


def band(axes: Axes, x, values: tuple, colour, label: str, **look) -> None:
    """A curve (value, low, high) with its interval as a band; gaps where it is not known."""
    value, low, high = values
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, value, **{"marker": "o", "markersize": 2.5, "linewidth": 0.9, "color": colour, "label": label} | look)


def gauss(axes: Axes) -> None:
    """The line alpha = 2 and room above it."""
    axes.axhline(2, color="0.5", linewidth=0.7, linestyle=":")
    transform = axes.get_yaxis_transform()
    axes.text(0.98, 2, "Gaussian", transform=transform, ha="right", va="bottom", fontsize=style.SMALL)
    axes.set(ylabel="stability parameter α", ylim=(None, 2.12))


def views(axes: Axes, data: xr.Dataset | None) -> None:
    """Alpha against window start, pooled and through time; against the epoch's end, mean gradient and noise."""
    if style.missing(axes, data, "gradients of the base run"):
        return
    starts = data.window_start.values
    series = [("alpha", starts, "pooled", style.RED, "o"), ("time_alpha", starts, "through time", style.BLUE, "s")]
    if "epoch_step" in data:
        ends = data.epoch_step.values
        series += [("mean_alpha", ends, "epoch's mean gradient", style.GREEN, "^")]
        series += [("noise_alpha", ends, "minibatch less mean", style.PURPLE, "D")]
    known = [entry for entry in series if entry[0] in data and np.isfinite(data[entry[0]]).any()]
    if not known:
        style.absent(axes, f"{data.attrs.get('run') or 'the run'}:\nno finite values")
        return
    for name, x, label, colour, marker in known:
        band(axes, x, style.estimate(data, name), colour, label, marker=marker)
    gauss(axes)
    axes.set_xlabel(style.name(data.window_start, "window start, epoch's end"))
    style.headroom(axes, 0.06 + 0.07 * len(known))
    axes.legend(loc="upper left")


def layers(axes: Axes, data: xr.Dataset | None) -> None:
    """Alpha of each group of layers against window start, from the input (dark) to the output (light)."""
    if style.missing(axes, data, "gradients of the base run"):
        return
    if "layer_alpha" not in data or not np.isfinite(data.layer_alpha).any():
        style.absent(axes, NOT_RECORDED.format("gradients by layer"))
        return
    names = [str(name) for name in data.layer.values]
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.88, len(names)))
    labelled = names if len(names) <= 4 else [names[0], names[-1]]  # two columns are what the panel has room for
    for k, (name, colour) in enumerate(zip(names, colours, strict=True)):
        label = name if name in labelled else None
        band(axes, data.window_start, style.estimate(data.isel(layer=k), "layer_alpha"), colour, label)
    gauss(axes)
    axes.set_xlabel(style.name(data.window_start, "window start"))
    style.headroom(axes, 0.08 + 0.07 * (1 + -(-len(labelled) // 2)))
    axes.legend(loc="upper left", ncols=2, title="layers", columnspacing=1)


def quantiles(axes: Axes, window: xr.Dataset) -> None:
    """Quantiles of a window's gradients against those of the fitted laws."""
    seen = window.gradient_quantile.values
    looks = {"stable": ("stable law", style.RED, "o"), "gaussian": RIVALS["gaussian"], "student-t": RIVALS["student-t"]}
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
    axes.set(xlabel="quantile of the law (scales)", ylabel="quantile of the gradients (scales)")
    axes.set_title(f"window at step {int(window.window_start)}", loc="right", fontsize=7)
    axes.legend(loc="upper left")


def rivals(axes: Axes, data: xr.Dataset | None) -> None:
    """Log-likelihood of the stable law over each rival, per gradient; hollow where the test cannot tell them apart."""
    if style.missing(axes, data, "gradients of the base run"):
        return
    ratio = data.log_likelihood_ratio / data.number.where(data.number > 0)
    if style.lost(axes, style.finite(ratio), data.attrs.get("run", "")):
        return
    hollow = False
    for k, rival in enumerate(data.rival.values):
        if rival not in RIVALS or not np.isfinite(ratio[:, k]).any():
            continue
        label, colour, marker = RIVALS[rival]
        p = data.gaussian_p.values if rival == "gaussian" else data.vuong_p.values[:, k]
        axes.plot(data.window_start, ratio[:, k], marker + "-", color=colour, linewidth=0.9, markersize=3, label=label)
        untold = ~(p < 0.05)
        axes.plot(data.window_start[untold], ratio[untold, k], marker, color=colour, mfc="white", markersize=3)
        hollow |= bool((untold & np.isfinite(ratio[:, k].values)).any())
    if hollow:
        axes.plot([], [], "o", color="0.3", mfc="white", markersize=3, label="not told apart (p ≥ 0.05)")
    axes.axhline(0, color="0.5", linewidth=0.7, linestyle=":")
    axes.set_yscale("symlog", linthresh=1e-2)
    axes.set(
        xlabel=style.name(data.window_start, "window start"),
        ylabel="log-likelihood of the stable law\nover the rival (nat / gradient)",
    )
    style.headroom(axes, 0.28 if hollow else 0.2)
    axes.legend(loc="upper center", ncols=2, columnspacing=1)


def sizes(axes: Axes, data: xr.Dataset | None) -> None:
    """Share of avalanches larger than a size, with a power law and an exponential through their tail."""
    if style.missing(axes, data, "losses of the base run"):
        return
    seen = np.sort(data.avalanche_size.values[np.isfinite(data.avalanche_size.values)])
    if seen.size < 2:
        style.absent(axes, "no avalanches")
        return
    above = 1 - np.arange(seen.size) / seen.size
    axes.plot(seen, above, "o", color="0.4", markersize=2, label="avalanches")
    start = float(data.size_smallest)
    tail = seen[seen >= start]
    if tail.size > 1 and np.isfinite(data.size_exponent):
        x, front, mean = np.geomspace(start, seen[-1], 100), tail.size / seen.size, tail.mean() - start
        text = style.interval_text(*map(float, style.estimate(data, "size_exponent")))
        axes.plot(
            x, front * (x / start) ** (1 - float(data.size_exponent)), color=style.RED, label=f"power law, {text}"
        )
        axes.plot(x, front * np.exp(-(x - start) / mean), color=style.BLUE, label="exponential", **style.FIT)
        axes.set_ylim(0.3 / seen.size, 2)
    style.loglog(axes, style.name(data.avalanche_size, "avalanche size"), "share of larger ones")
    style.plain(axes.xaxis)
    axes.legend(loc="lower left")
