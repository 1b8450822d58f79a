"""Fig. 4 of Chen et al.: exponents, training curves and MSDs at several learning rates."""

from collections import Counter

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from sgdwalk.figures import chen2022, style
from sgdwalk.figures.page import Grid, Page
from sgdwalk.storage.provenance import settings_of_run

ROLES = {"runs": "msd", "training": "training"}
SAME_RUNS = ("runs", "training")
ABSENT = {"runs": "runs of several learning rates", "training": "runs of several learning rates"}
ENDS = {  # position and look of the two windows
    "first": (0, {"color": style.WINDOWS(0.0), "marker": style.WINDOW_MARKERS[0]}),
    "last": (-1, {"color": style.WINDOWS(1.0), "marker": style.WINDOW_MARKERS[-1]}),
}
MARKERS = "os^Dv<>"  # of runs, by rank of their learning rate
PUBLISHED_MARKERS = {"first": "D", "second": "d"}  # regimes


def draw(runs: list[xr.Dataset] | None, training: list[xr.Dataset] | None) -> Page:
    """Exponents (a), training loss (b) and MSDs (c-f) of runs of several learning rates.

    runs: msd.nc of every run. training: training.nc of the same runs. With an odd number of runs the middle learning
    rate is in c-d and in e-f. Runs whose learning rate is unknown are omitted and counted.
    """
    figure, axes = style.panels("ab\ncd\nef", 6.9, single=Grid(2, 2.1))
    settings = {data.attrs["run"]: settings_of_run(data) for data in [*(runs or []), *(training or [])]}
    rates = {run: own["lr"] for run, own in settings.items() if own.get("lr")}
    ordered = sorted((d for d in runs or [] if d.attrs["run"] in rates), key=lambda d: rates[d.attrs["run"]])
    exponents(axes["a"], ordered, rates)
    if ordered and any(own.get("dataset") == chen2022.DATASET for own in settings.values()):
        references(axes["a"])
    style.key(axes["a"], columns=2)
    omissions(figure, ordered, len(runs or []) - len(ordered))
    curves(axes["b"], training, rates)
    half = (len(ordered) + 1) // 2
    parts = {"smaller": ordered[:half], "larger": ordered[len(ordered) - half :]}
    for letter, (size, end) in zip("cdef", ((s, e) for s in parts for e in ENDS), strict=True):
        displacements(axes[letter], parts[size], rates, end)
        style.heading(axes[letter], f"{end} window, {size} learning rates")
    style.same_axes([axes[letter] for letter in "cdef"])
    style.title_figure(figure, style.describe_common(ordered))
    style.marks(figure, "fit", "unsupported", "interval", "one")
    return figure


def colours(rates: dict[str, float]) -> dict[str, tuple]:
    """Colours of runs by rank of their learning rate; equal rates in the order given."""
    ordered = sorted(rates, key=rates.get)
    shades = style.ORDERED(np.linspace(0, 1, len(ordered)))
    return {run: tuple(shade) for run, shade in zip(ordered, shades, strict=True)}


def labels(rates: dict[str, float]) -> dict[str, str]:
    """Labels of runs: the learning rate, followed by the run's name where several runs share the rate."""
    often = Counter(rates.values())
    return {run: f"{rate:g}, {run}" if often[rate] > 1 else f"{rate:g}" for run, rate in rates.items()}


def positions(rates: dict[str, float]) -> dict[str, dict[str, float]]:
    """Horizontal positions by end ('first', 'last') and run; runs of equal learning rate are placed side by side."""
    alike = {rate: [run for run in rates if rates[run] == rate] for rate in sorted(rates.values())}
    logs = np.log(list(alike))
    room = np.diff(logs).min() if len(logs) > 1 else 1
    step = min(0.035 * max(np.ptp(logs), 1), 0.6 * room / (len(ENDS) * max(map(len, alike.values()))))
    found = {end: {} for end in ENDS}
    for rate, runs in alike.items():
        slots = [(end, run) for end in ENDS for run in runs]
        for k, (end, run) in enumerate(slots):
            found[end][run] = rate * np.exp(step * (k - (len(slots) - 1) / 2))
    return found


