"""Fig. 7 of Chen et al.: the largest eigenvalues of the Hessian during training."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sgdwalk.figures import style

ROLES = {"hessian": "hessian"}
ACROSS = 2
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def draw(hessian: list[xr.Dataset] | None) -> Figure:
    """A panel per run; hessian: hessian.nc of every run."""
    runs = hessian or [None]
    across = min(ACROSS, len(runs))
    rows = -(-len(runs) // across)
    letters = style.letters(len(runs)) + ["."] * (rows * across - len(runs))
    layout = [letters[k : k + across] for k in range(0, len(letters), across)]
    figure, axes = style.panels(layout, 2.9 * rows + 0.2)
    count = max((data.sizes["rank"] for data in hessian or []), default=1)
    colours = ScalarMappable(Normalize(1, max(count, 2)), style.WINDOWS)
    for data, panel in zip(runs, axes.values(), strict=True):
        eigenvalues(panel, data, colours)
    if count > 1:
        bar = figure.colorbar(
            colours, ax=list(axes.values()), label="rank of the eigenvalue", ticks=ranks(count), shrink=0.8
        )
        bar.ax.invert_yaxis()
    if any(not data.converged.all() for data in hessian or []):
        style.marks(figure, "unconverged")
    return figure


def ranks(count: int) -> list[int]:
    """Tick labels of the colour bar: rank 1 and about five round ranks."""
    step = next((step for step in STEPS if count <= 5 * step), count)
    return sorted({1, *range(step, count + 1, step)})


def eigenvalues(axes: Axes, data: xr.Dataset | None, colours: ScalarMappable) -> None:
    """Eigenvalues against epoch, coloured by rank; hollow: not converged."""
    if style.missing(axes, data, "a run with a Hessian"):
        return
    value = data.eigenvalue.values
    if not np.isfinite(value).any():
        style.placeholder(axes, f"{data.attrs['run']}:\nno finite eigenvalues")
        return
    epoch, good = data.epoch.values, data.converged.values.astype(bool)
    for rank, colour in enumerate(colours.to_rgba(np.arange(1, value.shape[1] + 1))):
        axes.plot(epoch, value[:, rank], color=colour, linewidth=0.7)
        axes.plot(epoch[good[:, rank]], value[good[:, rank], rank], "o", color=colour, markersize=3)
        open_ = ~good[:, rank]
        axes.plot(epoch[open_], value[open_, rank], "o", color=colour, markersize=3, markerfacecolor="white")
    if np.nanmin(value) > 0:
        axes.set_yscale("log")
    else:
        axes.axhline(0, color="0.5", linewidth=0.7, linestyle=":")
        axes.set_yscale("symlog", linthresh=max(1e-3 * np.nanmax(np.abs(value)), 1e-12))
    axes.set(xlabel="epoch (completed)", ylabel=style.name(data.eigenvalue))
    axes.set_title(data.attrs["run"], loc="right", fontsize=7)
