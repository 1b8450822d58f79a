"""Linear regression on images (Kunin et al.): spirals in phase space, displacement, noise, and theory for all."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sgdwalk.figures import style
from sgdwalk.figures.page import Grid, Page

ROLES = {"independent": "regression/independent", "shuffled": "regression/shuffled-epochs"}
MOMENTA = (style.BLUE, style.RED, style.GREEN)
NAMES = {"independent": "independent", "shuffled": "shuffled"}
SAMPLERS = {"independent": "-", "shuffled": (0, (1, 1))}
COLOURS = {"independent": style.PURPLE, "shuffled": style.ORANGE}
WALKER = {"color": "0.65", "linewidth": 0.6}
MEAN = {"linewidth": 1.6}
SPREAD = {"linewidth": 0.9, "linestyle": ":"}
THEORY = {"color": "black", "linewidth": 0.5}
START = {"color": "white", "markeredgecolor": "black", "marker": "o", "linestyle": "", "zorder": 3}
BAND, REGION = 1.96, 5.991  # 95 % of a Gaussian value: standard deviations; of two of them: squared radius
NOMINAL = {"color": "0.5", "linewidth": 0.7, "linestyle": ":", "zorder": 0}
TURN = np.linspace(0, 2 * np.pi, 100)


def draw(independent: xr.Dataset | None, shuffled: xr.Dataset | None) -> Page:
    """Phase space (a-c) and position (d-f) along the steepest recorded direction for the first three momenta, with
    independent batches; squared displacement (g), gradient noise (h) and share of walkers inside theory's band (i).

    Each argument is regression.nc of that sampler.
    """
    figure, axes = style.panels("abc\ndef\nghi", 6.0, single=Grid(2, 1.45))
    for k, colour in enumerate(MOMENTA):
        spiral(axes["abc"[k]], independent, k, colour)
        position(axes["def"[k]], independent, k, colour)
    both = dict(zip(NAMES, (independent, shuffled), strict=True))
    displacements(axes["g"], both)
    noise(axes["h"], independent)
    shares(axes["i"], both)
    style.same_axes([axes[letter] for letter in "abc"])
    style.same_axes([axes[letter] for letter in "def"], "y")
    style.marks(
        figure,
        Line2D([], [], label="one walker", **WALKER),
        Line2D([], [], color="0.5", label="mean of the walkers", **MEAN),
        Line2D([], [], color="0.5", label="95 % of the walkers", **SPREAD),
        Line2D([], [], label="theory", **THEORY),
        Patch(color="0.8", label="95 % of walkers in theory"),
        Line2D([], [], label="start", **START),
    )
    return figure


def steepest(axes: Axes, data: xr.Dataset | None, k: int) -> xr.Dataset | None:
    """The file at its k-th momentum, in the first of its directions and classes; None, with a note, without one."""
    if style.missing(axes, data, "a linear regression with independent batches"):
        return None
    if k >= data.sizes["momentum"]:
        style.placeholder(axes, "no further momentum in this study")
        return None
    if not np.isfinite(data["mean"][k]).any():
        style.placeholder(axes, "no finite values")
        return None
    style.heading(axes, f"momentum {float(data.momentum[k]):g}")
    return data.isel({"momentum": k, "rank": 0, "class": 0}).sel(noise="along the path")


def spiral(axes: Axes, data: xr.Dataset | None, k: int, colour: str) -> None:
    """Velocity against position, with theory's 95 % region at a few steps."""
    mode = steepest(axes, data, k)
    if mode is None:
        return
    for step in region_steps(mode.sizes["step"]):
        axes.fill(
            *region(mode.mean_theory.values[step], mode.covariance_theory.values[step]), color=colour, alpha=0.2, lw=0
        )
    axes.plot(*mode.path.values.T, **WALKER)
    axes.plot(*mode["mean"].values.T, color=colour, **MEAN)
    axes.plot(*mode.mean_theory.values.T, **THEORY)
    axes.plot(*mode.mean_theory.values[0], **START)
    axes.set(xlabel=along("position", mode), ylabel=along("velocity", mode))
    axes.locator_params("x", nbins=4, steps=[2, 5])