def exponents(axes: Axes, runs: list[xr.Dataset], rates: dict[str, float]) -> None:
    """Exponent of the first and last finite window of each run by the paper's protocol."""
    if style.missing(axes, runs, ABSENT["runs"]):
        return
    found = [(data, windows) for data in runs if (windows := style.finite(data.msd))]
    if style.no_finite_window(axes, [k for _, windows in found for k in windows], "each of these runs"):
        return
    position = positions({data.attrs["run"]: rates[data.attrs["run"]] for data in runs})
    for end, (k, look) in ENDS.items():
        for n, (data, windows) in enumerate(found):
            fit = data.sel(fit="paper").isel(window=windows[k])
            x = position[end][data.attrs["run"]]
            more = {"marker": look["marker"]}
            style.whiskers(axes, x, style.estimate(fit), look["color"], None if n else f"{end} window", **more)
    ticks = sorted({rates[data.attrs["run"]] for data in runs})
    axes.axhline(1, **style.ONE)
    axes.set(xscale="log", xlabel="learning rate", ylabel="exponent of the MSD")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], rotation=45 if len(ticks) > 5 else 0)
    axes.set_xticks([], minor=True)


def references(axes: Axes) -> None:
    """Published exponents of the sweep over learning rates in the first and second regime."""
    if axes.figure is None:
        return
    rows = [row for row in chen2022.EXPONENTS if row.batch_size is None]
    for regime, marker in PUBLISHED_MARKERS.items():
        look = style.REFERENCE | {"marker": marker, "label": f"{chen2022.LABEL}: {regime} regime"}
        axes.plot([row.lr for row in rows], [getattr(row, regime) for row in rows], **look)


def omissions(figure: Page, runs: list[xr.Dataset], unknown: int) -> None:
    """Notes that count missing exponents and omitted runs."""
    expected, missing = len(ENDS) * len(runs), sum(missing_exponents(data) for data in runs)
    if missing:
        figure.note(f"a: {missing} of {expected} exponents missing, see c-f")
    if unknown:
        figure.note(f"{unknown} runs omitted: learning rate unknown")


def missing_exponents(data: xr.Dataset) -> int:
    """How many of a run's two exponents (first and last finite window) are missing."""
    windows = style.finite(data.msd)
    if not windows:
        return len(ENDS)
    fit = data.exponent.sel(fit="paper").values
    return sum(not np.isfinite(fit[windows[k]]) for k, _ in ENDS.values())


def curves(axes: Axes, training: list[xr.Dataset] | None, rates: dict[str, float]) -> None:
    """Training loss against epoch."""
    runs = [data for data in training or [] if data.attrs["run"] in rates]
    if style.missing(axes, runs, ABSENT["training"]):
        return
    colour, label = colours(rates), labels(rates)
    for data in sorted(runs, key=lambda d: rates[d.attrs["run"]]):
        run = data.attrs["run"]
        axes.plot(data.epoch, data.train_loss, color=colour[run], label=with_divergence(data, label[run]))
    loss = style.name(runs[0].train_loss, "training loss of the epoch")
    axes.set(yscale="log", xlabel="completed epochs", ylabel=loss)
    style.key(axes, "learning rate", columns=4)


def with_divergence(data: xr.Dataset, label: str) -> str:
    """A run's label, with the step at which it diverged."""
    step = int(data.diverged_step)
    return label if step < 0 else f"{label} (diverged at step {step})"


def displacements(axes: Axes, runs: list[xr.Dataset], rates: dict[str, float], end: str) -> None:
    """MSD of the runs' first or last finite window."""
    if style.missing(axes, runs, ABSENT["runs"]):
        return
    finite = [style.finite(data.msd) for data in runs]
    if style.no_finite_window(axes, [k for windows in finite for k in windows], "each of these runs"):
        return
    colour, label = colours(rates), labels(rates)
    for data, windows in zip(runs, finite, strict=True):
        run = data.attrs["run"]
        marker = MARKERS[list(colour).index(run) % len(MARKERS)]
        if not windows:
            axes.plot([], [], color=colour[run], label=f"{label[run]}: no finite window")
            continue
        window = data.isel(window=windows[ENDS[end][0]])
        style.msd_window(axes, window, label[run], color=colour[run], marker=marker)
    style.loglog(axes, style.name(data.lag), style.name(data.msd))
    style.key(axes, "learning rate: exponent")
