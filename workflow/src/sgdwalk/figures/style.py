"""Shared by all figures: colours, markers and line styles, panels, labels with units, fitted slopes and intervals."""

import itertools
import string
from collections.abc import Collection, Iterable

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sgdwalk.figures import page
from sgdwalk.figures.page import Page
from sgdwalk.storage.provenance import settings_of_run
from sgdwalk.trajectory.scaling_fits import even_weights

BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK)
GREY = "0.45"
RUN_SIZE = 6.5  # points, of the name of the run of a whole figure
WINDOWS = ListedColormap(matplotlib.colormaps["viridis"](np.linspace(0, 0.88, 256)), "windows")
WINDOW_MARKERS = ("o", "s", "^")  # of the first window, of one after a fifth of them, of the last
ORDERED = ListedColormap(matplotlib.colormaps["plasma"](np.linspace(0, 0.85, 256)), "ordered")  # all but windows
SURFACE = "cividis"
FIT = {"linestyle": (0, (4, 1.5)), "linewidth": 0.9, "zorder": 2.5}
UNSUPPORTED = {"linestyle": (0, (1, 1)), "linewidth": 1.0}
REFERENCE = {"color": "0.55", "marker": "D", "markersize": 3, "linestyle": "", "zorder": 1.5, "markerfacecolor": "none"}
ONE = {"color": "0.5", "linewidth": 0.7, "linestyle": "-.", "zorder": 0}
HOLLOW = {"color": GREY, "marker": "o", "markerfacecolor": "white", "linestyle": ""}
MARKS = {
    "fit": Line2D(
        [], [], label="power law, over the range that was fitted; exponent [95 % interval]", color=BLACK, **FIT
    ),
    "unsupported": Line2D([], [], color=GREY, label="lags that the window does not support", **UNSUPPORTED),
    "one": Line2D([], [], label="exponent 1: uncorrelated steps", **ONE),
    "gaussian": Line2D([], [], label="α = 2: Gaussian", **ONE),
    "interval": Line2D([], [], color=GREY, marker="|", linestyle="", markersize=8, label="95 % interval"),
    "band": Patch(color="0.8", label="95 % interval"),
    "hollow": Line2D([], [], label="too few pairs: not fitted", **HOLLOW),
    "unconverged": Line2D([], [], label="not converged", **HOLLOW),
}
LAWS = {  # told apart by their dashes, too
    "stable": {"label": "stable law", "color": RED, "linestyle": "-"},
    "gaussian": {"label": "Gaussian", "color": BLUE, "linestyle": (0, (5, 1.5))},
    "student-t": {"label": "Student's t", "color": GREEN, "linestyle": (0, (5, 1, 1, 1))},
    "laplace": {"label": "Laplace", "color": ORANGE, "linestyle": (0, (1, 1))},
    "mixture": {"label": "Gaussians by layer", "color": PURPLE, "linestyle": (0, (3, 1, 1, 1, 1, 1))},
    "exponential": {"label": "exponential", "color": SKY, "linestyle": (0, (2, 1))},
}
LAW_MARKERS = {"stable": "o", "gaussian": "v", "student-t": "s", "laplace": "^", "mixture": "D"}
UNITS = {
    "step": "steps",
    "epoch": "epochs",
    "nat2": "nat²",
    "nat-1": "1/nat",
    "grid step": "grid steps",
    "scale": "scales",
    "1 / scale": "1/scale",
}


def letters(count: int) -> list[str]:
    """Letters of `count` panels: a ... z, A ... Z, aa, ab, ..."""
    pairs = map("".join, itertools.product(string.ascii_letters, repeat=2))
    return list(itertools.islice(itertools.chain(string.ascii_letters, pairs), count))


