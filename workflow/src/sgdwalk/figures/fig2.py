"""Fig. 2 of Chen et al.: mean squared displacement of the weights, its exponents, other windows and runs."""

from itertools import zip_longest

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sgdwalk.figures import style
from sgdwalk.trajectory.windows import FEWEST_PAIRS

ROLES = {"base": "msd", "window": "msd", "long": "msd", "others": "msd", "whole": "long_msd"}
MOST = {"others": 4}
EITHER = ("long", "whole")
OTHERS = "fghi"


def draw(
    base: xr.Dataset | None,
    window: xr.Dataset | None = None,
    long: xr.Dataset | None = None,
    others: list[xr.Dataset] | None = None,
    whole: xr.Dataset | None = None,
) -> Figure:
    """MSD of the base run (a-c), of another window length (d), of a long run (e) and of other runs (f-i).

    All are msd.nc but `whole`: long_msd.nc of a run, for panel e in place of `long`, with lags longer than a window
    from the random projection. ValueError for more than four others, or for both `long` and `whole`.
    """
    check_roles(long, others or [], whole)
    rows = ["abc", "def", "ghi"][: 3 if len(others or []) > 1 else 2]
    figure, axes = style.panels("\n".join(rows), 2.3 * len(rows))
    three_windows(axes["a"], base, "the base run")
    all_windows(axes["b"], base, "msd")
    all_windows(axes["c"], base, "local_exponent")
    three_windows(axes["d"], window, "a run with windows\nof another length")
    if long is None and whole is not None:
        whole_run(axes["e"], whole)
    else:
        three_windows(axes["e"], long, "a run of 5,000 epochs")
    for letter, data in zip_longest(OTHERS, others or []):
        if letter in axes:
            three_windows(axes[letter], data, "another network or batch size")
    style.marks(figure, "fit", "tau", "pairs")
    return figure


def check_roles(long: xr.Dataset | None, others: list[xr.Dataset], whole: xr.Dataset | None) -> None:
    """Raise ValueError if a role has more runs than panels."""
    if len(others) > len(OTHERS):
        raise ValueError(f"fig2: others: {len(others)} runs, but there are {len(OTHERS)} panels for them")
    if long is not None and whole is not None:
        raise ValueError("fig2: whole: panel e shows `long` or `whole`, not both")


def three_windows(axes: Axes, data: xr.Dataset | None, what: str) -> None:
    """First, about the fifth and last of the windows, with fits by the paper's protocol."""
    if style.missing(axes, data, what):
        return
    windows = style.finite(data.msd)
    if style.no_finite_window(axes, windows, data.attrs["run"]):
        return
    shown = style.first_fifth_last(windows)
    style.unsupported(axes, data.isel(window=shown))
    colours = style.window_scale(data)
    for k in shown:
        start = int(data.window_start[k])
        style.msd_window(axes, data.isel(window=k), colours.to_rgba(start), f"{start}")
    style.loglog(axes, style.name(data.lag), style.name(data.msd))
    style.headroom(axes, 0.3)
    axes.legend(loc="upper left", title=f"{style.name(data.window_start, 'window start')}: exponent", alignment="left")
    axes.set_title(f"{data.attrs['run']}\nT = {data.sizes['lag'] + 1} steps", fontsize=7, loc="right")


def all_windows(axes: Axes, data: xr.Dataset | None, variable: str) -> None:
    """A variable [window, lag] of all windows, coloured by window start."""
    if style.missing(axes, data, "the base run"):
        return
    windows = style.finite(data[variable])
    if style.no_finite_window(axes, windows, data.attrs["run"]):
        return
    style.unsupported(axes, data)
    colours = style.window_scale(data)
    for k in windows:
        colour = colours.to_rgba(float(data.window_start[k]))
        axes.plot(data.lag, data[variable][k], color=colour, linewidth=0.9)
    if variable == "msd":
        style.loglog(axes, style.name(data.lag), style.name(data.msd))
        style.window_bar(axes, data)
    else:
        axes.axhline(1, color="0.5", linewidth=0.7, linestyle=":")
        axes.set(xscale="log", xlabel=style.name(data.lag), ylabel="running exponent (one octave)")


def whole_run(axes: Axes, data: xr.Dataset) -> None:
    """A whole run as one window, with the error band of its random projection; grey: few independent displacements."""
    if style.no_finite_window(axes, [0] if data.sizes["lag"] else [], data.attrs["run"]):
        return
    axes.fill_between(data.lag, data.msd_low, data.msd_high, color=style.COLOURS[0], alpha=0.25, linewidth=0)
    axes.plot(data.lag, data.msd, color=style.COLOURS[0], label="all steps; band: 95 % error")
    few = data.lag.values[(data.independent_pairs < FEWEST_PAIRS).values]
    if len(few):
        axes.axvspan(few[0], data.lag.values[-1], color="0.9", zorder=0)
    style.loglog(axes, style.name(data.lag), style.name(data.msd, "time-averaged MSD"))
    style.headroom(axes, 0.15)
    axes.legend(loc="upper left")
    axes.set_title(f"{data.attrs['run']}\nthe whole run", fontsize=7, loc="right")
