"""Steps and exponents of children against learning rate, batch size, momentum and weight decay (Kunin et al.)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import kunin2021, style
from sgdwalk.figures.page import Grid, Page
from sgdwalk.storage.provenance import settings_of_run
from sgdwalk.study.sweeps import design

ROLES = {"speed": "speed", "displacement": "displacement"}
SAME_RUNS = ("speed", "displacement")
ABSENT = {"speed": "children of several hyperparameters", "displacement": "children of several hyperparameters"}
MEASURED = {"marker": "o", "markersize": 3}
PREDICTED = {"marker": "s", "markersize": 3.5, "markerfacecolor": "white"}
FITS = {  # of displacement.nc
    "start": ("c from the start, last two thirds", style.PURPLE, "o"),
    "without_drift": ("c of the time average, without drift", style.GREEN, "^"),
}
REACH = 2.0  # published values are shown to this factor beyond the range of the runs
APART = 0.04  # of the range of a hyperparameter, between measured and predicted
REFERENCES = dict(zip(kunin2021.PUBLISHED, ("D", "v"), strict=True))
DECADES = {0.0: "0", 0.9: "0.9", 0.99: "0.99", 0.999: "0.999"}  # ticks of a momentum


class Parameter(NamedTuple):
    """A hyperparameter: its name in words, and where its values are on a logarithmic axis."""

    words: str
    place: Callable[[float], float] = float


PARAMETERS = {
    "lr": Parameter("learning rate"),
    "batch_size": Parameter("batch size"),
    "momentum": Parameter("momentum", lambda momentum: 1 / (1 - momentum)),
    "weight_decay": Parameter("weight decay"),
}


def draw(speed: list[xr.Dataset] | None, displacement: list[xr.Dataset] | None) -> Page:
    """Mean squared step (above) and exponents c (below), a column for each hyperparameter that the runs vary.

    speed, displacement: speed.nc and displacement.nc of the same children. A column has the runs that differ in its
    hyperparameter and in their seeds alone; where there are several such sets, the one with the most values.
    """
    files = {"speed": speed or [], "displacement": displacement or []}
    varied = [name for name in PARAMETERS if any(sweep(each, name) for each in files.values())]
    letters = style.letters(2 * max(len(varied), 1))
    rows = [letters[: len(letters) // 2], letters[len(letters) // 2 :]]
    layout, height = ([letters], 2.4) if len(rows[0]) == 1 else (rows, 4.3)
    figure, axes = style.panels(layout, height, single=Grid(2, 2.0 if len(rows[0]) < 4 else 1.6))
    for row, each, panel, what in zip(rows, files.values(), (speeds, exponents), ABSENT.values(), strict=True):
        for letter, name in zip(row, varied or [""], strict=True):
            runs = sweep(each, name) if name else []
            if not style.missing(axes[letter], runs, what):
                panel(axes[letter], runs, name)
        style.same_axes([axes[letter] for letter in row], "y")
    for pair in zip(*rows, strict=True):
        style.same_axes([axes[letter] for letter in pair], "x")
    if figure.panels:
        style.title_figure(figure, style.describe_common([run for each in files.values() for run in each]))
    drawn = (handle for axes in figure.panels.values() for handle in axes.get_legend_handles_labels()[0])
    style.marks(figure, *{handle.get_label(): handle for handle in drawn}.values(), "interval", "one")
    return figure


def sweep(runs: list[xr.Dataset], parameter: str) -> list[xr.Dataset]:
    """The runs that differ in this hyperparameter and in their seeds alone, by its value; none for a single value."""
    alike: dict[str, list[xr.Dataset]] = {}
    for data in runs:
        own = settings_of_run(data)
        if own.get(parameter) is not None:
            others = repr(sorted((key, repr(v)) for key, v in design(own).items() if key not in (parameter, "seed")))
            alike.setdefault(others, []).append(data)
    widest = max(
        alike.values(), key=lambda found: (len({value(data, parameter) for data in found}), len(found)), default=[]
    )
    several = len({value(data, parameter) for data in widest}) > 1
    return sorted(widest, key=lambda data: value(data, parameter)) if several else []


def value(data: xr.Dataset, parameter: str) -> float:
    """A hyperparameter of a run."""
    return float(settings_of_run(data)[parameter])


def speeds(axes: Axes, runs: list[xr.Dataset], parameter: str) -> None:
    """Mean squared length of a step, measured and predicted from the gradient noise, a run a marker."""
    known = finite(axes, runs, "speed")
    places = positions(runs, parameter)
    for k, data in enumerate(known):
        place, label = places[value(data, parameter)], k == 0
        beside = (
            place + 0.15
            if parameter == "weight_decay"
            else place * (max(places.values()) / min(places.values())) ** APART
        )
        style.whiskers(axes, place, style.estimate(data, "speed"), style.BLUE, "mean squared step" * label, **MEASURED)
        guess = style.estimate(data, "predicted")
        style.whiskers(
            axes, beside, guess, style.RED, "predicted from the gradient noise" * label, **PREDICTED, zorder=1.9
        )
    if known:
        axes.set(yscale="log", ylabel="mean squared step")
        across(axes, places, parameter)


def exponents(axes: Axes, runs: list[xr.Dataset], parameter: str) -> None:
    """Exponents c, a run a marker, beside published ones."""
    known = finite(axes, runs, "exponent")
    places = positions(runs, parameter)
    for fit, (label, colour, marker) in FITS.items() if known else ():
        x = [places[value(data, parameter)] for data in known]
        y = [float(data.exponent.sel(fit=fit)) for data in known]
        axes.plot(x, y, marker, color=colour, markersize=3, label=label)
    for label, marker in REFERENCES.items() if known else ():
        low, high = min(places.values()) / REACH, max(places.values()) * REACH
        found = [(PARAMETERS[parameter].place(x), y) for x, y in kunin2021.sweep(label, parameter)]
        shown = [(x, y) for x, y in found if low <= x <= high]
        if shown:
            axes.plot(*zip(*shown, strict=True), **style.REFERENCE | {"marker": marker, "label": label})
    if known:
        axes.axhline(1, **style.ONE)
        axes.set(ylabel="exponent c")
        across(axes, places, parameter)


def finite(axes: Axes, runs: list[xr.Dataset], name: str) -> list[xr.Dataset]:
    """The runs with a finite value of a variable; a note counts the others, and the panel is left out without any."""
    known = [data for data in runs if np.isfinite(data[name]).any()]
    if not known:
        style.placeholder(axes, "no finite values")
    elif len(known) < len(runs):
        axes.figure.note(f"{len(runs) - len(known)} of {len(runs)} runs without finite values", axes)
    return known


def positions(runs: list[xr.Dataset], parameter: str) -> dict[float, float]:
    """Where the values of a hyperparameter are on the axis; those of the weight decay, of which 0 is one, by rank."""
    values = sorted({value(data, parameter) for data in runs})
    if parameter == "weight_decay":
        return {known: float(rank) for rank, known in enumerate(values)}
    return {known: PARAMETERS[parameter].place(known) for known in values}


def across(axes: Axes, places: dict[float, float], parameter: str) -> None:
    """The horizontal axis of a hyperparameter."""
    axes.set(xlabel=PARAMETERS[parameter].words)
    if parameter == "weight_decay":
        axes.set_xticks(list(places.values()), [f"{known:g}" for known in places])
        axes.set_xlim(-0.4, len(places) - 0.6)
        return
    axes.set(xscale="log")
    if parameter == "momentum":
        axes.set_xticks([PARAMETERS[parameter].place(known) for known in DECADES], DECADES.values())
        axes.set_xticks([], minor=True)
        drawn = np.concatenate(
            [np.atleast_1d(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "None"]
        )
        axes.set_xlim(drawn.min() / 1.5, drawn.max() * 1.5)
