"""How fast and how far SGD goes on after its training (Kunin et al.): steps, displacement, exponents, drift."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sgdwalk.figures import style
from sgdwalk.figures.ensembles import near
from sgdwalk.figures.page import Grid, Page
from sgdwalk.study.sweeps import common_name
from sgdwalk.trajectory.between_seeds import between_seeds

ROLES = {"groups": "limiting_ensemble", "runs": "displacement", "speed": "speed", "directions": "directions"}
MOST = {"groups": 3}
SAME_RUNS = ("runs", "speed", "directions")
ABSENT = {
    "groups": "children that differ only in their seed",
    "runs": "the displacement of these children",
    "speed": "the predicted steps of these children",
    "directions": "the steps of these children",
}
LOOKS = (
    {"color": style.BLUE, "linestyle": "-"},
    {"color": style.ORANGE, "linestyle": "-"},
    {"color": style.PURPLE, "linestyle": (0, (5, 1, 1, 1))},
)
BINS = 25  # of the steps of a run
SINGLE = {"linewidth": 0.5, "alpha": 0.6}
PREDICTED = {"linestyle": (0, (6, 1.5)), "linewidth": 1.4}
DOTTED = {"linestyle": ":", "linewidth": 1.1}
NULL = {"linestyle": (0, (3, 1, 1, 1, 1, 1)), "linewidth": 0.9}
MARGIN = 0.25  # of the range of means, beyond which intervals are cut


def draw(
    groups: list[xr.Dataset] | None,
    runs: list[xr.Dataset] | None = None,
    speed: list[xr.Dataset] | None = None,
    directions: list[xr.Dataset] | None = None,
) -> Page:
    """Mean squared step (a); squared displacement from the start (b) and averaged over starts (c); running exponent
    (d); exponent against the length of the run (e); share of a drift (f).

    groups: limiting_ensemble.nc of each group, at most three. runs, speed, directions: displacement.nc, speed.nc and
    directions.nc of the runs in these groups. ValueError for more groups and for a run that is in none of them.
    """
    groups = groups or []
    if len(groups) > MOST["groups"]:
        raise ValueError(f"limiting_displacement: groups: {len(groups)} groups, but there are {MOST['groups']} looks")
    figure, axes = style.panels("abc\ndef", 4.7, single=Grid(2, 1.95))
    steps(axes["a"], groups, members(groups, directions, "directions"), members(groups, speed, "speed"))
    each = members(groups, runs, "runs")
    for letter, panel in (("b", from_start), ("c", averaged), ("d", running), ("e", lengths), ("f", drift)):
        if not style.missing(axes[letter], groups, ABSENT["groups"]):
            panel(axes[letter], groups, each)
    style.marks(
        figure,
        Line2D([], [], color=style.GREY, label="single run", **SINGLE),
        Line2D([], [], color=style.GREY, label="mean of the runs"),
        "band",
        Line2D([], [], color=style.GREY, label="a: predicted from the gradient noise", **PREDICTED),
        "fit",
        Line2D([], [], color=style.GREY, label="c: without drift; d: from the start", **DOTTED),
        Line2D([], [], color=style.GREY, label="f: largest share of a driftless walk (97.5 %)", **NULL),
        "one",
    )
    return figure


def members(groups: list[xr.Dataset], files: list[xr.Dataset] | None, role: str) -> list[list[xr.Dataset]]:
    """The files of each group's runs; ValueError for a file of another run."""
    names = [[str(run) for run in group.run.values] for group in groups]
    for data in files or [] if groups else []:
        if not any(data.attrs["run"] in group for group in names):
            found = ", ".join(map(name_of, groups))
            raise ValueError(f"limiting_displacement: {role}: '{data.attrs['run']}' is in none of the groups ({found})")
    return [[data for data in files or [] if data.attrs["run"] in group] for group in names]


def name_of(group: xr.Dataset) -> str:
    """What the names of a group's runs have in common, or the first of them."""
    return common_name([str(run) for run in group.run.values])


