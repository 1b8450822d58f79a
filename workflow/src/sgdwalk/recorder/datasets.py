"""What was recorded of a training, as the data sets that the files of a run contain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from sgdwalk.recorder.directions import QUANTITIES
from sgdwalk.recorder.gradient_samples import Samples
from sgdwalk.recorder.principal_directions import CENTRE, NAMES
from sgdwalk.recorder.window_store import Windows

SERIES = ("loss", "learning_rate", "gradient_norm", "noise_norm", "step_length", "displacement", "weight_norm")
EPOCH = ("train_loss", "train_error", "test_loss", "test_error", "mean_gradient_norm", "epoch_step")


@dataclass(frozen=True)
class Recorded:
    """The measurements of a whole training.

    window: steps in a window. taken: steps that were recorded. diverged_step: first step that is not finite, else -1.
    series: values [step] by the names in SERIES. anchors: distance from the weights of each anchor step [step].
    epochs: values [epoch] by the names in EPOCH, and mean_gradient and noise [epoch, sample] where these were recorded.
    epoch_steps: steps in an epoch, None if unknown. layer_sizes: parameters in each group of layers.
    by_layer: whether `windows` has distances by group. samples: which gradient entries were taken.
    windows: the finished windows. sketch_error: relative standard error of a projected distance, None without a sketch.
    walk: whether `windows` has the raw weights. flatness: whether it has variances and widths along principal
    directions. start: scalar products of the initial weights with the directions
    [mode], empty where there are none. status: what is wrong with the recording (see faults).
    """

    window: int
    taken: int
    diverged_step: int
    status: str
    series: Mapping[str, np.ndarray]
    anchors: Mapping[int, np.ndarray]
    epochs: Mapping[str, Sequence]
    epoch_steps: int | None
    layer_sizes: Mapping[str, int]
    by_layer: bool
    samples: Samples
    windows: Windows
    sketch_error: float | None
    walk: bool
    flatness: bool
    start: np.ndarray


def datasets(recorded: Recorded, steps: int) -> dict[str, xr.Dataset]:
    """training, distances, layers, sketch, gradients, directions (and walk, if recorded) by name.

    steps: planned length of the run; what a divergence or an early end left out is NaN.
    layers, sketch and the modes of directions are empty where they were not recorded.
    """
    series = training(recorded, steps)
    found = {
        "training": series,
        "distances": distances(recorded, steps),
        "layers": layers(recorded, steps),
        "sketch": sketch(recorded, steps),
        "gradients": gradients(recorded, steps),
        "directions": directions(recorded, series),
    }
    return found | ({"walk": walk(recorded)} if recorded.walk else {})


def training(recorded: Recorded, steps: int) -> xr.Dataset:
    """Series [step] and values [epoch]; NaN from the divergence on."""
    valid = recorded.diverged_step if recorded.diverged_step >= 0 else steps
    data = {name: ("step", _padded(recorded.series[name][:valid], steps)) for name in SERIES}
    data["diverged_step"] = ((), recorded.diverged_step)
    data |= {name: ("epoch", np.array(recorded.epochs[name], float)) for name in EPOCH}
    coordinates = {"step": np.arange(steps), "epoch": _epochs(recorded)}
    if recorded.anchors:
        away = np.stack([_padded(distance[:valid], steps) for distance in recorded.anchors.values()])
        data["anchor_displacement"] = (("anchor", "step"), away)
        coordinates["anchor"] = list(recorded.anchors)
    found = xr.Dataset(data, coordinates, {"status": recorded.status})
    return found.merge(flatness(recorded, steps)) if recorded.flatness else found


def flatness(recorded: Recorded, steps: int) -> xr.Dataset:
    """Variances and widths [window, direction], and the loss [window] at the mean of each window."""
    dims = dict.fromkeys(NAMES, ("window", "direction")) | {CENTRE: ("window", "centre")}
    return _over_windows(recorded, steps, dims).squeeze("centre").drop_vars("window_steps")


def _epochs(recorded: Recorded) -> np.ndarray:
    """Epochs done at each end_epoch(): steps over steps per epoch where these are known."""
    done = np.array(recorded.epochs["epoch_step"], float)
    return done / recorded.epoch_steps if recorded.epoch_steps else np.arange(1.0, len(done) + 1)


def distances(recorded: Recorded, steps: int) -> xr.Dataset:
    """distance2 [window, pair], loss [window, step_in_window]; NaN in diverged windows and beyond a short last one."""
    return _over_windows(recorded, steps, {"distance2": ("window", "pair"), "loss": ("window", "step_in_window")})


def layers(recorded: Recorded, steps: int) -> xr.Dataset:
    """distance2 [layer, window, pair] within each group of layers; no layer where they were not recorded."""
    data = _over_windows(recorded, steps, {"loss": ("window", "step_in_window")})
    names = list(recorded.layer_sizes) if recorded.by_layer else []
    pairs = recorded.window * (recorded.window - 1) // 2
    distance2 = np.empty((data.sizes["window"], 0, pairs))
    if names:
        distance2 = recorded.windows.stacked("layer_distance2", data.sizes["window"])
    sizes = [recorded.layer_sizes[name] for name in names]
    return data.assign(
        distance2=(("layer", "window", "pair"), distance2.swapaxes(0, 1)), layer_size=("layer", np.array(sizes, int))
    ).assign_coords(layer=np.array(names, str))


def sketch(recorded: Recorded, steps: int) -> xr.Dataset:
    """Projection [step, component]; no component where none was recorded."""
    found, error = np.empty((recorded.taken, 0), np.float32), np.nan
    if recorded.sketch_error is not None:
        found, error = recorded.windows.joined("projection"), recorded.sketch_error
    return xr.Dataset(
        {"projection": (("step", "component"), _padded(found, steps)), "relative_error": ((), error)},
        {"step": np.arange(steps)},
    )


def directions(recorded: Recorded, series: xr.Dataset) -> xr.Dataset:
    """Position, velocity and gradient [step, mode] along the directions, and the squares of the series' lengths."""
    found = undirected(series)
    if not len(recorded.start):
        return found
    along = _padded(recorded.windows.joined("along"), series.sizes["step"])
    if recorded.diverged_step >= 0:
        along[recorded.diverged_step :] = np.nan
    data = {name: (("step", "mode"), along[:, k]) for k, name in enumerate(QUANTITIES)}
    return found.drop_dims("mode").assign(**data, start=("mode", recorded.start))


