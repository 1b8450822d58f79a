"""What a recorder has seen, as the data sets that the files of a run hold."""

import numpy as np
import xarray as xr

SERIES = ("loss", "gradient_norm", "noise_norm", "step_length", "displacement")
EPOCH = ("train_loss", "train_error", "test_loss", "test_error", "mean_gradient_norm", "epoch_step")


def datasets(recorder, steps: int) -> dict[str, xr.Dataset]:
    """training, distances, layers, sketch, gradients (and walk, if kept) of a closed Recorder, by name.

    steps: length of the run as it was planned; what a divergence or an early end left out is NaN.
    layers and sketch are empty where they were not recorded.
    """
    found = {
        "training": training(recorder, steps),
        "distances": distances(recorder, steps),
        "layers": layers(recorder, steps),
        "sketch": sketch(recorder, steps),
        "gradients": gradients(recorder, steps),
    }
    return found | ({"walk": walk(recorder)} if recorder.walk else {})


def training(recorder, steps: int) -> xr.Dataset:
    """Series [step] and values [epoch]; NaN from the divergence on."""
    columns = {name: padded(joined(parts), steps) for name, parts in recorder.values.items()}
    if recorder.diverged_step >= 0:
        for column in columns.values():
            column[recorder.diverged_step :] = np.nan
    data = {name: ("step", columns[name]) for name in SERIES} | {"diverged_step": ((), recorder.diverged_step)}
    data |= {name: ("epoch", np.array(recorder.epochs[name], float)) for name in EPOCH}
    coordinates = {"step": np.arange(steps), "epoch": _epochs(recorder)}
    if recorder.anchors:
        away = np.stack([columns[anchor_name(anchor)] for anchor in recorder.anchors])
        data["anchor_displacement"] = (("anchor", "step"), away)
        coordinates["anchor"] = recorder.anchors
    return xr.Dataset(data, coordinates)


def _epochs(recorder) -> np.ndarray:
    """Epochs done at each end_epoch(): steps over steps per epoch where these are known."""
    done = np.array(recorder.epochs["epoch_step"], float)
    return done / recorder.epoch_steps if recorder.epoch_steps else np.arange(1.0, len(done) + 1)


def distances(recorder, steps: int) -> xr.Dataset:
    """distance2 [window, pair] and loss [window, step]; NaN for windows lost and beyond a short last one."""
    return _over_windows(recorder, steps, {"distance2": ("window", "pair"), "loss": ("window", "step")})


def layers(recorder, steps: int) -> xr.Dataset:
    """distance2 [layer, window, pair] within each group of layers; no layer where they were not recorded."""
    data = _over_windows(recorder, steps, {"loss": ("window", "step")})
    names = list(recorder.groups) if recorder.by_layer else []
    pairs = recorder.window * (recorder.window - 1) // 2
    distance2 = np.empty((data.sizes["window"], 0, pairs))
    if names:
        distance2 = recorder.windows.stacked("layer_distance2", data.sizes["window"])
    sizes = [recorder.sizes[name] for name in names]
    return data.assign(
        distance2=(("layer", "window", "pair"), distance2.swapaxes(0, 1)), layer_size=("layer", np.array(sizes, int))
    ).assign_coords(layer=np.array(names, str))


def sketch(recorder, steps: int) -> xr.Dataset:
    """Projection [step, component]; no component where none was recorded."""
    found, error = np.empty((recorder.step, 0), np.float32), np.nan
    if recorder.sketch:
        found, error = recorder.windows.joined("projection"), recorder.sketch.relative_error
    return xr.Dataset(
        {"projection": (("step", "component"), padded(found, steps)), "relative_error": ((), error)},
        {"step": np.arange(steps)},
    )


def gradients(recorder, steps: int) -> xr.Dataset:
    """Sampled gradient entries and the step each comes from (see samples.Samples and noise.EpochNoise)."""
    dims = {
        "gradient": ("window", "sample"),
        "layer_gradient": ("window", "layer", "layer_sample"),
        "tracked_gradient": ("window", "step_in_window", "tracked"),
    }
    data = _over_windows(recorder, steps, dims)
    samples = recorder.samples
    for name, values in samples.steps(data.window_start.values).items():
        data[name] = (("window", name.replace("step", "sample")), values)
    data["tracked_parameter"] = ("tracked", samples.tracked.numpy())
    data["tracked_layer"] = ("tracked", samples.tracked_layer)
    if recorder.epochs.get("noise"):
        data["epoch_step"] = ("epoch", np.array(recorder.epochs["epoch_step"], float))
        for name in ("mean_gradient", "noise"):
            data[name] = (("epoch", "mean_sample"), np.array(recorder.epochs[name], np.float32))
    return data.assign_coords(layer=np.array(list(recorder.groups), str))


def walk(recorder) -> xr.Dataset:
    """The raw weights [step, parameter] and losses [step]."""
    weights = recorder.windows.joined("weight")
    losses = joined(recorder.values["loss"])[: len(weights)]
    return xr.Dataset({"weight": (("step", "parameter"), weights), "loss": ("step", losses)})


def _over_windows(recorder, steps: int, dims: dict[str, tuple[str, ...]]) -> xr.Dataset:
    """The named parts of all windows, stacked, with the windows' coordinates."""
    count = -(-steps // recorder.window)
    starts = np.arange(count) * recorder.window
    return xr.Dataset(
        {name: (names, recorder.windows.stacked(name, count)) for name, names in dims.items()},
        {
            "window": np.arange(count),
            "window_start": ("window", starts),
            "window_steps": ("window", np.minimum(recorder.window, steps - starts)),
        },
    )


def anchor_name(anchor: int) -> str:
    """Name of the series of displacements from an anchor."""
    return f"anchor {anchor}"


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """The parts of a series, one after the other."""
    return np.concatenate(parts) if parts else np.empty(0)


def padded(values: np.ndarray, length: int) -> np.ndarray:
    """values, cut or filled with NaN along the first axis to `length`."""
    filler = np.full((max(0, length - len(values)), *values.shape[1:]), np.nan, values.dtype)
    return np.concatenate([values[:length], filler])
