"""Modes of SGD after its training (Kunin et al.): phase space, stiffness, frequency, variance, minima, shares."""

from collections.abc import Iterable

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page

ROLES = {"directions": "directions", "phase_space": "phase_space"}
ABSENT = {"directions": "the walk of a child along its modes", "phase_space": "the phase space of a child"}
STRETCH = 200  # steps after the burn-in that are drawn as a line
DOTS = 1000  # most points of a walk
REGION = 5.991  # squared radius, in standard deviations, of the region with 95 % of a Gaussian in two dimensions
NORMAL = 1.96  # half the width of a Gaussian's 95 % interval, in standard deviations
WALK = {"color": "0.7", "marker": ".", "markersize": 1.5, "linestyle": ""}
LINE = {"color": style.BLUE, "linewidth": 0.7}
CHAIN = {"color": style.RED, "marker": "s", "markersize": 3.5, "markerfacecolor": "white", "linestyle": ""}
EQUAL = {"color": "black", "linewidth": 0.6}
CRITICAL = {"color": style.GREEN, "linewidth": 0.9, "linestyle": ":"}
KINDS = {  # looks of the modes of a kind, and of all other directions
    "oscillating": {"color": style.BLUE, "marker": "o"},
    "confined": {"color": style.GREEN, "marker": "s"},
    "diffusive": {"color": style.RED, "marker": "^"},
}
POSITIONS = {  # what is said of a mode's position, its look, and where it stands beside the mode's number
    "position_mean": ("mean position", {"color": style.BLUE, "marker": "o"}, -0.2),
    "minimum_training": ("minimum of the training loss", {"color": style.ORANGE, "marker": "^"}, 0.0),
    "minimum_modified": ("of the modified loss", {"color": style.PURPLE, "marker": "s"}, 0.2),
}


def draw(directions: xr.Dataset | None, phase_space: xr.Dataset | None) -> Page:
    """Velocity against position of the first and the last mode (a, b), stiffness (c) and frequency (d) against those of
    the Hessian, variances against curvature (e, f), mean positions and minima (g), shares of the displacement (h).

    directions, phase_space: directions.nc and phase_space.nc of a child.
    """
    figure, axes = style.panels("abc\ndef\ngh.", 6.6, single=Grid(2, 1.65))
    for letter, mode in (("a", 0), ("b", -1)):
        portrait(axes[letter], directions, phase_space, mode)
    for letter, name in (("c", "stiffness"), ("d", "frequency")):
        against_hessian(axes[letter], phase_space, name)
    for letter, name in (("e", "position"), ("f", "velocity")):
        variances(axes[letter], phase_space, name)
    positions(axes["g"], phase_space)
    shares(axes["h"], phase_space)
    style.same_axes([axes["g"], axes["h"]], "x")
    style.title_figure(figure, style.describe(directions), style.describe(phase_space))
    style.marks(
        figure,
        Line2D([], [], label="all steps after the burn-in", **WALK),
        Line2D([], [], label=f"the first {STRETCH} of them", **LINE),
        Line2D([], [], color="black", label="95 % of the exact theory", **style.FIT),
        Line2D([], [], label="equality", **EQUAL),
        "interval",
    )
    return figure


def known(axes: Axes, data: xr.Dataset | None, names: Iterable[str]) -> bool:
    """Whether a file of modes has finite values of these variables; if not, the panel is left out, with a note."""
    if style.missing(axes, data, ABSENT["phase_space"]):
        return False
    if not all(np.isfinite(data[name]).any() for name in names):
        style.placeholder(axes, "no finite values")
        return False
    return True


