"""Norm of the weights, effective learning rate, and cosines between the snapshots of a run (its trajectory map)."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page

ROLES = {"training": "training", "planes": "path_planes"}
ABSENT = {"training": "the training of a run", "planes": "a run with the loss on planes through its snapshots"}
STEP = "step of the training"
LINE = {"color": style.BLUE, "linewidth": 1.0, "label": "at each step"}


def draw(training: xr.Dataset | None, planes: xr.Dataset | None = None) -> Page:
    """Norm of the weights (a), learning rate over its square (b), cosines between snapshots (c).

    training.nc and path_planes.nc of one run.
    """
    figure, axes = style.panels("abc", 2.6, single=Grid(1, 2.2))
    series(axes["a"], training, "norm of the weights |w|", lambda data: data.weight_norm)
    series(axes["b"], training, "effective learning rate η/|w|²", lambda data: data.learning_rate / data.weight_norm**2)
    style.same_axes([axes["a"], axes["b"]], "x")
    cosines(axes["c"], planes)
    style.title_figure(figure, *map(style.describe, (training, planes)))
    return figure


def series(axes: Axes, data: xr.Dataset | None, label: str, of) -> None:
    """A quantity of each step; of: function of training.nc that returns it."""
    if style.missing(axes, data, ABSENT["training"]):
        return
    if "weight_norm" not in data or not np.isfinite(values := of(data)).any():
        style.placeholder(axes, f"{data.attrs['run']} has no record of the {label}")
        return
    axes.plot(data.step, values, **LINE)
    low, high = float(values.min()), float(values.max())
    axes.set(xlabel=STEP, ylabel=label, yscale="log" if high > 10 * low else "linear")
    if high <= 10 * low:
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")  # a common factor would stand in the key
    style.key(axes)


def cosines(axes: Axes, data: xr.Dataset | None) -> None:
    """Cosine of the angle between the weights of each two snapshots, as seen from 0."""
    if style.missing(axes, data, ABSENT["planes"]):
        return
    if "cosine" not in data or not np.isfinite(data.cosine).any():
        style.placeholder(axes, f"{data.attrs['run']} has no cosines between its snapshots")
        return
    shades = axes.imshow(data.cosine, origin="lower", cmap=style.ORDERED, aspect="auto")
    axes.figure.colorbar(shades, ax=axes, label="cosine", location="right", aspect=20, ticks=MaxNLocator(4))
    shown = np.unique(np.linspace(0, len(data.epoch) - 1, min(len(data.epoch), 6)).round().astype(int))
    words = [f"{data.epoch.values[k]:.3g}" for k in shown]
    axes.set(xticks=shown, xticklabels=words, yticks=shown, yticklabels=words)
    axes.set(xlabel="epoch of the snapshot", ylabel="epoch of the other")
