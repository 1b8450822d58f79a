"""Gradient descent without noise on fractional Brownian surfaces: its MSD exponent beside that of Ly & Gong."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page

ROLES = {"noiseless": "toy/noiseless"}
ABSENT = {"noiseless": "toy walks without noise"}
# Diffusion exponents at H = 0.1, ..., 0.9 of Ly & Gong (doi 10.1038/s41467-025-58532-9), means of five runs in the data
# that come with the authors' code; the learning rate of each is not stated there. A reference, not a target.
PUBLISHED = (0.98, 1.01, 0.98, 0.98, 0.99, 0.80, 0.62, 0.44, 0.21)
PREDICTED = {"color": "black", "linestyle": "--", "linewidth": 0.8}
MEASURED = {"color": "0.5", "marker": "s", "linestyle": "", "markersize": 4, "markerfacecolor": "none", "zorder": 3}


def draw(noiseless: xr.Dataset) -> Page:
    """MSD exponents (a) and the share of walkers at rest (b) against the Hurst exponent of the surface."""
    figure, axes = style.panels("ab", 3.0, single=Grid(1, 2.2))
    for letter, quantity in (("a", "exponent"), ("b", "resting")):
        if not style.missing(axes[letter], noiseless, ABSENT["noiseless"]):
            curves(axes[letter], noiseless, quantity)
    if axes["a"].figure is not None:
        axes["a"].plot([0, 0.5, 1], [1, 1, 0], **PREDICTED)
        axes["a"].plot(np.arange(1, 10) / 10, PUBLISHED, **MEASURED)
        looks = {"predicted by Ly & Gong": PREDICTED, "simulated by Ly & Gong": MEASURED}
        style.marks(figure, *(Line2D([], [], label=label, **look) for label, look in looks.items()))
    return figure


def curves(axes: Axes, data: xr.Dataset, quantity: str) -> None:
    """Means over surfaces with their 95 % intervals, a curve for each learning rate."""
    if not np.isfinite(data[quantity]).any():
        style.placeholder(axes, f"no {style.name(data[quantity])}")
        return
    rates = data.learning_rate.values
    for k, colour in enumerate(style.ORDERED(np.linspace(0, 1, len(rates)))):
        part = data.isel(learning_rate=k)
        values = tuple(part[f"{quantity}{end}"].values for end in ("", "_low", "_high"))
        style.whiskers(
            axes, part.hurst.values, values, colour, f"{rates[k]:g}", linestyle="-", marker="o", markersize=3
        )
    axes.set(xlabel="Hurst exponent H", ylabel=style.name(data[quantity]), xlim=(0, 1))
    style.key(axes, "learning rate", columns=4)