def portrait(axes: Axes, walk: xr.Dataset | None, modes: xr.Dataset | None, mode: int) -> None:
    """Velocity against position of a mode after the burn-in, and the region of its stationary state."""
    if style.missing(axes, walk, ABSENT["directions"]):
        return
    first = int(modes.first_step) if modes is not None else 0
    part = walk[["position", "velocity"]].isel(step=slice(first, None))
    if not part.sizes["mode"] or not np.isfinite(part.position[:, mode]).any():
        style.placeholder(axes, "no finite values")
        return
    part = part.isel(mode=mode)
    apart = part.isel(step=slice(None, None, max(1, part.sizes["step"] // DOTS)))
    axes.plot(apart.position, apart.velocity, **WALK)
    axes.plot(part.position[:STRETCH], part.velocity[:STRETCH], **LINE)
    if modes is not None:
        one = modes.isel(mode=mode)
        spread = np.sqrt(REGION * np.array([one.position_variance_chain, one.velocity_variance_chain]))
        turn = np.linspace(0, 2 * np.pi, 100)
        place = float(one.position_mean) + spread[0] * np.cos(turn)
        axes.plot(place, spread[1] * np.sin(turn), color="black", **style.FIT)
    number = range(walk.sizes["mode"])[mode] + 1
    axes.set(xlabel=f"position along mode {number}", ylabel=f"velocity along mode {number}")
    axes.locator_params("x", nbins=4)


def against_hessian(axes: Axes, data: xr.Dataset | None, name: str) -> None:
    """A fitted property of each mode against that of the Hessian."""
    if not known(axes, data, (name, f"{name}_hessian")):
        return
    x = data[f"{name}_hessian"].values
    style.whiskers(axes, x, style.estimate(data, name), style.BLUE, "modes", markersize=2.5)
    ends = [np.nanmin(x), np.nanmax(x)]
    if name == "stiffness":
        critical = float(data.critical_stiffness)
        ends = [min(critical, ends[0]), max(critical, ends[1])]
        axes.axhline(critical, **CRITICAL)
        axes.plot([critical, critical], ends, label="critical stiffness", **CRITICAL)
        style.key(axes, columns=2)
    else:
        style.key(axes)
    axes.plot(ends, ends, **EQUAL)
    axes.locator_params("x", nbins=4)
    axes.set(xlabel=f"{name} of the Hessian", ylabel=style.name(data[name], f"fitted {name}"))


def variances(axes: Axes, data: xr.Dataset | None, name: str) -> None:
    """Variance of the position or velocity of each mode against its curvature, and the one of the exact theory."""
    if not known(axes, data, ("curvature", f"{name}_variance", f"{name}_variance_chain")):
        return
    rho = data.curvature.values
    style.whiskers(axes, rho, style.estimate(data, f"{name}_variance"), style.BLUE, "measured", markersize=2.5)
    axes.plot(rho, data[f"{name}_variance_chain"], **CHAIN, label="exact theory", zorder=1.9)
    axes.set(yscale="log", xlabel="curvature along the mode", ylabel=f"variance of the {name}")
    style.key(axes, columns=2)


def positions(axes: Axes, data: xr.Dataset | None) -> None:
    """Mean position of each mode beside the minima of the training loss and of the modified loss."""
    if not known(axes, data, POSITIONS):
        return
    number = np.arange(data.sizes["mode"]) + 1
    for name, (label, look, beside) in POSITIONS.items():
        values = centre(data) if name == "position_mean" else style.estimate(data, name)
        style.whiskers(axes, number + beside, values, look["color"], label, marker=look["marker"], markersize=2.5)
    axes.set(xlabel="mode", ylabel="position along the mode")
    axes.locator_params("x", integer=True)
    style.key(axes)


def centre(data: xr.Dataset) -> tuple[np.ndarray, ...]:
    """Mean position of each mode with its 95 % interval from the exact theory."""
    mean, half = data.position_mean.values, NORMAL * data.position_mean_error.values
    return mean, mean - half, mean + half


def shares(axes: Axes, data: xr.Dataset | None) -> None:
    """Share of each mode in the squared displacement, by kind, and what is left to all other directions."""
    if not known(axes, data, ("share",)):
        return
    tested = not (data.kind_of_mode == "not tested").all()
    kinds, number = (data.kind_of_mode if tested else data.kind_of_chain).values, np.arange(data.sizes["mode"]) + 1
    for kind, look in KINDS.items():
        chosen = kinds == kind
        label = f"{kind} ({chosen.sum()}): {float(data.kind_share.sel(kind=kind)):.3f}"
        if chosen.any():
            axes.plot(number[chosen], data.share.values[chosen], linestyle="", markersize=3, label=label, **look)
    axes.axhline(float(data.outside_share), label=f"all other directions: {float(data.outside_share):.3f}", **style.ONE)
    axes.set(yscale="log", xlabel="mode", ylabel="share of the squared displacement")
    axes.locator_params("x", integer=True)
    style.key(axes, "kind by the tests (modes): share" if tested else "kind in the exact theory (modes): share")
