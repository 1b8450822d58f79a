"""The whole spectrum of the Hessian during training: its density, and the eigenvalues at its lower end."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk import quantiles
from sgdwalk.figures import style
from sgdwalk.figures.fig7 import of_a_rank
from sgdwalk.figures.page import Grid, Page

ROLES = {"hessian": "hessian"}
ABSENT = {"hessian": "a run with a Hessian"}
LEAST = 1e-4  # of the largest density: lower ones are not shown


def draw(hessian: xr.Dataset | None) -> Page:
    """Spectral density at three snapshots (a), smallest eigenvalues at all (b); hessian.nc of a run."""
    figure, axes = style.panels("ab", 2.7, single=Grid(1, 2.2))
    density(axes["a"], hessian)
    smallest(axes["b"], hessian)
    style.title_figure(figure, style.describe(hessian))
    if axes["a"].figure is not None:
        style.marks(figure, "band")
    if axes["b"].figure is not None and not hessian.smallest_converged.all():
        style.marks(figure, "unconverged")
    return figure


def density(axes: Axes, data: xr.Dataset | None) -> None:
    """Share of the eigenvalues per curvature, with the interval between probes."""
    if style.missing(axes, data, ABSENT["hessian"]):
        return
    known = np.flatnonzero(np.isfinite(data.density.values).any(axis=1)) if data.sizes["point"] else []
    if not len(known):
        style.placeholder(axes, f"{data.attrs['run']} has no spectral density (hessian.density_probes)")
        return
    largest, shown = float(data.density[known].max()), style.first_fifth_last(list(known))
    half = quantiles.student(0.975, data.sizes["probe"] - 1) * data.density_error
    for k, colour in zip(shown, style.WINDOWS(np.linspace(0, 1, len(shown))), strict=True):
        at, value = data.curvature[k], data.density[k]
        ends = (part.clip(min=LEAST * largest) for part in (value - half[k], value + half[k]))
        axes.fill_between(at, *ends, color=colour, alpha=0.25, linewidth=0)
        axes.plot(at, value.where(value > LEAST * largest), color=colour, label=f"{float(data.epoch[k]):g}")
    axes.set(yscale="log", ylim=(LEAST * largest, 2 * largest))
    axes.set(xlabel=style.name(data.curvature, "curvature"), ylabel=style.name(data.density, "spectral density"))
    style.key(axes, "completed epochs", columns=3)


def smallest(axes: Axes, data: xr.Dataset | None) -> None:
    """The smallest eigenvalues against epoch; hollow: not converged."""
    if style.missing(axes, data, ABSENT["hessian"]):
        return
    if not data.sizes["low_rank"] or not np.isfinite(data.smallest).any():
        style.placeholder(axes, f"{data.attrs['run']} has no smallest eigenvalues (hessian.smallest)")
        return
    handles = []
    for k, colour in enumerate(style.ORDERED(np.linspace(0, 1, data.sizes["low_rank"]))):
        of_a_rank(axes, data.smallest[:, k], data.smallest_converged[:, k], colour)
        handles.append(Line2D([], [], color=colour, marker="o", markersize=2.5, label=f"{int(data.low_rank[k])}"))
    axes.set(xlabel="completed epochs", ylabel=style.name(data.smallest, "smallest eigenvalues"))
    style.key(axes, "rank", handles, columns=5)