def looks(groups: list[xr.Dataset]) -> list[tuple[str, xr.Dataset, dict]]:
    """(name, data, look) of each group."""
    return [(name_of(group), group, look) for group, look in zip(groups, LOOKS, strict=False)]


def steps(axes: Axes, groups: list, directions: list[list[xr.Dataset]], speed: list[list[xr.Dataset]]) -> None:
    """Squared length of the steps, mean over stretches of each run, and the mean that the gradient noise predicts."""
    if style.missing(axes, [data for each in directions for data in each], ABSENT["directions"]):
        return
    for (name, _, look), walked, told in zip(looks(groups), directions, speed, strict=True):
        for data in walked:
            axes.plot(*stretches(data), **look | SINGLE)
        ratio = between_seeds(xr.DataArray([float(data.ratio) for data in told], dims="run"))[:3]
        axes.plot([], [], label=f"{name}: {text_of(ratio)}" if told else name, **look)
        if told:
            mean = xr.concat([data[["step", "predicted_at"]] for data in told], "run", join="outer").mean("run")
            axes.plot(mean.step, mean.predicted_at, **look | PREDICTED)
    if not any(np.isfinite(line.get_ydata()).any() for line in axes.lines if len(line.get_ydata())):
        style.placeholder(axes, "no finite values")
        return
    axes.set(xlabel="step", ylabel=style.name(directions[0][0].squared_step, "mean squared step"))
    style.key(axes, "measured / predicted [95\N{NO-BREAK SPACE}% interval]" if any(speed) else None)


