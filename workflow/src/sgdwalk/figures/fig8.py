"""Fig. 8 of Chen et al.: noisy descent on a fractal, a random and a convex surface."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page, width

ROLES = {"fractal": "toy/fractal", "random": "toy/random", "convex": "toy/convex"}
ABSENT = {
    "fractal": "walks on a fractal surface",
    "random": "walks on a random surface",
    "convex": "walks on a convex surface",
}
SURFACES = {
    "fractal": {"color": style.BLUE, "linestyle": "-"},
    "random": {"color": style.RED, "linestyle": (0, (5, 1.5))},
    "convex": {"color": style.GREEN, "linestyle": (0, (5, 1, 1, 1))},
}
# By first positions and stage of the walk.
STAGES = {
    ("random", "descent"): ("before", "o"),
    ("random", "basin"): ("after", "^"),
    ("random", "whole"): ("", "s"),
    ("high", "start"): ("from high starts", "D"),
}
BEFORE_AND_AFTER = (("random", "descent"), ("random", "basin"))
SPAN = 60
ENDS = {"color": "white", "markeredgecolor": "black", "linestyle": "", "markersize": 4}


def draw(fractal: xr.Dataset | None, random: xr.Dataset | None, convex: xr.Dataset | None) -> Page:
    """Paths (a, d, e), MSD on the fractal surface (b) and on the others (f), gradient densities (c).

    Each argument is the toy.nc of that surface.
    """
    figure, axes = style.panels("abc\ndef", 5.6, single=Grid(2, 2.5))
    toys = dict(zip(SURFACES, (fractal, random, convex), strict=True))
    path(axes["a"], fractal, "fractal")
    displacements(axes["b"], {"fractal": fractal}, {"fractal": (*BEFORE_AND_AFTER, ("high", "start"))})
    densities(axes["c"], toys)
    escape(axes["d"], fractal)
    path(axes["e"], random, "random")
    others = {"random": random, "convex": convex}
    displacements(axes["f"], others, {"random": (("random", "whole"),), "convex": BEFORE_AND_AFTER})
    style.same_axes([axes["b"], axes["f"]])
    style.marks(figure, "fit")
    return figure


def heights(axes: Axes, data: xr.Dataset, inside=((-1, 1), (-1, 1))):
    """The surface as an image with one pixel centred on each grid point; axes limits ((x0, x1), (y0, y1))."""
    low, high = float(data.x[0]), float(data.x[-1])
    half = (high - low) / (data.sizes["x"] - 1) / 2
    extent = [low - half, high + half] * 2
    image = axes.imshow(data.surface.values.T, origin="lower", extent=extent, aspect="auto", cmap="Greys_r")
    axes.set(xlabel=style.name(data.x, "x"), ylabel=style.name(data.y, "y"), box_aspect=1)
    axes.set(xlim=inside[0], ylim=inside[1])
    axes.locator_params(nbins=5 if width() == "double" else 3)
    return image


def colour_bar_below(axes: Axes, colours, label: str) -> None:
    """A colour bar below the panel."""
    axes.figure.colorbar(colours, ax=axes, label=label, location="bottom", aspect=25, ticks=MaxNLocator(3))


def typical_walker(data: xr.Dataset) -> int:
    """The walker with the median entry time into its last minimum; if none enters after the start, the farthest one."""
    entry, steps = data.entry.values, data.sizes["step"]
    late = np.flatnonzero((entry > 0) & (entry < steps))
    if len(late):
        return int(late[np.argsort(entry[late], kind="stable")[len(late) // 2]])
    moved = np.linalg.norm(data.position.values[:, -1] - data.position.values[:, 0], axis=-1)
    return int(np.nanargmax(moved)) if np.isfinite(moved).any() else 0


def path(axes: Axes, data: xr.Dataset | None, surface: str) -> None:
    """Trajectory of one walker on the surface, from circle to square."""
    if style.missing(axes, data, ABSENT[surface]):
        return
    colour_bar_below(axes, heights(axes, data), style.name(data.surface))
    walk = data.position.values[typical_walker(data)]
    axes.plot(*walk.T, color=style.RED, linewidth=0.6, label=f"{len(walk)} steps")
    mark_ends(axes, walk)
    style.key(axes, columns=3)
    style.heading(axes, surface)


def mark_ends(axes: Axes, walk: np.ndarray) -> None:
    """Circle at the start of a walk [step, axis], square at its end."""
    axes.plot(*walk[0], marker="o", label="start", **ENDS)
    axes.plot(*walk[-1], marker="s", label="end", **ENDS)


def displacements(axes: Axes, toys: dict[str, xr.Dataset | None], stages: dict[str, tuple]) -> None:
    """MSD by stage of the walks, mean over surfaces, with exponents, which a stage with too few walkers lacks."""
    shown = {name: data for name, data in toys.items() if data is not None}
    if style.missing(axes, list(shown), "walks on " + " and ".join(toys) + " surfaces"):
        return
    parts = {
        name: [data.sel(start=start, stage=stage) for start, stage in stages[name]] for name, data in shown.items()
    }
    if not any(np.isfinite(part.exponent) for found in parts.values() for part in found):
        style.placeholder(axes, f"too few walkers in every stage on {' and '.join(shown)} surfaces")
        return
    for surface in shown:
        for place, part in zip(stages[surface], parts[surface], strict=True):
            words, marker = STAGES[place]
            words = ", ".join(filter(None, [surface * (len(shown) > 1), words]))
            values = style.estimate(part)
            look = {"color": SURFACES[surface]["color"], "marker": marker, "linestyle": "", "markersize": 2.5}
            if not np.isfinite(values).all():
                axes.plot([], [], label=f"{words}: too few walkers", **look)
                continue
            axes.plot(part.lag, part.msd, label=f"{words}: {style.interval_text(*values)}", **look)
            ends = (part.first_lag, part.last_lag)
            style.power_line(axes, part.lag.values, part.msd.values, values[0], ends)
    data = next(iter(shown.values()))
    style.loglog(axes, style.name(data.lag), style.name(data.msd))
    style.key(axes, "before, after last minimum")
    style.heading(axes, f"{', '.join(shown)}: {data.sizes['replicate']} surfaces")


def densities(axes: Axes, toys: dict[str, xr.Dataset | None]) -> None:
    """Densities of the gradient's components in standard deviations of their surface, with alpha of the stable law."""
    shown = {name: data for name, data in toys.items() if data is not None}
    if style.missing(axes, list(shown), "walks on toy surfaces"):
        return
    least = np.inf
    for surface, data in shown.items():
        z, density = data.gradient_bin.values, data.gradient_density.values
        kept = density > 0
        values = style.estimate(data, "alpha")
        words = style.interval_text(*values) if np.isfinite(values).all() else str(data.status.values)
        axes.plot(z[kept], density[kept], label=f"{surface}: {words}", **SURFACES[surface])
        least = min(least, density[kept].min(initial=np.inf))
    z = np.linspace(-5, 5, 201)
    gaussian = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    inside = gaussian >= 0.3 * least
    axes.plot(z[inside], gaussian[inside], ":", color="black", label="Gaussian")
    axes.set(yscale="log", xlabel="gradient component (SD)", ylabel="probability density (1 / SD)")
    style.key(axes, "surface: α of the stable law")


