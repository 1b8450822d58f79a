"""Gradient noise of SGD after its training: variance against curvature, and what noise and steps remember."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page

ROLES = {"noise": "noise_curvature", "independent": "epoch_memory", "shuffled": "epoch_memory"}
ABSENT = {
    "noise": "gradient noise and curvature of a child",
    "independent": "the memory of a child with independent batches",
    "shuffled": "the memory of a child with shuffled epochs",
}
NAMES = {"independent": "independent batches", "shuffled": "shuffled epochs"}
COLOURS = {"independent": style.BLUE, "shuffled": style.ORANGE}
NORMAL = 1.96  # half the width of a Gaussian's 95 % interval, in standard errors
ENDS = (  # looks of the first and of the last checkpoint
    {"color": style.ORDERED(0.15), "marker": "o"},
    {"color": style.ORDERED(0.75), "marker": "^"},
)
MEASURED = {"linewidth": 0.7}
PREDICTED = {"linestyle": (0, (6, 1.5)), "linewidth": 1.4}
EPOCH = {"color": "0.5", "linestyle": ":", "linewidth": 0.8}
EXPONENTS = {1: "γ = 1: noise of covariance σ²H", 2: "γ = 2"}


def draw(noise: xr.Dataset | None, independent: xr.Dataset | None = None, shuffled: xr.Dataset | None = None) -> Page:
    """Variance of the gradient against curvature (a) and its exponent (b); autocorrelation of noise (c) and steps (d).

    noise: noise_curvature.nc of a child. independent, shuffled: epoch_memory.nc of a child with that sampler.
    """
    figure, axes = style.panels("ab\ncd", 4.7, single=Grid(1, 1.7))
    variances(axes["a"], noise)
    exponents(axes["b"], noise)
    both = {"independent": independent, "shuffled": shuffled}
    for letter, name in (("c", "noise"), ("d", "step")):
        memory(axes[letter], both, name)
    style.marks(
        figure,
        "fit",
        "interval",
        "band",
        Line2D([], [], color=style.GREY, label="predicted", **PREDICTED),
        Line2D([], [], label="one epoch", **EPOCH),
    )
    return figure


def variances(axes: Axes, data: xr.Dataset | None) -> None:
    """Variance of one example's gradient against curvature, along the modes, at the first and the last checkpoint."""
    if style.missing(axes, data, ABSENT["noise"]):
        return
    usable = ((data.variance > 0) & (data.curvature > 0)).values
    shown = [k for k in np.flatnonzero(usable.any(axis=1)) if np.isfinite(data.trace[k])]
    if not shown:
        style.placeholder(axes, "no finite values")
        return
    for k, look in zip(dict.fromkeys([shown[0], shown[-1]]), ENDS, strict=False):
        at, chosen = data.isel(snapshot=k), np.flatnonzero(usable[k])
        rho, variance = at.curvature.values[chosen], at.variance.values[chosen]
        errors = NORMAL * at.variance_error.values[chosen], NORMAL * at.curvature_error.values[chosen]
        low = np.maximum(variance - errors[0], variance / 10), np.maximum(rho - errors[1], rho / 10)
        style.across(axes, variance, (rho, low[1], rho + errors[1]), look["color"], marker="")
        words = style.unbroken(style.power_text(style.estimate(at)))
        values = variance, low[0], variance + errors[0]
        style.whiskers(
            axes, rho, values, look["color"], f"{int(at.step)}: {words}", marker=look["marker"], markersize=3
        )
        order = np.argsort(rho)
        fitted = order[(at.converged.values[chosen] == 1)[order]]
        if len(fitted):
            ends = rho[fitted[[0, -1]]]
            style.power_line(axes, rho[fitted], variance[fitted], float(at.exponent), ends, even=False)
    style.loglog(axes, "curvature along the mode", "gradient variance of one example")
    style.key(axes, "step: exponent γ [95\N{NO-BREAK SPACE}% interval]")
    style.title_run(axes, data)


def exponents(axes: Axes, data: xr.Dataset | None) -> None:
    """Exponent gamma at each checkpoint."""
    if style.missing(axes, data, ABSENT["noise"]):
        return
    if not np.isfinite(data.exponent).any():
        style.placeholder(axes, "no finite values")
        return
    style.whiskers(axes, data.step.values, style.estimate(data), style.BLUE, "checkpoints", markersize=3)
    for (value, label), dash in zip(EXPONENTS.items(), ("-.", (0, (3, 1, 1, 1, 1, 1))), strict=True):
        axes.axhline(value, label=label, **style.ONE | {"linestyle": dash})
    axes.set(xlabel="step", ylabel="exponent γ of variance against curvature")
    style.key(axes, columns=3)
    style.title_run(axes, data)


def memory(axes: Axes, files: dict[str, xr.Dataset | None], of: str) -> None:
    """Autocorrelation of the noise or of the steps at lags up to two epochs, with both samplers, and predicted."""
    given = {name: data for name, data in files.items() if data is not None}
    if not given:
        style.missing(axes, None, ABSENT["independent"])
        return
    name = f"{of}_correlation"
    shown = {sampler: data for sampler, data in given.items() if np.isfinite(data[name]).any()}
    if not shown:
        style.placeholder(axes, "no finite values")
        return
    for sampler, data in shown.items():
        colour = COLOURS[sampler]
        axes.fill_between(data.lag, data[f"{name}_low"], data[f"{name}_high"], color=colour, alpha=0.2, linewidth=0)
        axes.plot(data.lag, data[name], color=colour, label=NAMES[sampler] + pairs(data) * (of == "noise"), **MEASURED)
        axes.plot(data.lag, data[f"{name}_predicted"], color=colour, **PREDICTED)
    for batches in {int(data.epoch_batches) for data in shown.values()}:
        axes.axvline(batches, **EPOCH)
    what = {"noise": "gradient noise", "step": "steps"}[of]
    axes.set(xlabel=style.name(data.lag), ylabel=f"autocorrelation of the {what}")
    style.key(axes, "two batches of an epoch [95\N{NO-BREAK SPACE}% interval] (sampler)" if of == "noise" else None)
    names = dict.fromkeys(filter(None, (data.attrs["run"] for data in shown.values())))
    style.heading(axes, ", ".join(names))


def pairs(data: xr.Dataset) -> str:
    """Correlation of the noise of two batches of an epoch with its interval, and that of the sampler."""
    value, low, high = (float(data[f"within_epoch{end}"]) for end in ("", "_low", "_high"))
    interval = style.unbroken(f"{value:.3f} [{low:.3f}, {high:.3f}]")
    words = f": {interval} ({float(data.within_epoch_predicted):.3f})".replace("-", "−")
    return words if np.isfinite(value) else ""
