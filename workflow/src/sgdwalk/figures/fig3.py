"""Fig. 3 of Chen et al.: exponents of both regimes and tau_0 against batch size and depth."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sgdwalk.figures import chen2022, style
from sgdwalk.storage.provenance import settings_of_run
from sgdwalk.study.sweeps import design

ROLES = {"runs": "msd"}
QUANTITIES = (
    ("exponent", 0, "exponent, first window"),
    ("exponent", -1, "exponent, last window"),
    ("crossover_lag", 0, "τ₀, first window"),
)
PUBLISHED = ("first", "second", "tau0")
FACTORS = {"batch_size": "batch size (images)", "depth": "depth (layers)"}
SHORTCUT = {True: "with shortcuts", False: "without shortcuts", None: "network without this option"}


@dataclass(frozen=True)
class Point:
    """A run: its factors (depth, batch size, ...) and the three quantities, each (value, low, high)."""

    factors: dict
    values: list[tuple[float, float, float]]


def draw(runs: list[xr.Dataset] | None) -> Figure:
    """Exponents against batch size (a-c) and depth (d-f).

    runs: msd.nc of every run. Runs without a known depth are omitted and counted.
    """
    figure, axes = style.panels("abc\ndef", 4.9)
    points = points_of(runs or [])
    for letters, (factor, other) in zip(("abc", "def"), (list(FACTORS), list(FACTORS)[::-1]), strict=True):
        for letter, quantity in zip(letters, range(3), strict=True):
            panel(axes[letter], points, quantity, factor, other)
        legend(axes[letters[0]], points, other)
    omitted = len(runs or []) - len(points)
    if omitted:
        axes["a"].set_title(f"{omitted} omitted: depth unknown", loc="right", fontsize=7)
    kinds = {point.factors.get("shortcut") for point in points} | ({True, False} if comparable(points) else set())
    fills = [
        Line2D([], [], color="0.3", linestyle="", label=label, **marker(kind))
        for kind, label in SHORTCUT.items()
        if kind in kinds
    ]
    fills.append(Line2D([], [], color="0.3", marker="|", linestyle="", markersize=9, label="95 % interval of a run"))
    if comparable(points):
        fills.append(Line2D([], [], label=chen2022.LABEL, **style.REFERENCE))
    figure.legend(handles=fills, loc="outside lower center", ncols=len(fills))
    return figure


def comparable(points: list[Point]) -> bool:
    """Whether any run uses the data set of the published exponents."""
    return any(point.factors.get("dataset") == chen2022.DATASET for point in points)


def points_of(runs: list[xr.Dataset]) -> list[Point]:
    """The runs whose settings include a depth."""
    pairs = [(data, design(settings_of_run(data))) for data in runs]
    return [Point(factors, measured(data)) for data, factors in pairs if "depth" in factors]


def measured(data: xr.Dataset) -> list[tuple[float, float, float]]:
    """The three quantities of a run, from its first and last finite window."""
    windows = style.finite(data.msd)
    if not windows:
        return [(np.nan,) * 3] * len(QUANTITIES)
    fit = data.sel(fit="paper").isel(window=windows)
    return [style.estimate(fit.isel(window=k), variable) for variable, k, _ in QUANTITIES]


def panel(axes: Axes, points: list[Point], quantity: int, factor: str, other: str) -> None:
    """One quantity against one factor, coloured by the other; runs of equal factors side by side."""
    if style.missing(axes, points, "networks of several depths"):
        return
    if not np.isfinite([point.values[quantity][0] for point in points]).any():
        style.placeholder(axes, "no run has a power law\nby the paper's protocol")
        return
    colour = colours(points, other)
    for point, shift in zip(points, shifts(points, factor), strict=True):
        x, shape = point.factors[factor] * np.exp(shift), marker(point.factors.get("shortcut"))
        style.whiskers(axes, x, point.values[quantity], colour[point.factors[other]], **shape)
    if comparable(points):
        references(axes, PUBLISHED[quantity], factor)
    variable, _, label = QUANTITIES[quantity]
    ticks = sorted({point.factors[factor] for point in points})
    axes.set(xscale="log", xlabel=FACTORS[factor], ylabel=label)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(ticks[0] / 1.35, ticks[-1] * 1.35)
    if variable == "exponent":
        axes.axhline(1, color="0.5", linewidth=0.7, linestyle=":", zorder=0)
    else:
        axes.set(yscale="log", ylabel=f"{label} (steps)")
        style.plain_ticks(axes.yaxis)


def marker(shortcut: bool | None) -> dict:
    """Marker of a network with shortcuts (True), without (False), or of a family without this option (None)."""
    return {True: {"marker": "o"}, False: {"marker": "o", "markerfacecolor": "white"}, None: {"marker": "^"}}[shortcut]


def references(axes: Axes, quantity: str, factor: str) -> None:
    """Published values of the sweeps over batch size and depth; hollow: without shortcuts."""
    for row in chen2022.EXPONENTS:
        if row.batch_size:
            face = {} if row.shortcut else {"markerfacecolor": "white"}
            axes.plot(getattr(row, factor), getattr(row, quantity), **style.REFERENCE | face)


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
    """A colour for each value of a factor."""
    values = sorted({point.factors[factor] for point in points})
    return {value: style.COLOURS[k % len(style.COLOURS)] for k, value in enumerate(values)}


def legend(axes: Axes, points: list[Point], factor: str) -> None:
    """Legend of the colours."""
    if not points:
        return
    handles = [
        Line2D([], [], color=colour, marker="s", linestyle="", label=f"{value:g}")
        for value, colour in colours(points, factor).items()
    ]
    style.headroom(axes, 0.2)
    axes.legend(
        handles=handles,
        title=FACTORS[factor],
        loc="upper right",
        ncols=4,
        columnspacing=0.8,
        handletextpad=0.1,
    )