def panels(
    layout: str | list[list[str]], height: float, single: page.Grid | None = None, solid: Collection[str] = ()
) -> tuple[Page, dict]:
    """A page of the width in force (page.settings) and its lettered panels.

    layout: the letters in rows, as at double width. height: inches of all rows there. single: the grid at single width;
    by default two columns, or one, of rows that are a sixth lower. solid: letters of panels in perspective. Panels that
    `placeholder` empties leave the page.
    """
    rows = layout.splitlines() if isinstance(layout, str) else layout
    grid = page.Grid(len(rows[0]), height / len(rows))
    if page.width() == "single":
        grid = single or page.Grid(min(2, grid.columns), grid.row / 1.2)
    figure = Page([letter for row in rows for letter in row if letter != "."], grid, solid)
    return figure, dict(figure.panels)


def placeholder(axes: Axes, text: str) -> None:
    """Take a panel without data off the page; a note below the panels says what is missing."""
    axes.figure.leave_out(axes, text)


def missing(axes: Axes, data, what: str) -> bool:
    """Whether data is None or an empty list; if so, the panel is left out, and a note names what the study lacks."""
    if data is None or (isinstance(data, list) and not data):
        placeholder(axes, f"not in this study: {what}")
        return True
    return False


def nothing(axes: Axes, data: xr.Dataset | None, variable: str, what: str) -> bool:
    """Whether data is None or has no finite value of this variable; if so, the panel is left out, and a note says why.

    what: the study lacks where data is None.
    """
    if missing(axes, data, what):
        return True
    if np.isfinite(data[variable]).any():
        return False
    placeholder(axes, f"{data.attrs['run']} has no finite {data[variable].attrs['long_name']}")
    return True


def no_finite_window(axes: Axes, windows: list[int], run: str) -> bool:
    """Whether the list of finite windows is empty; if so, the panel is left out, and a note says so."""
    if not windows:
        placeholder(axes, f"{run or 'the run'} has no window with finite values")
    return not windows


def parts(data: xr.Dataset) -> list[str]:
    """What a run is: its network, batch and window, as far as they are known."""
    run = settings_of_run(data)
    trained = {} if run.get("walk") else run
    found = ((trained, "model", "{}"), (trained, "batch_size", "batch {}"), (run, "window", "T = {}"))
    return [unbroken(words.format(known[key])) for known, key, words in found if known.get(key)]


def unbroken(text: str) -> str:
    """The text with spaces at which no line ends."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def describe(data: xr.Dataset | None) -> str:
    """A run by its name and `parts`: 'resnet14-a: resnet14, batch 32, T = 250'."""
    if data is None:
        return ""
    return ": ".join(filter(None, [data.attrs.get("run", ""), ", ".join(parts(data))]))


def describe_common(runs: list[xr.Dataset]) -> str:
    """The `parts` that all runs have in common: 'all runs: batch 32, T = 250'."""
    each = [parts(data) for data in runs]
    shared = [part for part in each[0] if all(part in other for other in each)] if each else []
    return f"all runs: {', '.join(shared)}" if shared else ""


def title_run(axes: Axes, data: xr.Dataset | None, more: str = "") -> None:
    """The run, as `describe` names it, above a panel."""
    heading(axes, "; ".join(filter(None, [describe(data), more])))


def heading(axes: Axes, text: str) -> None:
    """Text at the right above a panel."""
    if axes.figure is not None:
        axes.figure.headings[axes] = text


def title_figure(figure: Page, *texts: str) -> None:
    """The run of a whole figure, once above all its panels; several texts where its files are of several runs."""
    named = dict.fromkeys(filter(None, texts))
    if named and figure.panels:
        figure.suptitle("; ".join(named), x=0.01, ha="left", fontsize=RUN_SIZE)


def key(axes: Axes, title: str | None = None, handles: list[Artist] | None = None, columns: int = 1) -> None:
    """A legend above a panel, where no data are: its labelled artists or these handles, in at most `columns`."""
    if axes.figure is not None:
        axes.figure.keys[axes] = page.Key(title, handles, columns)


def marks(figure: Page, *names: str | Artist) -> None:
    """Legend below all panels; names: keys of MARKS, or handles with a label."""
    if figure.panels:
        figure.marks += [MARKS[name] if isinstance(name, str) else name for name in names]


def same_axes(panels: Iterable[Axes], which: str = "xy") -> None:
    """Equal limits of the panels that are still on the page, so that each shows the data of all."""
    kept = [axes for axes in panels if axes.figure is not None]
    for name in which:
        limits = np.array([getattr(axes, f"get_{name}lim")() for axes in kept])
        for axes in kept:
            axes.set(**{f"{name}lim": (limits[:, 0].min(), limits[:, 1].max())})


def finite(variable: xr.DataArray) -> list[int]:
    """Positions of the windows in which a variable [window, ...] has any finite value."""
    values = np.isfinite(variable.values.astype(float)).reshape(variable.sizes["window"], -1)
    return [int(k) for k in np.flatnonzero(values.any(axis=1))]


def first_fifth_last(windows: list[int]) -> list[int]:
    """The first window, the one after about a fifth of them, and the last; fewer where these coincide."""
    fifth = max(1, len(windows) // 5)
    return [windows[k] for k in sorted({0, min(fifth, len(windows) - 1), len(windows) - 1})]


def window_looks(data: xr.Dataset, windows: list[int]) -> list[tuple[int, dict]]:
    """(window, colour and marker) of three windows at most, the same in every figure."""
    shown, colours = first_fifth_last(windows), window_scale(data)
    markers = WINDOW_MARKERS if len(shown) == 3 else (WINDOW_MARKERS[0], WINDOW_MARKERS[-1])
    starts = data.window_start.values
    return [
        (k, {"color": colours.to_rgba(float(starts[k])), "marker": marker})
        for k, marker in zip(shown, markers, strict=False)
    ]


def window_scale(data: xr.Dataset) -> ScalarMappable:
    """Colour scale of a file's windows by their start."""
    starts = data.window_start.values
    return ScalarMappable(Normalize(starts[0], max(starts[-1], starts[0] + 1)), WINDOWS)


