"""Fig. 7 of Chen et al.: the largest eigenvalues of the Hessian during training."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page

ROLES = {"hessian": "hessian"}
MOST = {"hessian": 6}
ABSENT = {"hessian": "a run with a Hessian"}
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def draw(hessian: list[xr.Dataset] | None) -> Page:
    """A panel per run, on equal axes; hessian: hessian.nc of every run. ValueError for more than six."""
    runs = hessian or [None]
    if len(runs) > MOST["hessian"]:
        raise ValueError(f"fig7: hessian: {len(runs)} runs, but there are {MOST['hessian']} panels for them")
    letters = style.letters(len(runs))
    layout = [letters[k : k + 2] for k in range(0, len(letters), 2)]
    figure, axes = style.panels(
        layout, (2.7 if len(layout) < 3 else 2.4) * len(layout), Grid(1, 2.2) if len(runs) < 3 else Grid(2, 2.2)
    )
    count = max((data.sizes["rank"] for data in hessian or []), default=1)
    colours = ScalarMappable(Normalize(1, max(count, 2)), style.ORDERED)
    for data, panel in zip(runs, axes.values(), strict=True):
        eigenvalues(panel, data, colours)
    scales(axes.values())
    if count > 1 and figure.panels:
        bar = figure.colorbar(
            colours, ax=list(figure.panels.values()), label="rank of the eigenvalue", ticks=ranks(count), aspect=30
        )
        bar.ax.invert_yaxis()
        bar.ax.minorticks_off()
    if any(not data.converged.all() for data in hessian or []):
        style.marks(figure, "unconverged")
    return figure


def ranks(count: int) -> list[int]:
    """Tick labels of the colour bar: rank 1 and about five round ranks."""
    step = next((step for step in STEPS if count <= 5 * step), count)
    return sorted({1, *range(step, count + 1, step)})


def eigenvalues(axes: Axes, data: xr.Dataset | None, colours: ScalarMappable) -> None:
    """Eigenvalues against epoch, coloured by rank; hollow: not converged."""
    if style.missing(axes, data, ABSENT["hessian"]):
        return
    value = data.eigenvalue.values
    if not np.isfinite(value).any():
        style.placeholder(axes, f"{data.attrs['run']} has no finite eigenvalues")
        return
    for rank, colour in enumerate(colours.to_rgba(np.arange(1, value.shape[1] + 1))):
        of_a_rank(axes, data.eigenvalue[:, rank], data.converged[:, rank], colour)
    axes.set(xlabel="completed epochs", ylabel=style.name(data.eigenvalue))
    style.title_run(axes, data)


def of_a_rank(axes: Axes, value: xr.DataArray, converged: xr.DataArray, colour) -> None:
    """Eigenvalues [epoch] of one rank and whether they have converged, against epoch; hollow: not converged."""
    epoch, good = value.epoch.values, converged.values.astype(bool)
    axes.plot(epoch, value, color=colour, linewidth=0.7)
    axes.plot(epoch[good], value[good], "o", color=colour, markersize=2.5)
    axes.plot(epoch[~good], value[~good], "o", color=colour, markersize=2.5, markerfacecolor="white")


def scales(panels) -> None:
    """One scale for all panels: logarithmic, or linear around 0 where any eigenvalue is not positive."""
    kept = [axes for axes in panels if axes.figure is not None]
    values = np.concatenate([line.get_ydata() for axes in kept for line in axes.lines] or [[]])
    for axes in kept:
        if np.nanmin(values) > 0:
            axes.set_yscale("log")
        else:
            axes.axhline(0, color="0.8", linewidth=0.6, zorder=0)
            axes.set_yscale("symlog", linthresh=max(1e-3 * np.nanmax(np.abs(values)), 1e-12))
    style.same_axes(kept)
