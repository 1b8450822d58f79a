"""Shared by all figures: fonts and colours, panels, labels with units, fitted slopes and intervals."""

import itertools
import string
from collections.abc import Iterable

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter

WIDTH = 7.2
SMALL = 6.5
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK)
WINDOWS = ListedColormap(matplotlib.colormaps["viridis"](np.linspace(0, 0.88, 256)), "windows")
SURFACE = "cividis"
FIT = {"linestyle": (0, (4, 2)), "linewidth": 1.3}
REFERENCE = {"color": "0.6", "marker": "D", "markersize": 3, "linestyle": "", "zorder": 1.5}
MARKS = {
    "fit": Line2D([], [], color="0.3", label="fit (shifted up): exponent [95 % interval]", **FIT),
    "tau": Line2D([], [], color="0.3", marker="o", mfc="white", linestyle="", label="τ₀: start of the fit"),
    "pairs": Patch(color="0.9", label="a window shown does not support these lags"),
    "hollow": Line2D([], [], color="0.3", marker="o", mfc="white", linestyle="", label="too few pairs to fit"),
    "unconverged": Line2D([], [], color="0.3", marker="o", mfc="white", linestyle="", label="not converged"),
}
UNITS = {"step": "steps", "epoch": "epochs", "nat2": "nat²", "grid step": "grid steps", "scale": "scales"}
FEW_DECADES = 1000  # ratio of the ends of an axis
RC = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "legend.frameon": False,
    "legend.borderaxespad": 0.3,
    "legend.handlelength": 1.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "image.cmap": SURFACE,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "sgdwalk",
}


def letters(count: int) -> list[str]:
    """Letters of `count` panels: a ... z, A ... Z, aa, ab, ..."""
    pairs = map("".join, itertools.product(string.ascii_letters, repeat=2))
    return list(itertools.islice(itertools.chain(string.ascii_letters, pairs), count))


def panels(layout: str | list[list[str]], height: float, **options) -> tuple[Figure, dict[str, Axes]]:
    """A figure of full text width and its lettered panels.

    layout: as for matplotlib's subplot_mosaic, one line or list per row. height: inches.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplot_mosaic(layout, **options)
    for letter, panel in axes.items():
        panel.set_title(letter, loc="left", fontweight="bold")
    return figure, axes


def settle(figure: Figure) -> None:
    """Lay the figure out once for all formats; panels of fixed aspect need a second pass."""
    for _ in range(2):
        figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")


def placeholder(axes: Axes, text: str) -> None:
    """A note in place of a panel without data."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color="0.35", fontsize=7, transform=axes.transAxes)


def missing(axes: Axes, data, what: str) -> bool:
    """Whether data is None or an empty list; if so, a note in the panel says what is not in the study."""
    if data is None or (isinstance(data, list) and not data):
        placeholder(axes, f"not in this study:\n{what}")
        return True
    return False


def title_run(axes: Axes, data: xr.Dataset | None) -> None:
    """The run's name as the right-hand title of a panel."""
    if data is not None:
        axes.set_title(data.attrs.get("run", ""), loc="right", fontsize=7)


def no_finite_window(axes: Axes, windows: list[int], run: str) -> bool:
    """Whether the list of finite windows is empty; if so, a note in the panel says so."""
    if not windows:
        placeholder(axes, f"{run or 'the run'}:\nno window with finite values")
    return not windows


def finite(variable: xr.DataArray) -> list[int]:
    """Positions of the windows in which a variable [window, ...] has any finite value."""
    values = np.isfinite(variable.values.astype(float)).reshape(variable.sizes["window"], -1)
    return [int(k) for k in np.flatnonzero(values.any(axis=1))]