def name(variable: xr.DataArray, text: str = "") -> str:
    """Axis label 'long name (units)', without units for a dimensionless variable; `text` replaces the long name."""
    text, units = text or variable.attrs["long_name"], variable.attrs["units"]
    return text if units == "1" else f"{text} ({UNITS.get(units, units)})"


def loglog(axes: Axes, x: str, y: str) -> None:
    """Logarithmic axes with these labels."""
    axes.set(xscale="log", yscale="log", xlabel=x, ylabel=y)


def interval_text(value: float, low: float, high: float) -> str:
    """'1.24 [1.15, 1.38]'."""
    return f"{value:.2f} [{low:.2f}, {high:.2f}]".replace("-", "−")


def power_text(values: tuple) -> str:
    """An exponent (value, low, high) as text; 'no power law' where it is NaN."""
    return interval_text(*values) if np.isfinite(values).all() else "no power law"


def estimate(data: xr.Dataset, variable: str = "exponent") -> tuple[np.ndarray, ...]:
    """(value, low, high) of a variable."""
    return tuple(data[f"{variable}{end}"].values for end in ("", "_low", "_high"))


def broken_line(axes: Axes, x, y, fit: xr.Dataset, name: str, exponents: str, shown, *, divided: int = 0) -> None:
    """The continuous pair of power laws that was fitted to y(x), between the ends of the fit and through its bins.

    fit: of one window, with exponents [fit], first_NAME and last_NAME of `short` and `long`, and crossover_NAME; shown:
    which points were fitted; divided: power of x that y was divided by. The level is the mean of the logarithms,
    uniform in log x, as in the fit.
    """
    short, long = (fit.sel(fit=side) for side in ("short", "long"))
    low, bend, high = (float(v) for v in (short[f"first_{name}"], fit[f"crossover_{name}"], long[f"last_{name}"]))
    slopes = float(short[exponents]) - divided, float(long[exponents]) - divided
    inside = shown & (x >= 0.999 * low) & (x <= 1.001 * high) & (y > 0)
    if inside.sum() < 2 or not np.isfinite([low, bend, high, *slopes]).all():
        return
    reach = np.unique([x[inside][0], np.clip(bend, x[inside][0], x[inside][-1]), x[inside][-1]])
    weights = even_weights(x[inside])
    level = np.average(np.log(y[inside]) - log_broken(x[inside], bend, slopes), weights=weights)
    axes.plot(reach, np.exp(level + log_broken(reach, bend, slopes)), color=BLACK, **FIT)


