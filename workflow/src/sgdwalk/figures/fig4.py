"""Fig. 4 of Chen et al.: exponents, training curves and MSDs at several learning rates."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sgdwalk import published
from sgdwalk.design import settings
from sgdwalk.figures import style

ENDS = {"first": (0, style.BLUE), "last": (-1, style.RED)}


def draw(runs: list[xr.Dataset] | None, training: list[xr.Dataset] | None) -> Figure:
    """Runs (msd.nc) and their training, one learning rate each; the middle one stands in c-d and in e-f."""
    figure, axes = style.panels("ab\ncd\nef", 6.8)
    rates = {data.attrs["run"]: settings(data).get("lr") for data in training or []}
    rates = {run: rate for run, rate in rates.items() if rate}
    ordered = sorted((d for d in runs or [] if d.attrs["run"] in rates), key=lambda d: rates[d.attrs["run"]])
    exponents(axes["a"], ordered, rates)
    if ordered and any(settings(data).get("dataset") == published.DATASET for data in training or []):
        references(axes["a"])
    curves(axes["b"], training, rates)
    half = (len(ordered) + 1) // 2
    parts = {"small": ordered[:half], "large": ordered[len(ordered) - half :]}
    for letter, (size, end) in zip("cdef", ((s, e) for s in parts for e in ENDS), strict=True):
        displacements(axes[letter], parts[size], rates, end)
        axes[letter].set_title(f"{end} window, {size} learning rates", loc="right", fontsize=7)
    style.marks(figure, "fit", "tau", "pairs")
    return figure


def colours(rates: dict[str, float]) -> dict[str, tuple]:
    """Colours of runs by the order of their learning rates."""
    ordered = sorted(set(rates.values()))
    shades = style.WINDOWS(np.linspace(0, 1, len(ordered)))
    return {run: tuple(shades[ordered.index(rate)]) for run, rate in rates.items()}


def exponents(axes: Axes, runs: list[xr.Dataset], rates: dict[str, float]) -> None:
    """Exponent of the first and last finite window of each run, by the paper's protocol."""
    if style.missing(axes, runs, "runs of several learning rates"):
        return
    found = [(data, windows) for data in runs if (windows := style.finite(data.msd))]
    if style.lost(axes, [k for _, windows in found for k in windows], "these runs"):
        return
    for end, (k, colour) in ENDS.items():
        for n, (data, windows) in enumerate(found):
            fit = data.sel(fit="paper").isel(window=windows[k])
            x = rates[data.attrs["run"]] * (0.94 if k == 0 else 1.06)
            style.whiskers(axes, x, style.estimate(fit), colour, None if n else f"{end} window")
    ticks = sorted({rates[data.attrs["run"]] for data in runs})
    axes.axhline(1, color="0.5", linewidth=0.7, linestyle=":", zorder=0)
    axes.set(xscale="log", xlabel="learning rate", ylabel="exponent of the MSD")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], rotation=45 if len(ticks) > 5 else 0)
    axes.set_xticks([], minor=True)
    axes.legend(loc="best")


def references(axes: Axes) -> None:
    """The published exponents of the sweep over learning rates: filled in the first regime, hollow in the second."""
    rows = [row for row in published.EXPONENTS if row.batch_size is None]
    rates = [row.lr for row in rows]
    axes.plot(rates, [row.first for row in rows], label=f"{published.LABEL}: first regime", **style.REFERENCE)
    hollow = style.REFERENCE | {"markerfacecolor": "white"}
    axes.plot(rates, [row.second for row in rows], label=f"{published.LABEL}: second", **hollow)
    style.headroom(axes, 0.42)
    axes.legend(loc="upper right")


def curves(axes: Axes, training: list[xr.Dataset] | None, rates: dict[str, float]) -> None:
    """Training loss of each epoch."""
    runs = [data for data in training or [] if data.attrs["run"] in rates]
    if style.missing(axes, runs, "runs of several learning rates"):
        return
    colour = colours(rates)
    for data in sorted(runs, key=lambda d: rates[d.attrs["run"]]):
        run = data.attrs["run"]
        axes.plot(data.epoch, data.train_loss, color=colour[run], label=label(data, rates[run]))
    axes.set(yscale="log", xlabel="epoch (epochs done)", ylabel="training loss of the epoch (nat)")
    axes.legend(loc="best", title="learning rate")


def label(data: xr.Dataset, rate: float) -> str:
    """Learning rate, and where the run diverged."""
    step = int(data.diverged_step)
    return f"{rate:g}" if step < 0 else f"{rate:g} (diverged at step {step})"


def displacements(axes: Axes, runs: list[xr.Dataset], rates: dict[str, float], end: str) -> None:
    """MSD of the runs' first or last finite window."""
    if style.missing(axes, runs, "runs of several learning rates"):
        return
    finite = [style.finite(data.msd) for data in runs]
    if style.lost(axes, [k for windows in finite for k in windows], "these runs"):
        return
    colour = colours(rates)
    for data, windows in zip(runs, finite, strict=True):
        run = data.attrs["run"]
        if not windows:
            axes.plot([], [], color=colour[run], label=f"{rates[run]:g}: no finite window")
            continue
        window = data.isel(window=[windows[ENDS[end][0]]])
        style.unsupported(axes, window)
        style.msd_window(axes, window.isel(window=0), colour[run], f"{rates[run]:g}")
    style.loglog(axes, style.name(data.lag), style.name(data.msd))
    style.headroom(axes, 0.3)
    axes.legend(loc="upper left", title="learning rate: exponent", alignment="left")
