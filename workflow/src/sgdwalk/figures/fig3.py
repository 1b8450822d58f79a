"""Fig. 3 of Chen et al.: exponents of both regimes and tau_0 against batch size and depth."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import chen2022, style
from sgdwalk.figures.page import Grid, Page
from sgdwalk.storage.provenance import settings_of_run
from sgdwalk.study.sweeps import design

ROLES = {"runs": "msd"}
ABSENT = {"runs": "networks of several depths"}
QUANTITIES = (
    ("exponent", 0, "exponent, first window"),
    ("exponent", -1, "exponent, last window"),
    ("crossover_lag", 0, "τ₀, first window"),
)
PUBLISHED = ("first", "second", "tau0")
FACTORS = {"batch_size": "batch size (images)", "depth": "depth (layers)"}
PALETTES = {"depth": style.COLOURS[:4], "batch_size": (style.BLACK, style.SKY, style.PURPLE, style.GREY)}
SHORTCUT = {True: "with shortcuts", False: "without shortcuts", None: "network without this option"}
MARKERS = {
    True: {"marker": "o"},
    False: {"marker": "s", "markerfacecolor": "white"},
    None: {"marker": "^"},
}
PUBLISHED_MARKERS = {True: "D", False: "d"}


@dataclass(frozen=True)
class Point:
    """A run: its factors (depth, batch size, ...) and the three quantities, each (value, low, high)."""

    factors: dict
    values: list[tuple[float, float, float]]


def draw(runs: list[xr.Dataset] | None) -> Page:
    """Exponents against batch size (a-c) and depth (d-f).

    runs: msd.nc of every run. Runs without a known depth are omitted and counted.
    """
    figure, axes = style.panels("abc\ndef", 4.6, single=Grid(2, 1.9))
    points = points_of(runs or [])
    for letters, (factor, other) in zip(("abc", "def"), (list(FACTORS), list(FACTORS)[::-1]), strict=True):
        for letter, quantity in zip(letters, range(3), strict=True):
            panel(axes[letter], points, quantity, factor, other)
    for shared in ("ad", "be", "cf"):
        style.same_axes([axes[letter] for letter in shared], "y")
    omitted = len(runs or []) - len(points)
    if omitted and points:
        figure.note(f"{omitted} runs omitted: depth unknown")
    if (runs or []) and not points:
        figure.note("no run of a known depth")
    style.title_figure(figure, style.describe_common([data for data in runs or [] if known_depth(data)]))
    legend(figure, points)
    return figure


def legend(figure: Page, points: list[Point]) -> None:
    """Legend below the panels: markers, intervals, the shifts of runs, published values."""
    kinds = {point.factors.get("shortcut") for point in points}
    shapes = [
        Line2D([], [], color=style.GREY, linestyle="", label=label, **MARKERS[kind])
        for kind, label in SHORTCUT.items()
        if kind in kinds
    ]
    beside = Line2D([], [], linestyle="", label="runs of equal x stand side by side")
    style.marks(figure, *shapes, "interval", beside, "one")
    if comparable(points):
        for with_, marker in PUBLISHED_MARKERS.items():
            look = style.REFERENCE | {"marker": marker}
            style.marks(figure, Line2D([], [], label=f"{chen2022.LABEL}, {SHORTCUT[with_]}", **look))


def comparable(points: list[Point]) -> bool:
    """Whether any run uses the data set of the published exponents."""
    return any(point.factors.get("dataset") == chen2022.DATASET for point in points)


def known_depth(data: xr.Dataset) -> bool:
    """Whether the settings of a run include the depth of its network."""
    return "depth" in design(settings_of_run(data))


def points_of(runs: list[xr.Dataset]) -> list[Point]:
    """The runs whose settings include a depth."""
    return [Point(design(settings_of_run(data)), measured(data)) for data in runs if known_depth(data)]


def measured(data: xr.Dataset) -> list[tuple[float, float, float]]:
    """The three quantities of a run, from its first and last finite window."""
    windows = style.finite(data.msd)
    if not windows:
        return [(np.nan,) * 3] * len(QUANTITIES)
    fit = data.sel(fit="paper").isel(window=windows)
    return [style.estimate(fit.isel(window=k), variable) for variable, k, _ in QUANTITIES]


def panel(axes: Axes, points: list[Point], quantity: int, factor: str, other: str) -> None:
    """One quantity against one factor, coloured by the other; runs of equal factors side by side."""
    if style.missing(axes, points, ABSENT["runs"]):
        return
    if not np.isfinite([point.values[quantity][0] for point in points]).any():
        style.placeholder(axes, "no run has a power law by the paper's protocol")
        return
    colour = colours(points, other)
    for point, shift in zip(points, shifts(points, factor), strict=True):
        x, shape = point.factors[factor] * np.exp(shift), MARKERS[point.factors.get("shortcut")]
        style.whiskers(axes, x, point.values[quantity], colour[point.factors[other]], **shape)
    if comparable(points):
        references(axes, PUBLISHED[quantity], factor)
    variable, _, label = QUANTITIES[quantity]
    axes.set(xscale="log", xlabel=FACTORS[factor], ylabel=label)
    x_ticks(axes, points, factor)
    if variable == "exponent":
        axes.axhline(1, **style.ONE)
    else:
        axes.set(yscale="log", ylabel=f"{label} (steps)")
    handles = [
        Line2D([], [], color=shade, marker="o", linestyle="", label=f"{value:g}") for value, shade in colour.items()
    ]
    style.key(axes, FACTORS[other], handles, columns=4)


def x_ticks(axes: Axes, points: list[Point], factor: str) -> None:
    """A tick at each value of the runs, and of the published ones where they are shown."""
    values = {point.factors[factor] for point in points}
    if comparable(points):
        values |= {getattr(row, factor) for row in chen2022.EXPONENTS if row.batch_size}
    axes.set_xticks(sorted(values), [f"{value:g}" for value in sorted(values)])
    axes.set_xticks([], minor=True)
    places = [
        point.factors[factor] * np.exp(shift) for point, shift in zip(points, shifts(points, factor), strict=True)
    ]
    ends = np.log([min(*places, *values), max(*places, *values)])
    beside = max(0.08 * np.ptp(ends), 0.05)
    axes.set_xlim(np.exp(ends[0] - beside), np.exp(ends[1] + beside))


def references(axes: Axes, quantity: str, factor: str) -> None:
    """Published values of the sweeps over batch size and depth."""
    for row in chen2022.EXPONENTS:
        if row.batch_size:
            look = style.REFERENCE | {"marker": PUBLISHED_MARKERS[row.shortcut]}
            axes.plot(getattr(row, factor), getattr(row, quantity), **look)


def shifts(points: list[Point], factor: str) -> list[float]:
    """Small horizontal shifts, in units of the natural logarithm, that separate runs of equal factor."""
    groups = {value: [] for value in sorted({p.factors[factor] for p in points})}
    order = sorted(range(len(points)), key=lambda k: (not points[k].factors.get("shortcut"), k))
    for k in order:
        groups[points[k].factors[factor]].append(k)
    shift = np.zeros(len(points))
    logs = np.log(list(groups))
    room = np.diff(logs).min() if len(logs) > 1 else 0.7
    step = min(0.05 * max(np.ptp(logs), 0.7), 0.6 * room / max(map(len, groups.values())))
    for members in groups.values():
        shift[members] = step * (np.arange(len(members)) - (len(members) - 1) / 2)
    return list(shift)


def colours(points: list[Point], factor: str) -> dict:
    """A colour for each value of a factor; no colour means both a depth and a batch size."""
    values = sorted({point.factors[factor] for point in points})
    return {value: PALETTES[factor][k % len(PALETTES[factor])] for k, value in enumerate(values)}