def log_broken(x: np.ndarray, bend: float, slopes: tuple[float, float]) -> np.ndarray:
    """Logarithm of a power law of slopes[0] below the bend and slopes[1] above it, 0 at the bend."""
    u = np.log(x / bend)
    return np.where(u < 0, slopes[0], slopes[1]) * u


def power_line(axes: Axes, x, y, exponent: float, ends: Iterable[float], *, even: bool = True, **look) -> None:
    """Draw the power law of this exponent through y(x) between two ends, at the level that a fit by least squares has.

    even: whether points count evenly in log x, as in the fits of curves, or each alike.
    """
    low, high = map(float, ends)
    inside = (x >= low) & (x <= high) & (y > 0)
    if inside.sum() < 2 or not np.isfinite(exponent):
        return
    u, v = np.log(x[inside]), np.log(y[inside])
    level = np.average(v - exponent * u, weights=even_weights(x[inside]) if even else None)
    reach = np.array([x[inside][0], x[inside][-1]], float)
    axes.plot(reach, np.exp(level) * reach**exponent, **FIT | {"color": BLACK} | look)


def supported_curve(axes: Axes, lag, curve, supported, label: str | None = None, **look) -> None:
    """A curve that is dotted at the lags that are not supported; markers, if any, at six lags."""
    lag, curve, solid = np.asarray(lag), np.asarray(curve, float), np.asarray(supported, bool)
    marker = look.pop("marker", "")
    axes.plot(lag, np.where(beside(solid), curve, np.nan), label=None, **look)
    axes.plot(lag, np.where(beside(~solid), curve, np.nan), **look | UNSUPPORTED)
    known = np.flatnonzero(np.isfinite(curve))
    if marker and len(known):
        at = np.unique(np.searchsorted(lag[known], np.geomspace(lag[known[0]], lag[known[-1]], 6).round()))
        axes.plot(lag[known][at], curve[known][at], marker, color=look["color"], markersize=2.8)
    axes.plot([], [], marker=marker, label=label, **look)


def beside(chosen: np.ndarray) -> np.ndarray:
    """The chosen points and the one after each stretch of them, so that neighbouring stretches join."""
    return chosen | np.append(False, chosen[:-1])


def msd_window(axes: Axes, data: xr.Dataset, label: str, **look) -> None:
    """MSD of one window, its fit by the paper's protocol from tau_0 on, and the exponent in the label."""
    lag, curve, fit = data.lag.values, data.msd.values, data.sel(fit="paper")
    values = estimate(fit)
    supported_curve(axes, lag, curve, data.supported.values > 0, f"{label}: {power_text(values)}", **look)
    power_line(axes, lag, curve, values[0], (fit.first_lag, fit.last_lag))


def gaussian_line(axes: Axes) -> None:
    """The line alpha = 2, which MARKS explains."""
    axes.axhline(2, **ONE)


def whiskers(axes: Axes, x, values: tuple, colour, label: str | None = None, **look) -> None:
    """Points with vertical intervals (value, low, high); vlines because a value may lie outside its own interval."""
    value, low, high = (np.atleast_1d(v).astype(float) for v in values)
    axes.vlines(np.broadcast_to(x, value.shape), low, high, color=colour, linewidth=0.9)
    axes.plot(np.broadcast_to(x, value.shape), value, **{"marker": "o", "linestyle": "", "color": colour} | look)
    if label:
        axes.lines[-1].set_label(label)


def across(axes: Axes, y, values: tuple, colour, **look) -> None:
    """Points with horizontal intervals (value, low, high) at heights y."""
    value, low, high = (np.atleast_1d(v).astype(float) for v in values)
    axes.hlines(np.broadcast_to(y, value.shape), low, high, color=colour, linewidth=0.9)
    axes.plot(value, np.broadcast_to(y, value.shape), **{"marker": "o", "linestyle": "", "color": colour} | look)
