"""The Ornstein-Uhlenbeck process of SGD (Kunin et al.): a path, the training loss, the modified loss, the current."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page
from sgdwalk.theory import OrnsteinUhlenbeck

ROLES = {}
EIGENVALUES = (8.0, 1.0)  # of the Hessian of two weights
SETTINGS = {"learning_rate": 0.01, "momentum": 0.98, "weight_decay": 0.0, "batch_size": 8, "noise": 0.1}
START = (0.09, 0.0, 0.0, 0.0)  # both weights, both velocities
STEPS, SEED = 1500, 0
PATH = matplotlib.colormaps["plasma_r"]  # from light to dark
SHADES = (0.15, 1.0)  # of the first and of the last step, on that scale
ENDS = tuple(
    {"color": PATH(shade), "marker": marker, "markeredgecolor": "black"}
    for shade, marker in zip(SHADES, "os", strict=True)
)
CONTOUR = {"colors": "0.7", "linewidths": 0.6}
REGION = 5.991  # squared radius, in standard deviations, of the region with 95 % of a Gaussian in two dimensions
POINTS, ARROWS, TURN = 101, 15, 60  # grid of the contours and of the arrows, a side; steps of the path among the arrows


def draw() -> Page:
    """A path of two weights over the training loss (a) and over the modified loss (b), whose shape the stationary state
    has; the first weight and its velocity with the stationary probability current (c). Reads nothing: all is theory.
    """
    figure, axes = style.panels("abc", 2.5, single=Grid(2, 2.0))
    process = OrnsteinUhlenbeck(np.diag(EIGENVALUES), **SETTINGS)
    path, spread = sampled(process), np.sqrt(np.diagonal(process.stationary()))
    for letter, height in (("a", training_loss), ("b", in_plane(process, (0, 1)))):
        contours(axes[letter], height, np.full(2, 1.1 * START[0]))
        trace(axes[letter], path[:, :2])
        outline(axes[letter], spread[:2])
        axes[letter].set(xlabel="weight 1", ylabel="weight 2")
    phase = [0, 2]
    contours(axes["c"], in_plane(process, phase), 3 * spread[phase])
    current(axes["c"], process, phase)
    trace(axes["c"], path[-TURN:, phase])
    outline(axes["c"], spread[phase])
    axes["c"].set(xlabel="weight 1", ylabel="velocity of weight 1")
    for letter, title in zip("abc", ("training loss", "modified loss", "modified loss, current"), strict=True):
        style.heading(axes[letter], title)
    style.marks(
        figure,
        *(
            Line2D([], [], label=label, **look)
            for label, look in zip(("start of the path", "its end"), ENDS, strict=True)
        ),
        Line2D([], [], color=CONTOUR["colors"], linewidth=CONTOUR["linewidths"], label="equal loss"),
        Line2D([], [], color="black", label="95 % of the stationary state", **style.FIT),
        Line2D([], [], color=style.BLUE, marker=">", linestyle="", label="probability current"),
    )
    return figure


def sampled(process: OrnsteinUhlenbeck) -> np.ndarray:
    """The process from START, after 0 ... STEPS - 1 steps, without an error of discretisation [step, coordinate]."""
    move, kick = process.propagator(1), np.linalg.cholesky(process.covariance(1))
    rng, path = np.random.default_rng(SEED), np.empty((STEPS, len(START)))
    path[0] = START
    for k in range(1, STEPS):
        path[k] = process.centre + move @ (path[k - 1] - process.centre) + kick @ rng.standard_normal(len(START))
    return path


def training_loss(weights: np.ndarray) -> np.ndarray:
    """Half the sum of eigenvalue times squared weight, for weights [..., 2]."""
    return np.square(weights) @ np.array(EIGENVALUES) / 2


def in_plane(process: OrnsteinUhlenbeck, axes: Sequence[int]):
    """The modified loss as a function of these two coordinates [..., 2], the others at rest."""
    return lambda plane: process.modified_loss(placed(plane, axes))


def placed(plane: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Coordinates [..., 4] of the process with these two of them [..., 2], the others at rest."""
    whole = np.zeros((*plane.shape[:-1], len(START)))
    whole[..., list(axes)] = plane
    return whole


def contours(axes: Axes, height, reach: np.ndarray) -> None:
    """Contours of a function of the plane [..., 2] on [-reach, reach], evenly spaced in its square root."""
    grid = np.stack(np.meshgrid(*(np.linspace(-end, end, POINTS) for end in reach)), axis=-1)
    axes.contour(grid[..., 0], grid[..., 1], np.sqrt(height(grid)), levels=10, **CONTOUR)
    axes.set(xlim=(-reach[0], reach[0]), ylim=(-reach[1], reach[1]), box_aspect=1)


def trace(axes: Axes, path: np.ndarray) -> None:
    """A path [step, 2] whose colour is the step, from circle to square."""
    pieces = np.stack([path[:-1], path[1:]], axis=1)
    shades = np.linspace(*SHADES, len(pieces))
    axes.add_collection(LineCollection(pieces, array=shades, cmap=PATH, clim=(0, 1), lw=0.7))
    for place, look in zip(path[[0, -1]], ENDS, strict=True):
        axes.plot(*place, zorder=3, **look)


def outline(axes: Axes, spread: np.ndarray) -> None:
    """The region with 95 % of the stationary state, from the standard deviations along both axes."""
    turn = np.linspace(0, 2 * np.pi, POINTS)
    axes.plot(*np.sqrt(REGION) * spread[:, None] * [np.cos(turn), np.sin(turn)], color="black", **style.FIT)


def current(axes: Axes, process: OrnsteinUhlenbeck, plane: list[int]) -> None:
    """Arrows along the stationary probability current in a plane, of standard deviations per unit of time."""
    spread = np.sqrt(np.diagonal(process.stationary()))[plane]
    grid = np.stack(np.meshgrid(*(np.linspace(-2.6 * end, 2.6 * end, ARROWS) for end in spread)), axis=-1)
    flow = process.current(placed(grid, plane))[..., plane] / spread
    axes.quiver(*np.moveaxis(grid, -1, 0), *np.moveaxis(flow, -1, 0), color=style.BLUE, width=0.006, zorder=1.5)
