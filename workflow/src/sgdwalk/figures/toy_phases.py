"""The toy model of Chen et al. against roughness of the surface and step size: where its claims hold."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page, width

ROLES = {"phases": "toy/phases"}
ABSENT = {"phases": "toy walks by Hurst exponent and step size"}
PANELS = {"a": ("descent", "MSD exponent"), "b": ("basin", "MSD exponent"), "c": ("alpha", "stability parameter α")}
HEADINGS = ("before the last minimum", "in the last minimum", "gradients", "together")
PAPER = {"step_size": 0.02, "hurst": 1.0}
MARK = {"marker": "o", "linestyle": "", "markersize": 4.5}
DOT = MARK | {"color": "white", "markeredgecolor": "black", "label": "claim holds, more than on a paraboloid"}
RING = MARK | {"color": "black", "markeredgecolor": "white", "label": "claim holds, no more than on a paraboloid"}
STAR = {"marker": "*", "color": style.ORANGE, "markeredgecolor": "black", "linestyle": "", "markersize": 8}
STAR |= {"label": "published"}


def draw(phases: xr.Dataset) -> Page:
    """Exponents before (a) and in (b) the last minimum, alpha (c), and the number of claims that hold together (d)."""
    figure, axes = style.panels("abcd", 2.6, single=Grid(2, 2.4))
    if phases is None:
        for each in axes.values():
            style.missing(each, None, ABSENT["phases"])
        return figure
    every, beyond = [], []
    for letter, (quantity, label) in PANELS.items():
        part = phases.sel(quantity=quantity)
        every.append(holds(part))
        beyond.append(more_than_null(part))
        panel(axes[letter], part.value.values, label, every[-1], beyond[-1])
    count = np.sum(every, axis=0)
    panel(axes["d"], count, "claims that hold", count == len(every), np.all(beyond, axis=0), vmin=0, vmax=len(every))
    for letter, heading in zip("abcd", HEADINGS, strict=True):
        frame(axes[letter], phases, heading)
    style.marks(figure, *(Line2D([], [], **look) for look in (DOT, RING, STAR)))
    return figure


def holds(part: xr.Dataset) -> np.ndarray:
    """Whether the whole interval of the value lies in the range that the claim expects [hurst, step_size]."""
    return (part.value_low.values > float(part.expected_low)) & (part.value_high.values < float(part.expected_high))


def more_than_null(part: xr.Dataset) -> np.ndarray:
    """Whether the value lies further on the claim's side than on a paraboloid, with the whole interval."""
    claimed_above = np.isfinite(float(part.expected_low))
    return part.contrast_low.values > 0 if claimed_above else part.contrast_high.values < 0


def panel(axes: Axes, values: np.ndarray, label: str, hold: np.ndarray, beyond: np.ndarray, **limits) -> None:
    """Values [hurst, step_size] as shades, and marks where a claim holds."""
    if not np.isfinite(values).any():
        style.placeholder(axes, f"no {label}")
        return
    shades = axes.imshow(values, origin="lower", aspect="auto", cmap=style.ORDERED, **limits)
    ticks = MaxNLocator(3, integer=bool(limits))
    axes.figure.colorbar(shades, ax=axes, label=label, location="bottom", aspect=20, ticks=ticks)
    for where, look in ((hold & beyond, DOT), (hold & ~beyond, RING)):
        rows, columns = np.nonzero(where)
        axes.plot(columns, rows, **look)


def frame(axes: Axes, phases: xr.Dataset, heading: str) -> None:
    """Axes of the grid, whose cells are evenly spaced, and the published setting in the upper part of its cell."""
    if axes.figure is None:  # left out
        return
    for axis, name, label in (("x", "step_size", "step size η"), ("y", "hurst", "Hurst exponent H")):
        values = phases[name].values
        shown = np.unique(
            np.linspace(0, len(values) - 1, min(len(values), 5 if width() == "double" else 3)).round().astype(int)
        )
        axes.set(**{f"{axis}ticks": shown, f"{axis}ticklabels": [f"{values[k]:g}".lstrip("0") for k in shown]})
        axes.set(**{f"{axis}label": label})
    place = [np.interp(PAPER[name], phases[name], np.arange(phases.sizes[name])) for name in ("step_size", "hurst")]
    inside = all(phases[name].min() <= PAPER[name] <= phases[name].max() for name in PAPER)
    if inside:
        axes.plot(place[0], place[1] + 0.25, **STAR)
    style.heading(axes, heading)