def stretches(data: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """(middle, mean squared step) of BINS stretches of a run that are equally long."""
    parts = np.array_split(np.arange(data.sizes["step"]), min(BINS, data.sizes["step"]))
    squares = data.squared_step.values
    return np.array([part.mean() for part in parts]), np.array([squares[part].mean() for part in parts])


def text_of(values: tuple) -> str:
    """(value, low, high) as text in which no line ends; without an interval where there is none, as of a single run."""
    value, low, high = map(float, values)
    if not np.isfinite(value):
        return style.unbroken("no value")
    return style.unbroken(style.interval_text(value, low, high) if np.isfinite(low) else f"{value:.2f}")


def from_start(axes: Axes, groups: list[xr.Dataset], runs: list[list[xr.Dataset]]) -> None:
    """Squared displacement from the start, with the paper's fit over the last two thirds of the run."""
    for (name, group, look), each in zip(looks(groups), runs, strict=True):
        for data in each:
            axes.plot(data.time, data.squared_displacement, **look | SINGLE)
        words = text_of(style.estimate(group.sel(fit="start")))
        curve(axes, group, "squared_displacement", f"{name}: {words}", look)
        end = float(group.length[-1])
        exponent = float(group.exponent.sel(fit="start"))
        style.power_line(axes, group.time.values, group.squared_displacement.values, exponent, (end / 3, end))
    on_logarithms(axes, groups[0].time, "squared displacement from the start", "exponent c, last two thirds of the run")


def averaged(axes: Axes, groups: list[xr.Dataset], runs: list[list[xr.Dataset]]) -> None:
    """Time-averaged MSD after the burn-in, with its fit, and without the drift of each run."""
    for (name, group, look), each in zip(looks(groups), runs, strict=True):
        for data in each:
            axes.plot(data.lag, data.msd, **look | SINGLE)
            axes.plot(data.lag, data.msd_without_drift.where(data.msd_without_drift > 0), **look | DOTTED)
        fits = [style.estimate(group.sel(fit=fit)) for fit in ("average", "without_drift")]
        curve(axes, group, "msd", f"{name}: {', '.join(map(text_of, fits))}", look)
        lag = group.lag.values
        if len(lag):
            style.power_line(axes, lag, group.msd.values, float(fits[0][0]), lag[[0, -1]])
    on_logarithms(axes, groups[0].lag, "time-averaged MSD", "exponent c, and without drift")


def curve(axes: Axes, group: xr.Dataset, name: str, label: str, look: dict) -> None:
    """The mean of a group with its interval between seeds."""
    x, mean = group[group[name].dims[0]].values, group[name].values
    low, high = (group[f"{name}_{end}"].values for end in ("low", "high"))
    axes.fill_between(x, low, high, color=look["color"], alpha=0.2, linewidth=0)
    axes.plot(x, mean, label=label, **look)


def on_logarithms(axes: Axes, x: xr.DataArray, y: str, title: str) -> None:
    """Logarithmic axes that end near the curves; the panel is left out where no value is positive."""
    curves = [line.get_ydata() for line in axes.lines]
    if not any((np.asarray(values, float) > 0).any() for values in curves):
        style.placeholder(axes, "no finite values")
        return
    style.loglog(axes, style.name(x), y)
    near(axes, curves)
    style.key(axes, title)


def running(axes: Axes, groups: list[xr.Dataset], runs: list[list[xr.Dataset]]) -> None:
    """Running exponents: of the time-averaged MSD against lag and, dotted, of the displacement from the start."""
    for name, group, look in looks(groups):
        curve(axes, group, "local_exponent", name, look)
        axes.plot(group.time, group.start_exponent, **look | DOTTED)
    means = [group[name].values for group in groups for name in ("local_exponent", "start_exponent")]
    if near_means(axes, means):
        axes.axhline(1, **style.ONE)
        axes.set(xscale="log", xlabel="lag, or time since the start (steps)", ylabel="running exponent c")
        style.key(axes, columns=2)


def lengths(axes: Axes, groups: list[xr.Dataset], runs: list[list[xr.Dataset]]) -> None:
    """The exponent of the paper's fit against the length of the run, of which later steps are left out."""
    for k, (name, group, look) in enumerate(looks(groups)):
        place = group.length.values * 1.03 ** (2 * k - len(groups) + 1)
        style.whiskers(axes, place, style.estimate(group, "exponent_of_length"), look["color"], name, markersize=2.5)
        for data in runs[k]:
            axes.plot(data.length, data.exponent_of_length, **look | SINGLE)
    if near_means(axes, [group.exponent_of_length.values for group in groups]):
        axes.axhline(1, **style.ONE)
        axes.set(xscale="log", xlabel=style.name(groups[0].length), ylabel="exponent c from the start")
        style.key(axes, columns=2)


def drift(axes: Axes, groups: list[xr.Dataset], runs: list[list[xr.Dataset]]) -> None:
    """Share of the time-averaged MSD that a mean drift makes, and the largest that a driftless walk shows."""
    for (name, group, look), each in zip(looks(groups), runs, strict=True):
        curve(axes, group, "drift_share", name, look)
        for data in each:
            axes.plot(data.lag, data.drift_share, **look | SINGLE)
            axes.plot(data.lag, data.drift_share_null, **look | NULL)
    if near_means(axes, [group.drift_share.values for group in groups]):
        axes.set(xscale="log", xlabel=style.name(groups[0].lag), ylabel="share of a drift in the MSD")
        style.key(axes, columns=2)


def near_means(axes: Axes, means: list[np.ndarray]) -> bool:
    """End the vertical axis near the means and lines of a panel; False, and the panel is left out, if none is finite.

    Intervals of a few seeds are wider than that; a heading says where they are cut.
    """
    values = np.concatenate([np.ravel(mean) for mean in means])
    values = values[np.isfinite(values)]
    if not len(values):
        style.placeholder(axes, "no finite values")
        return False
    low, high = values.min(), values.max()
    room = MARGIN * (high - low) + 0.05 * abs(high)
    cut = axes.dataLim.y0 < low - room or axes.dataLim.y1 > high + room
    axes.set_ylim(low - room, high + room)
    style.heading(axes, "cut at the axis" * bool(cut))
    return True
