"""The loss surfaces of runs side by side, as contours and as reliefs (Li et al. 2018, arXiv 1712.09913)."""

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize

from sgdwalk.figures import contours, style
from sgdwalk.figures.page import Grid, Page

ROLES = {"surfaces": "landscape"}
MOST = {"surfaces": 2}
ABSENT = {"surfaces": "a run with a loss surface"}
FACES = 50  # along a side of a relief, at most
VIEW = {"elev": 30, "azim": -60}  # degrees

Scale = tuple[Normalize, np.ndarray]


def draw(surfaces: list[xr.Dataset] | None) -> Page:
    """Contours (upper row) and reliefs (lower row) of the first plane of each run, all in the same colours.

    surfaces: landscape.nc of one run or two. ValueError for more.
    """
    runs = surfaces or [None]
    if len(runs) > MOST["surfaces"]:
        raise ValueError(f"loss_planes: surfaces: {len(runs)} runs, but there are {MOST['surfaces']} panels for them")
    letters = style.letters(2 * len(runs))
    above, below = letters[: len(runs)], letters[len(runs) :]
    figure, axes = style.panels([above, below], 5.8, Grid(len(runs), 3.2 if len(runs) == 1 else 2.1), solid=below)
    losses = np.ma.masked_invalid(np.concatenate([data.loss[0].values.ravel() for data in surfaces or []] or [[]]))
    scale = contours.colours(losses) if losses.count() else None
    drawn = [contour(axes[letter], data, scale) for letter, data in zip(above, runs, strict=True)]
    for letter, data in zip(below, runs, strict=True):
        relief(axes[letter], data, scale)
    if figure.panels:
        label = style.name(runs[0].loss, "training loss")
        contours.bar(list(figure.panels.values()), next(filter(None, drawn)), label)
    style.title_figure(figure, style.describe_common(surfaces or []))
    return figure


def contour(axes: Axes, data: xr.Dataset | None, scale: Scale | None):
    """Contours of a run's loss, its final weights, and its name; the colours, or None where the panel is left out."""
    if style.missing(axes, data, ABSENT["surfaces"]):
        return None
    drawn = contours.filled(axes, data.x, data.y, data.loss[0], scale)
    if drawn is not None:
        axes.locator_params(nbins=5)
        axes.plot(0, 0, label="final weights", **contours.FINAL)
        style.key(axes)
        style.heading(axes, data.attrs.get("run", ""))
    return drawn


def relief(axes: Axes, data: xr.Dataset | None, scale: Scale | None) -> None:
    """The same loss as a surface in perspective, whose height is what its colour is."""
    if style.missing(axes, data, ABSENT["surfaces"]):
        return
    loss = np.ma.masked_invalid(data.loss[0].values).filled(np.nan)
    if not np.isfinite(loss).any():
        style.placeholder(axes, "the surface has no finite values")
        return
    norm, logarithmic = scale[0], isinstance(scale[0], LogNorm)
    x, y = np.meshgrid(data.x, data.y, indexing="ij")
    axes.plot_surface(
        x, y, np.log10(loss) if logarithmic else loss, facecolors=colormaps[style.SURFACE](norm(loss)),
        rcount=FACES, ccount=FACES, shade=False, edgecolor=(0, 0, 0, 0.3), linewidth=0.2,
    )  # fmt: skip
    limits = np.array([norm.vmin, norm.vmax])
    axes.set_zlim(*(np.log10(limits) if logarithmic else limits))
    axes.view_init(**VIEW)
    axes.set_box_aspect((1, 1, 0.7), zoom=1.25)
    axes.set_axis_off()
    kind = "the logarithm of the loss" if logarithmic else "the loss"
    axes.figure.note(f"the surface above in perspective; height: {kind}", axes)