def undirected(series: xr.Dataset) -> xr.Dataset:
    """The same of a walk without directions, from its data set `training`."""
    none = {name: (("step", "mode"), np.empty((series.sizes["step"], 0))) for name in QUANTITIES}
    return xr.Dataset(
        {
            **none,
            "start": ("mode", np.empty(0)),
            "squared_step": series.step_length**2,
            "squared_displacement": series.displacement**2,
            "loss": series.loss,
        }
    )


def gradients(recorded: Recorded, steps: int) -> xr.Dataset:
    """Sampled gradient entries and the step of each (see gradient_samples.Samples and gradient_noise.EpochNoise)."""
    dims = {
        "gradient": ("window", "sample"),
        "layer_gradient": ("window", "layer", "layer_sample"),
        "tracked_gradient": ("window", "step_in_window", "tracked"),
    }
    data = _over_windows(recorded, steps, dims)
    samples = recorded.samples
    for name, values in samples.steps(data.window_start.values).items():
        data[name] = (("window", name.replace("step", "sample")), values)
    data["tracked_parameter"] = ("tracked", samples.tracked.numpy())
    data["tracked_layer"] = ("tracked", samples.tracked_layer)
    if recorded.epochs.get("noise"):
        data["epoch_step"] = ("epoch", np.array(recorded.epochs["epoch_step"], float))
        for name in ("mean_gradient", "noise"):
            data[name] = (("epoch", "mean_sample"), np.array(recorded.epochs[name], np.float32))
    return data.assign_coords(layer=np.array(list(recorded.layer_sizes), str))


def walk(recorded: Recorded) -> xr.Dataset:
    """The raw weights [step, parameter] and losses [step]."""
    weights = recorded.windows.joined("weight")
    losses = recorded.series["loss"][: len(weights)]
    return xr.Dataset({"weight": (("step", "parameter"), weights), "loss": ("step", losses)})


def _over_windows(recorded: Recorded, steps: int, dims: dict[str, tuple[str, ...]]) -> xr.Dataset:
    """The named parts of all windows, stacked, with the windows' coordinates."""
    count = -(-steps // recorded.window)
    starts = np.arange(count) * recorded.window
    return xr.Dataset(
        {name: (names, recorded.windows.stacked(name, count)) for name, names in dims.items()},
        {
            "window": np.arange(count),
            "window_start": ("window", starts),
            "window_steps": ("window", np.minimum(recorded.window, steps - starts)),
        },
    )


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    """values, cut or filled with NaN along the first axis to `length`."""
    filler = np.full((max(0, length - len(values)), *values.shape[1:]), np.nan, values.dtype)
    return np.concatenate([values[:length], filler])
