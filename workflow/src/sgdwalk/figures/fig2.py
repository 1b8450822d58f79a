"""Fig. 2 of Chen et al.: mean squared displacement of the weights of one run, its exponents, and other windows."""

import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page
from sgdwalk.trajectory.windows import FEWEST_PAIRS

ROLES = {"base": "msd", "window": "msd", "long": "msd", "whole": "long_msd"}
EITHER = ("long", "whole")
ABSENT = {
    "base": "the base run",
    "window": "a run with windows of another length",
    "long": "a long run, or the random projection of a run",
}


def draw(
    base: xr.Dataset | None,
    window: xr.Dataset | None = None,
    long: xr.Dataset | None = None,
    whole: xr.Dataset | None = None,
) -> Page:
    """MSD of the base run (a-c), of another window length (d), and of a long run (e).

    All are msd.nc but `whole`: long_msd.nc of a run, for panel e in place of `long`, with lags longer than a window
    from the random projection. ValueError for both `long` and `whole`.
    """
    if long is not None and whole is not None:
        raise ValueError("fig2: whole: panel e shows `long` or `whole`, not both")
    figure, axes = style.panels("abc\nde.", 5.0, single=Grid(2, 2.05))
    three_windows(axes["a"], base, ABSENT["base"])
    all_windows(axes["b"], base, "msd")
    all_windows(axes["c"], base, "local_exponent")
    three_windows(axes["d"], window, ABSENT["window"])
    if long is None and whole is not None:
        whole_run(axes["e"], whole)
    else:
        three_windows(axes["e"], long, ABSENT["long"])
    style.same_axes([axes[letter] for letter in "abde"], "y")
    style.same_axes([axes["a"], axes["b"], axes["c"], axes["d"]], "x")
    style.marks(figure, "fit", "unsupported", "one")
    return figure


def three_windows(axes: Axes, data: xr.Dataset | None, what: str) -> None:
    """First, about the fifth and last of the windows, with fits by the paper's protocol."""
    if style.missing(axes, data, what):
        return
    windows = style.finite(data.msd)
    if style.no_finite_window(axes, windows, data.attrs["run"]):
        return
    for k, look in style.window_looks(data, windows):
        style.msd_window(axes, data.isel(window=k), f"{int(data.window_start[k])}", **look)
    style.loglog(axes, style.name(data.lag), style.name(data.msd))
    style.key(axes, f"{style.name(data.window_start, 'window start')}: exponent")
    style.title_run(axes, data)


def all_windows(axes: Axes, data: xr.Dataset | None, variable: str) -> None:
    """A variable [window, lag] of all windows, coloured by window start."""
    if style.missing(axes, data, ABSENT["base"]):
        return
    windows = style.finite(data[variable])
    if style.no_finite_window(axes, windows, data.attrs["run"]):
        return
    colours = style.window_scale(data)
    labelled = style.first_fifth_last(windows)
    for k in windows:
        start = int(data.window_start[k])
        look = {"color": colours.to_rgba(start), "linewidth": 0.9}
        label = f"{start}" if k in labelled else None
        style.supported_curve(axes, data.lag, data[variable][k], data.supported[k] > 0, label, **look)
    if variable == "msd":
        style.loglog(axes, style.name(data.lag), style.name(data.msd))
    else:
        axes.axhline(1, **style.ONE)
        axes.set(xscale="log", xlabel=style.name(data.lag), ylabel="running exponent of the MSD")
    style.key(axes, every(data, windows), columns=3)
    style.title_run(axes, data)


def every(data: xr.Dataset, windows: list[int]) -> str:
    """Title of the key of all windows: how many there are, of which it names three."""
    return f"{len(windows)} windows, by {style.name(data.window_start, 'start')}"


def whole_run(axes: Axes, data: xr.Dataset) -> None:
    """A whole run as one window, with the error band of its random projection; dotted: few displacements."""
    if style.no_finite_window(axes, [0] if data.sizes["lag"] else [], data.attrs["run"]):
        return
    axes.fill_between(data.lag, data.msd_low, data.msd_high, color=style.BLUE, alpha=0.3, linewidth=0)
    solid = data.independent_pairs >= FEWEST_PAIRS
    style.supported_curve(axes, data.lag, data.msd, solid, "band: 95 % error of the projection", color=style.BLUE)
    style.loglog(axes, style.name(data.lag, "lag in the whole run"), style.name(data.msd, "time-averaged MSD"))
    style.key(axes)
    style.title_run(axes, data, "all steps as one window")
