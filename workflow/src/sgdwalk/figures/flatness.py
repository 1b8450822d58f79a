"""Flatness, anomalous diffusion and gradient noise of one run against the time of its training."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import law_change, style
from sgdwalk.figures.page import Grid, Page
from sgdwalk.trajectory.trend_correlation import change_correlation, rank_correlation
from sgdwalk.trajectory.window_series import noise_strength, window_of

ROLES = {"hessian": "hessian", "msd": "msd", "tails": "tails", "training": "training", "models": "walk_models"}
ABSENT = {
    "hessian": "a run with a Hessian",
    "msd": "the exponents of its MSD",
    "tails": "its gradients",
    "training": "its training",
    "models": "models of its walk",
}
FIT = "paper"  # of the exponents
LARGEST, OF_BATCHES = style.BLUE, style.RED
LIMIT = {"color": style.GREY, "linestyle": (0, (5, 1.5)), "linewidth": 0.9, "zorder": 0}
STEP = "step of the training"
WINDOW = "in a window"
LARGE = "largest eigenvalue"


def draw(
    hessian: xr.Dataset | None,
    msd: xr.Dataset | None,
    tails: xr.Dataset | None = None,
    training: xr.Dataset | None = None,
    models: xr.Dataset | None = None,
) -> Page:
    """Sharpness (a), exponent of the MSD (b), alpha (c), noise strength (d), exponent against a and against d (e, f).

    hessian.nc, msd.nc, tails.nc, training.nc and walk_models.nc of one run. The last, with msd.nc, says where the law
    of the walk changes (a, b).
    """
    figure, axes = style.panels("abc\ndef", 4.9, single=Grid(2, 2.2))
    sharpness(axes["a"], hessian, models, msd)
    exponents(axes["b"], msd, models)
    stability(axes["c"], tails)
    noise(axes["d"], training, msd, hessian)
    style.same_axes([axes[letter] for letter in "abcd"], "x")
    together(axes["e"], msd, *at_snapshots(hessian, msd), "hessian")
    together(axes["f"], msd, *in_windows(training, msd), "training")
    style.same_axes([axes["b"], axes["e"], axes["f"]], "y")
    style.title_figure(figure, *map(style.describe, (hessian, msd, tails, training)))
    style.marks(
        figure, "interval", *(("one",) if msd is not None else ()), *(("gaussian",) if tails is not None else ())
    )
    return figure


def sharpness(axes: Axes, data: xr.Dataset | None, models: xr.Dataset | None, msd: xr.Dataset | None) -> None:
    """Largest eigenvalue and batch sharpness of each snapshot, the curvature above which steps grow, law changes."""
    if style.missing(axes, data, ABSENT["hessian"]):
        return
    step, largest = data.step.values, data.eigenvalue.values[:, 0]
    if not np.isfinite(largest).any():
        style.placeholder(axes, f"{data.attrs['run']} has no finite eigenvalues")
        return
    axes.plot(step, largest, "o-", color=LARGEST, linewidth=0.8, label=LARGE)
    if np.isfinite(data.batch_sharpness).any():
        style.whiskers(axes, step, style.estimate(data, "batch_sharpness"), OF_BATCHES, "batch sharpness", marker="s")
    if np.isfinite(data.threshold).any():
        axes.plot(step, data.threshold, label="edge of stability", **LIMIT)
    axes.set(xlabel=STEP, ylabel=style.name(data.eigenvalue, "curvature"), yscale=scale(axes))
    law_change.mark(axes, models, msd)
    style.key(axes)


def exponents(axes: Axes, data: xr.Dataset | None, models: xr.Dataset | None) -> None:
    """Exponent of the MSD in each window, and where the law of the walk changes."""
    if style.missing(axes, data, ABSENT["msd"]):
        return
    fit = data.sel(fit=FIT)
    if style.no_finite_window(axes, style.finite(fit.exponent), data.attrs["run"]):
        return
    style.whiskers(axes, data.window_start.values, style.estimate(fit), style.BLUE, WINDOW)
    law_change.mark(axes, models, data)
    style.key(axes)
    axes.axhline(1, **style.ONE)
    axes.set(xlabel=STEP, ylabel="exponent of the MSD")


def stability(axes: Axes, data: xr.Dataset | None) -> None:
    """Stability parameter of the gradients in each window."""
    if style.missing(axes, data, ABSENT["tails"]):
        return
    if style.no_finite_window(axes, style.finite(data.alpha), data.attrs["run"]):
        return
    style.whiskers(axes, data.window_start.values, style.estimate(data, "alpha"), style.BLUE, WINDOW)
    style.key(axes)
    style.gaussian_line(axes)
    axes.set(xlabel=STEP, ylabel="stability parameter α")


def noise(axes: Axes, training: xr.Dataset | None, msd: xr.Dataset | None, hessian: xr.Dataset | None) -> None:
    """Trace of the covariance of a minibatch gradient, over the steps of a window and at the snapshots."""
    if style.missing(axes, training, ABSENT["training"]) or style.missing(axes, msd, ABSENT["msd"]):
        return
    strength, fixed = noise_strength(training, msd), hessian is not None and np.isfinite(hessian.noise).any()
    if not np.isfinite(strength).any() and not fixed:
        style.placeholder(axes, f"{training.attrs['run']} has no record of its gradient noise")
        return
    axes.plot(msd.window_start, strength, "o", color=style.BLUE, label=WINDOW)
    if fixed:
        style.whiskers(
            axes, hessian.step.values, style.estimate(hessian, "noise"), style.RED, "at a snapshot", marker="s"
        )
    axes.set(xlabel=STEP, ylabel="noise strength E|g − E g|²", yscale=scale(axes))
    style.key(axes)


def scale(axes: Axes) -> str:
    """Logarithmic where all that is drawn is positive, else linear."""
    drawn = np.concatenate([line.get_ydata() for line in axes.lines])
    return "log" if np.nanmin(drawn) > 0 else "linear"


def at_snapshots(hessian: xr.Dataset | None, msd: xr.Dataset | None) -> tuple:
    """(windows with snapshots, mean largest eigenvalue of these, its label); None for all where a file is missing."""
    if hessian is None or msd is None:
        return None, None, None
    inside, largest = window_of(hessian.step.values, msd), hessian.eigenvalue.values[:, 0]
    windows = np.unique(inside)
    return windows, np.array([largest[inside == k].mean() for k in windows]), style.name(hessian.eigenvalue, LARGE)


def in_windows(training: xr.Dataset | None, msd: xr.Dataset | None) -> tuple:
    """(windows, their noise strengths, its label); None for all where a file is missing."""
    if training is None or msd is None:
        return None, None, None
    return np.arange(msd.sizes["window"]), noise_strength(training, msd), "noise strength E|g − E g|²"


def together(axes: Axes, msd: xr.Dataset | None, windows, quantity, label: str, role: str) -> None:
    """Exponent of the MSD against a quantity in these windows, with their rank correlations; colour is time.

    role: whose file the quantity is from.
    """
    if style.missing(axes, msd, ABSENT["msd"]) or style.missing(axes, quantity, ABSENT[role]):
        return
    value, low, high = (part[windows] for part in style.estimate(msd.sel(fit=FIT)))
    shown = np.flatnonzero(np.isfinite(value) & np.isfinite(quantity))
    if not len(shown):
        style.placeholder(axes, f"{msd.attrs['run']} has no window with both")
        return
    colours, starts = style.window_scale(msd), msd.window_start.values[windows]
    for k in shown:
        name = f"{int(starts[k])}" if k in (shown[0], shown[-1]) else None
        style.whiskers(axes, quantity[k], (value[k], low[k], high[k]), colours.to_rgba(float(starts[k])), name)
    axes.axhline(1, **style.ONE)
    axes.set(xlabel=label, ylabel="exponent of the MSD", xscale="log" if quantity[shown].min() > 0 else "linear")
    style.key(axes, f"{len(shown)} windows, by {style.name(msd.window_start, 'start')}", columns=2)
    style.heading(axes, correlations(value, quantity))


def correlations(value: np.ndarray, quantity: np.ndarray) -> str:
    """The rank correlations of two series in time, as text."""
    whole, changes = rank_correlation(value, quantity), change_correlation(value, quantity)
    if not np.isfinite(whole.value):
        return "too few windows for a rank correlation"
    found = f"rank correlation {style.interval_text(*whole[:3])}, trends alone {whole.trends:.2f}".replace("-", "−")
    return found + (f"; of changes {style.interval_text(*changes[:3])}" if np.isfinite(changes.value) else "")
