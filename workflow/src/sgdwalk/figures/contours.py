"""A loss surface as filled contours, and the colours that stand for its losses."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import LogLocator, MaxNLocator

from sgdwalk.figures import style
from sgdwalk.figures.ticks import decade

LEVELS = 30
FINAL = {"color": "white", "marker": "P", "markersize": 5, "markeredgecolor": "black", "linestyle": ""}
PATH = {"color": "white", "marker": "o", "markersize": 3, "markeredgecolor": "black", "markeredgewidth": 0.6}


def colours(values: np.ma.MaskedArray) -> tuple[Normalize, np.ndarray]:
    """Norm and contour levels: logarithmic where positive values span more than a decade, else linear."""
    low, high = float(values.min()), float(values.max())
    if low > 0 and high > 10 * low:
        return LogNorm(low, high), np.geomspace(low, high, LEVELS + 1)
    high = high if high > low else low + 1e-12
    return Normalize(low, high), np.linspace(low, high, LEVELS + 1)


def filled(
    axes: Axes, x: xr.DataArray, y: xr.DataArray, loss: xr.DataArray, scale: tuple[Normalize, np.ndarray] | None = None
) -> ScalarMappable | None:
    """Filled contours of a loss [x, y]; its colours, or None for a panel that is left out, as nothing is finite.

    scale: norm and levels as of `colours`, by default those of this loss.
    """
    shown = np.ma.masked_invalid(loss.values.T)
    if shown.count() == 0:
        style.placeholder(axes, "the surface has no finite values")
        return None
    norm, levels = scale or colours(shown)
    drawn = axes.contourf(x, y, shown, levels, norm=norm, cmap=style.SURFACE)
    axes.contour(x, y, shown, levels[::3], norm=norm, colors="white", linewidths=0.3, alpha=0.6)
    axes.set(xlabel=style.name(x), ylabel=style.name(y), box_aspect=1)
    return drawn


def bar(axes: Axes | list[Axes], drawn: ScalarMappable, label: str) -> None:
    """A colour bar of a loss below the panels, with few ticks."""
    low, high = drawn.norm.vmin, drawn.norm.vmax
    logarithmic = isinstance(drawn.norm, LogNorm) and high > 30 * low
    page, shrink = (axes[0].figure, 0.6) if isinstance(axes, list) else (axes.figure, 1.0)
    made = page.colorbar(
        drawn, ax=axes, label=label, location="bottom", aspect=25, shrink=shrink,
        ticks=LogLocator(numticks=4) if logarithmic else MaxNLocator(4),
        format=lambda value, _: decade(value) if logarithmic else f"{value:.4g}",
    )  # fmt: skip
    made.minorticks_off()