def region_steps(steps: int) -> list[int]:
    """Three steps, later ones further apart."""
    return sorted({max(1, (steps - 1) // 16), max(1, (steps - 1) // 4), steps - 1})


def region(mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Outline [2, point] of the smallest region with 95 % of a two-dimensional Gaussian."""
    x, y = np.sqrt(REGION * np.diagonal(covariance))
    slope = covariance[0, 1] / covariance[0, 0] * x if x else 0.0
    rest = np.sqrt(max(y**2 - slope**2, 0.0))
    return mean[:, None] + np.stack([x * np.cos(TURN), slope * np.cos(TURN) + rest * np.sin(TURN)])


def position(axes: Axes, data: xr.Dataset | None, k: int, colour: str) -> None:
    """Position against the step, with theory's 95 % band and, dotted, that of the walkers."""
    mode = steepest(axes, data, k)
    if mode is None:
        return
    step, middle = mode.step.values, mode.mean_theory.values[:, 0]
    half = BAND * np.sqrt(mode.covariance_theory.values[:, 0, 0])
    axes.fill_between(step, middle - half, middle + half, color=colour, alpha=0.2, linewidth=0)
    measured = mode["mean"].values[:, 0]
    spread = BAND * np.sqrt(mode.covariance.values[:, 0, 0])
    for side in (-spread, spread):
        axes.plot(step, measured + side, color=colour, **SPREAD)
    axes.plot(step, mode.path.values[:, 0], **WALKER)
    axes.plot(step, measured, color=colour, **MEAN)
    axes.plot(step, middle, **THEORY)
    axes.set(xlabel="step", ylabel=along("position", mode))


def along(coordinate: str, mode: xr.Dataset) -> str:
    """'position, mode 1'."""
    return f"{coordinate}, mode {int(mode['rank'])}"


def displacements(axes: Axes, files: dict[str, xr.Dataset | None]) -> None:
    """Squared displacement of all weights from the start, measured with both samplers and in theory."""
    shown = with_values(axes, files, "displacement")
    for name, data in shown.items():
        theory = data.displacement_theory.sel(noise="along the path")
        for k, colour in enumerate(MOMENTA[: data.sizes["momentum"]]):
            step = data.step.values
            axes.plot(step, data.displacement[k].values, color=colour, linestyle=SAMPLERS[name], **MEAN)
            axes.plot(step, theory[k].values, **THEORY)
    if shown:
        data = next(iter(shown.values()))
        axes.set(xlabel="step", ylabel=style.name(data.displacement))
        pairs = zip(MOMENTA, data.momentum.values, strict=False)
        lines = [Line2D([], [], color=colour, label=f"{beta:g}") for colour, beta in pairs]
        lines += [Line2D([], [], color="0.3", linestyle=SAMPLERS[name], label=NAMES[name]) for name in shown]
        style.key(axes, "momentum; batches", lines, columns=3)


def with_values(axes: Axes, files: dict[str, xr.Dataset | None], variable: str) -> dict[str, xr.Dataset]:
    """The files that are there and have finite values of a variable; the panel is left out if none has."""
    shown = {name: data for name, data in files.items() if data is not None}
    if style.missing(axes, list(shown), "a linear regression"):
        return {}
    found = {name: data for name, data in shown.items() if np.isfinite(data[variable]).any()}
    if not found:
        style.placeholder(axes, "no finite values")
    return found


def noise(axes: Axes, data: xr.Dataset | None) -> None:
    """Variance of one example's gradient over the mean squared residual, whiskers over classes, and the eigenvalue."""
    shown = with_values(axes, {"": data}, "gradient_variance")
    if not shown:
        return
    relative = (data.gradient_variance / data.squared_residual).values
    rho = data.eigenvalue.values
    axes.vlines(
        rho, relative.min(axis=1), relative.max(axis=1), color=style.SKY, linewidth=0.9, label="range of classes"
    )
    axes.plot(rho, relative.mean(axis=1), "o", color=style.BLUE, markersize=2.5, label="mean of classes")
    axes.plot(rho, rho, label="σ²H", **THEORY)
    style.loglog(axes, style.name(data.eigenvalue), "gradient variance / σ²")
    style.key(axes, columns=2)


def shares(axes: Axes, files: dict[str, xr.Dataset | None]) -> None:
    """Share of positions inside theory's 95 % band, with the noise at the minimum (hollow) and along the path."""
    shown = with_values(axes, files, "all_inside")
    for name, data in shown.items():
        place = np.arange(data.sizes["momentum"]) + {"independent": -0.1, "shuffled": 0.1}[name]
        for kind in data.noise.values:
            part = data.sel(noise=kind, coordinate="position")
            look = {"mfc": "white"} if kind == "as at the minimum" else {"label": NAMES[name]}
            style.whiskers(axes, place, style.estimate(part, "all_inside"), COLOURS[name], **look)
    if shown:
        betas = next(iter(shown.values())).momentum.values
        axes.set_xticks(range(len(betas)), [f"{beta:g}" for beta in betas])
        axes.axhline(0.95, label="0.95", **NOMINAL)
        axes.set(xlabel="momentum", ylabel="positions inside the 95 % band", xlim=(-0.5, len(betas) - 0.5))
        hollow = Line2D([], [], color="0.3", marker="o", mfc="white", linestyle="", label="constant noise")
        style.key(axes, "batches", [*axes.get_legend_handles_labels()[0], hollow], columns=2)
