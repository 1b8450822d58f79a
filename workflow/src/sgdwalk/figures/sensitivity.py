"""Sensitivity of SGD: growth of a tangent vector and of twins, and their exponents."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page

ROLES = {"sensitivity": "sensitivity"}
ABSENT = {"sensitivity": "a run whose sensitivity was computed"}
LINEAR = 1e-3  # a step: exponents below it are on a linear part of the axis
STABLE = {"label": "no growth", **style.ONE}


def draw(sensitivity: xr.Dataset | None) -> Page:
    """Logarithm of each difference, had it not been brought back (a), and exponents against the twins' distance (b).

    sensitivity: sensitivity.nc of a run.
    """
    figure, axes = style.panels("ab", 2.7, single=Grid(1, 2.3))
    growth(axes["a"], sensitivity)
    exponents(axes["b"], sensitivity)
    style.title_figure(figure, style.describe(sensitivity))
    if axes["b"].figure is not None:
        style.marks(figure, "interval")
    return figure


def growth(axes: Axes, data: xr.Dataset | None) -> None:
    """Sums of the growth from the first of the starts on."""
    if style.nothing(axes, data, "growth", ABSENT["sensitivity"]):
        return
    here = data.isel(start=0)
    label = f"tangent vector, alignment {float(here.alignment):.2f}"
    axes.plot(here.step + 1, here.growth.cumsum(skipna=False), color=style.BLACK, linewidth=1.2, label=label)
    for offset, colour in zip(here.offset.values, colours(here), strict=True):
        twins = here.twin_growth.sel(offset=offset).cumsum(skipna=False)
        axes.plot(here.step + 1, twins, color=colour, linewidth=0.9, label=f"twins at {offset:g} |w|")
    axes.axhline(0, **STABLE)
    axes.set(xlabel="steps since the start", ylabel="logarithm of the growth")
    style.key(axes, f"from step {int(here.start)} on")


def exponents(axes: Axes, data: xr.Dataset | None) -> None:
    """Growth rate of twins against their distance, and of the tangent vector, from each start."""
    if style.nothing(axes, data, "exponent", ABSENT["sensitivity"]):
        return
    marks = zip(data.start.values, style.COLOURS, ("o", "s", "^", "D", "v", "P", "X"), strict=False)
    axes.set_yscale("symlog", linthresh=LINEAR)
    offsets = data.offset.values
    left = offsets.min() / 10 if len(offsets) else 1.0
    for start, colour, marker in marks:
        here = data.sel(start=start)
        style.whiskers(
            axes, offsets, style.estimate(here, "twin_exponent"), colour, f"from step {int(start)}", marker=marker
        )
        style.whiskers(axes, left, style.estimate(here), colour, marker=marker)
    axes.axhline(0, **STABLE)
    ticks, words = [left, *offsets], ["tangent\nvector", *(f"{offset:g}" for offset in offsets)]
    axes.set(
        xscale="log",
        xlabel="distance of the twins (norms of the weights)",
        ylabel=style.name(data.exponent, "exponent"),
    )
    axes.set_xticks(ticks, words)
    axes.minorticks_off()
    style.key(axes)


def colours(data: xr.Dataset) -> np.ndarray:
    """A colour for each distance of twins."""
    return style.ORDERED(np.linspace(0, 1, max(2, data.sizes["offset"])))[: data.sizes["offset"]]
