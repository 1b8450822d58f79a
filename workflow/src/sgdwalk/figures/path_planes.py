"""The loss on planes and a line through the snapshots of a run, and the variance that the planes explain."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import contours, style
from sgdwalk.figures.page import Grid, Page

ROLES = {"planes": "path_planes"}
ABSENT = {"planes": "a run with the loss on planes through its snapshots"}
COMPONENTS = 10  # that are shown, at most
CORNER = {"color": "white", "marker": "^", "markersize": 5, "markeredgecolor": "black", "linestyle": ""}
NULLS = {
    "explained_orthogonal": ("orthogonal steps of the same lengths", style.RED, "s"),
    "explained_random_walk": ("long random walk, 6/(π²k²)", style.BLACK, "_"),
}
LINES = {"line_loss": ("training images", style.BLUE, "-"), "line_test_loss": ("test images", style.ORANGE, "--")}


def draw(planes: xr.Dataset | None) -> Page:
    """Plane of the principal components (a), plane of three snapshots (b), variance explained (c), line (d).

    planes: path_planes.nc of a run.
    """
    figure, axes = style.panels("ab\ncd", 5.9, single=Grid(2, 2.6))
    for letter, kind in zip("ab", ("principal components", "three snapshots"), strict=True):
        plane(axes[letter], None if planes is None else planes.sel(plane=kind))
    variance(axes["c"], planes)
    line(axes["d"], planes)
    style.title_figure(figure, style.describe(planes))
    return figure


def plane(axes: Axes, data: xr.Dataset | None) -> None:
    """The loss on a plane, with the projected snapshots; data: of this plane."""
    if style.missing(axes, data, ABSENT["planes"]):
        return
    if str(data.status.values) != "ok":
        style.placeholder(axes, f"no plane of {data.plane.values}: {data.status.values}")
        return
    drawn = contours.filled(axes, data.x, data.y, data.loss)
    if drawn is None:
        return
    contours.bar(axes, drawn, style.name(data.loss))
    axes.plot(data.path_x, data.path_y, linewidth=0.8, label="snapshots, projected", zorder=2.1, **contours.PATH)
    if data.plane == "three snapshots":
        corners = data.epoch.isin(data.through).values
        words = ", ".join(f"{epoch:.3g}" for epoch in data.through.values)
        axes.plot(
            data.path_x[corners], data.path_y[corners], label=f"in the plane: epochs {words}", zorder=2.2, **CORNER
        )
    else:
        axes.set(xlabel="distance along component 1", ylabel="distance along component 2")
        axes.plot(0, 0, label="final weights", zorder=2.2, **contours.FINAL)
    style.key(axes)
    share = data.path_share.values
    if np.isfinite(share).any():
        least = f"at least {100 * np.nanmin(share):.0f} % of each squared distance from the origin"
        axes.figure.note(f"{least} to a snapshot lies in the plane", axes)


def variance(axes: Axes, data: xr.Dataset | None) -> None:
    """Share of the variance of each principal component, and those of two walks without structure."""
    if style.missing(axes, data, ABSENT["planes"]):
        return
    if not np.isfinite(data.explained).any():
        style.placeholder(axes, "the snapshots have no finite variance")
        return
    shown = data.isel(component=slice(COMPONENTS))
    axes.bar(shown.component, shown.explained, color=style.SKY, width=0.7, label="snapshots of the run")
    for name, (label, colour, marker) in NULLS.items():
        look = {"markersize": 12, "markeredgewidth": 1.5} if marker == "_" else {"markersize": 4}
        axes.plot(shown.component, shown[name], marker, color=colour, label=label, **look)
    ticks = shown.component.values
    axes.set(xlabel=style.name(data.component), ylabel=style.name(data.explained), xticks=ticks, ylim=(0, None))
    style.key(axes)


def line(axes: Axes, data: xr.Dataset | None) -> None:
    """The loss on the line between the initial and the final weights, and that of these weights themselves."""
    if style.missing(axes, data, ABSENT["planes"]):
        return
    if not np.isfinite(data.line_loss).any():
        style.placeholder(axes, "the line has no finite losses")
        return
    for name, (label, colour, dashes) in LINES.items():
        if name in data:
            axes.plot(data.position, data[name], dashes, color=colour, label=label)
    ends = data.snapshot_loss.values[[0, -1]]
    axes.plot([0, 1], ends, "o", color=style.BLACK, markerfacecolor="none", label="initial and final weights, training")
    values = np.concatenate([data[name].values for name in LINES if name in data])
    if np.nanmin(values) > 0 and np.nanmax(values) > 10 * np.nanmin(values):
        axes.set_yscale("log")
    axes.set(xlabel=style.name(data.position), ylabel=style.name(data.line_loss, "loss on the line"))
    style.key(axes)