def escape(axes: Axes, data: xr.Dataset | None) -> None:
    """Escape from a local minimum: 2 SPAN steps, confined in the first half, far in the second; colour: step length."""
    if style.missing(axes, data, ABSENT["fractal"]):
        return
    walker, begin = farthest_escape(data.position.values, data.entry.values)
    walk = data.position.values[walker, begin : begin + 2 * SPAN]
    reach = min(0.6 * max(np.ptp(walk, axis=0).max(), 0.02), 1)
    middle = np.clip((walk.max(axis=0) + walk.min(axis=0)) / 2, reach - 1, 1 - reach)  # the surface ends at 1
    heights(axes, data, tuple((m - reach, m + reach) for m in middle))
    length = np.linalg.norm(np.diff(walk, axis=0), axis=1)
    lines = LineCollection(np.stack([walk[:-1], walk[1:]], axis=1), array=length, cmap=style.ORDERED, linewidth=1)
    axes.add_collection(lines)
    mark_ends(axes, walk)
    colour_bar_below(axes, lines, "length of a step")
    style.key(axes, f"{len(walk)} steps; shades as in a", columns=2)
    style.heading(axes, "fractal, an escape")


def farthest_escape(position: np.ndarray, entry: np.ndarray) -> tuple[int, int]:
    """(walker, first step) of the largest ratio of displacements in two successive intervals of SPAN steps.

    position [walker, step, axis]; entry [walker]: step of entry into the last minimum, before which the interval ends.
    """
    span = min(SPAN, position.shape[1] // 3)
    way = np.linalg.norm(position[:, span:] - position[:, :-span], axis=-1)
    score = way[:, span:] / (way[:, :-span] + 0.05)
    score[np.arange(score.shape[1]) + 2 * span > np.maximum(entry, 2 * span)[:, None]] = -1
    walker, begin = np.unravel_index(np.nanargmax(score), score.shape)
    return int(walker), int(begin)