def first_fifth_last(windows: list[int]) -> list[int]:
    """The first window, the one after about a fifth of them, and the last; fewer where these coincide."""
    fifth = max(1, len(windows) // 5)
    return [windows[k] for k in sorted({0, min(fifth, len(windows) - 1), len(windows) - 1})]


def name(variable: xr.DataArray, text: str = "") -> str:
    """Axis label 'long name (units)', without units for a dimensionless variable; `text` replaces the long name."""
    text, units = text or variable.attrs["long_name"], variable.attrs["units"]
    return text if units == "1" else f"{text} ({UNITS.get(units, units)})"


def loglog(axes: Axes, x: str, y: str) -> None:
    """Logarithmic axes with these labels."""
    axes.set(xscale="log", yscale="log", xlabel=x, ylabel=y)


def headroom(axes: Axes, fraction: float) -> None:
    """Leave this fraction of a panel free above its curves, for a legend."""
    if not np.isfinite(axes.dataLim.get_points()).all():
        return
    transform = axes.yaxis.get_transform()
    low, high = transform.transform(np.array(axes.get_ylim()))
    top = transform.inverted().transform(np.array([low + (high - low) / (1 - fraction)]))
    axes.set_ylim(top=float(top[0]))


def window_scale(data: xr.Dataset) -> ScalarMappable:
    """Colour scale of a file's windows by their start."""
    starts = data.window_start.values
    return ScalarMappable(Normalize(starts[0], max(starts[-1], starts[0] + 1)), WINDOWS)


def window_bar(axes: Axes, data: xr.Dataset, place=(0.52, 0.2, 0.42, 0.04)) -> None:
    """A small colour bar of window starts inside the panel; place: (left, bottom, width, height) in axes units."""
    inset = axes.inset_axes(place)
    bar = axes.figure.colorbar(window_scale(data), cax=inset, orientation="horizontal")
    bar.outline.set_visible(False)
    bar.set_ticks([data.window_start.values[0], data.window_start.values[-1]])
    inset.tick_params(labelsize=SMALL, length=2)
    inset.set_xlabel(name(data.window_start, "window start"), fontsize=SMALL, labelpad=1)


def unsupported(axes: Axes, data: xr.Dataset) -> None:
    """Shade the lags that any finite window of msd.nc does not support."""
    few = ((data.supported < 1) & data.msd.notnull()).any("window").values
    if few.any():
        axes.axvspan(data.lag.values[few].min(), data.lag.values.max(), color="0.9", linewidth=0, zorder=0)


def interval_text(value: float, low: float, high: float) -> str:
    """'1.24 [1.15, 1.38]'."""
    return f"{value:.2f} [{low:.2f}, {high:.2f}]".replace("-", "−")


def power_text(values: tuple) -> str:
    """An exponent (value, low, high) as text; 'no power law' where it is NaN."""
    return interval_text(*values) if np.isfinite(values).all() else "no power law"


def estimate(data: xr.Dataset, variable: str = "exponent") -> tuple[np.ndarray, ...]:
    """(value, low, high) of a variable."""
    return tuple(data[f"{variable}{end}"].values for end in ("", "_low", "_high"))


def power_line(axes: Axes, x, y, exponent: float, ends: Iterable[float], **look) -> None:
    """Draw the power law of this exponent through y(x) between two ends; its level is a mean uniform in log x."""
    low, high = map(float, ends)
    inside = (x >= low) & (x <= high) & (y > 0)
    if inside.sum() < 2 or not np.isfinite(exponent):
        return
    u, v = np.log(x[inside]), np.log(y[inside])
    level = np.average(v - exponent * u, weights=np.gradient(u))
    reach = np.array([x[inside][0], x[inside][-1]], float)
    axes.plot(reach, np.exp(level) * reach**exponent, **FIT | look)


def msd_window(axes: Axes, data: xr.Dataset, colour, label: str) -> None:
    """MSD of one window with the fit by the paper's protocol (shifted up), tau_0, and the exponent in the label."""
    lag, curve, fit = data.lag.values, data.msd.values, data.sel(fit="paper")
    values = estimate(fit)
    axes.plot(lag, curve, color=colour, label=f"{label}: {power_text(values)}")
    power_line(axes, lag, 1.5 * curve, values[0], (fit.first_lag, fit.last_lag), color=colour)
    start = float(fit.crossover_lag)
    if np.isfinite(start):
        axes.plot(start, np.interp(start, lag, curve), "o", color=colour, mfc="white", zorder=3)


def whiskers(axes: Axes, x, values: tuple, colour, label: str | None = None, **look) -> None:
    """Points with vertical intervals (value, low, high); vlines because a value may lie outside its own interval."""
    value, low, high = (np.atleast_1d(v).astype(float) for v in values)
    axes.vlines(np.broadcast_to(x, value.shape), low, high, color=colour, linewidth=0.9)
    axes.plot(np.broadcast_to(x, value.shape), value, **{"marker": "o", "linestyle": "", "color": colour} | look)
    if label:
        axes.lines[-1].set_label(label)


def marks(figure: Figure, *names: str) -> None:
    """Legend below a figure of its dashed lines, open circles and shading; names: keys of MARKS."""
    figure.legend(handles=[MARKS[name] for name in names], loc="outside lower center", ncols=len(names))


def plain_ticks(axis: Axis) -> None:
    """Ticks 1, 2, 5, 10, ... in plain digits on a logarithmic axis that spans few decades."""
    low, high = axis.get_view_interval()
    if high > FEW_DECADES * low:
        return
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
