"""The recorder: watches a training loop step by step and reduces each window of weights to distances."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import nn

from sgdwalk.recorder import datasets
from sgdwalk.recorder.datasets import EPOCH, SERIES, anchor_name, joined
from sgdwalk.recorder.gradient_noise import EpochNoise, norms
from sgdwalk.recorder.gradient_samples import Samples
from sgdwalk.recorder.layer_groups import groups
from sgdwalk.recorder.layer_groups import size as layer_size
from sgdwalk.recorder.random_projection import Sketch
from sgdwalk.recorder.squared_distances import condensed, squared_distances
from sgdwalk.recorder.window_store import Windows
from sgdwalk.storage import netcdf, run_files
from sgdwalk.storage.code_hash import code_version
from sgdwalk.storage.provenance import attributes

STATE = ("step", "diverged_step", "without_loss")
NOTED = EPOCH[:4]


class Recorder:
    """Measures the walk of a model's trainable parameters, one window of `window` steps at a time.

    Call `record(loss)` once a step, when the gradients stand and before the optimiser moves the weights;
    `end_epoch()` where there are epochs; `close()` at the end. Then `datasets()` gives what the files of a run
    hold and `save(folder)` writes them. Weights stay on their device and are forgotten once a window is full:
    memory is window x parameters in the model's own precision (float32 for a lower one), and nothing is copied to
    the host before that.
    Shorter windows need no recording of their own (cut.cut); longer lags are what the sketch is for.

    window: steps in a window. samples: gradient entries kept per window (see samples.Samples). layers: also the
    distances within each group of layers. anchors: steps from whose weights displacements are measured too.
    sketch: components of a random projection of the whole walk, 0 for none. epoch_steps: most steps in an epoch.
    noise: gradient-noise norms; keeps an epoch of gradients. walk: also keep the raw weights. folder: where
    finished windows are kept until the end (None: in memory).
    """

    def __init__(
        self,
        model: nn.Module,
        window: int = 1000,
        *,
        samples: int = 10_000,
        layers: bool = False,
        anchors: Sequence[int] = (),
        sketch: int = 0,
        epoch_steps: int | None = None,
        noise: bool = False,
        walk: bool = False,
        folder: str | Path | None = None,
        seed: int = 0,
    ):
        self.parameters = [p for p in model.parameters() if p.requires_grad and p.numel()]
        like = _like(self.parameters)
        if noise and not epoch_steps:
            raise ValueError("noise = True: needs epoch_steps, the most steps in an epoch")
        if min(anchors, default=0) < 0:
            raise ValueError(f"anchors = {list(anchors)}: must be steps, 0 or above")
        self.groups = groups(model)
        self.sizes = {name: layer_size(slices) for name, slices in self.groups.items()}
        self.size = sum(self.sizes.values())
        self.window, self.by_layer, self.walk = window, layers, walk
        self.anchors, self.epoch_steps = sorted(set(anchors)), epoch_steps
        # the first weights, the last of the window before, the anchors, the window
        self.rows = like.new_empty(2 + len(self.anchors) + window, self.size)
        self.weights = self.rows[2 + len(self.anchors) :]
        self.flat = Flat(self.parameters, like)
        self.loss, self.gradient_norm = torch.empty(2, window, dtype=torch.float64, device=like.device)
        self.samples = Samples(self.groups, window, samples, seed)
        self.picked = like.new_empty(window, self.samples.entries)
        self.noise = EpochNoise(like, self.size, epoch_steps, seed) if noise else None
        self.sketch = Sketch(self.size, sketch, seed=seed, device=like.device, dtype=like.dtype) if sketch else None
        self.step, self.diverged_step, self.without_loss, self.closed = 0, -1, False, False
        self.windows = Windows(Path(folder) if folder else None)
        self.values: dict[str, list[np.ndarray]] = {name: [] for name in SERIES + tuple(map(anchor_name, self.anchors))}
        self.epochs: dict[str, list] = {name: [] for name in (*EPOCH, *(("mean_gradient", "noise") if noise else ()))}

    @torch.no_grad()
    def record(self, loss: torch.Tensor | float | None = None) -> None:
        """Take the weights, the gradient and the loss (NaN in the files if None) before the optimiser's step."""
        self._check_open("record")
        row = self.step % self.window
        if row == 0:
            self.picks = self.samples.draw(self.step).to(self.loss.device)
        self.weights[row] = self.flat.filled(self.parameters)
        if self.step == 0:
            self.rows[: -self.window] = self.weights[0]
        if self.step in self.anchors:
            self.rows[2 + self.anchors.index(self.step)] = self.weights[row]
        gradient = self.flat.filled(map(_gradient, self.parameters))
        self.without_loss |= loss is None
        value = loss.detach() if torch.is_tensor(loss) else float(torch.nan if loss is None else loss)
        self.loss[row : row + 1] = value  # a slice is filled with a number; into an element it would be copied, a wait
        self.gradient_norm[row] = torch.linalg.vector_norm(gradient, dtype=torch.float64)
        self.picked[row] = gradient[self.picks[row]]
        if self.noise:
            self.noise.add(gradient)
        self.step += 1
        if row == self.window - 1:
            self._finish_window(self.window)

    @torch.no_grad()
    def end_epoch(self, **values: float) -> None:
        """Note train_loss, train_error, test_loss, test_error of the epoch that ends here, as far as they are known.

        Where noise is recorded: norms |g_t - mean of the epoch's gradients| of its steps, and of that mean.
        """
        self._check_open("end_epoch")
        if unknown := sorted(set(values) - set(NOTED)):
            raise ValueError(f"{unknown[0]}: not one of {', '.join(NOTED)}")
        found = {}
        if self.noise:
            found = self.noise.finish()
            self.values["noise_norm"].append(found.pop("noise_norm"))
            found["mean_gradient_norm"] = float(found["mean_gradient_norm"][0])
        row = {**dict.fromkeys(EPOCH, np.nan), **values, **found, "epoch_step": self.step}
        for name, value in row.items():
            self.epochs[name].append(float(value) if name in NOTED else value)

    @torch.no_grad()
    def close(self, *, moved: bool = True) -> None:
        """Take what is left: the short last window, the step into the final weights; and free the buffers.

        moved: whether the weights have moved since the last `record`, as they do in training.
        """
        self._check_open("close")
        last = self.rows[1].double()
        if rows := self.step % self.window:
            last = self.weights[rows - 1].double()
            self._finish_window(rows)
        length = norms([self.flat.filled(self.parameters).double() - last])
        if self.diverged_step < 0 and not np.isfinite(length[0]):
            self.diverged_step = self.step  # it is the weights after the last step that are not finite
        self.values["step_length"].append(np.where(moved & np.isfinite(length), length, np.nan))
        if self.noise:
            self.values["noise_norm"].append(self.noise.finish()["noise_norm"])
        self.rows = self.weights = self.noise = self.flat = self.picked = self.picks = None
        self.closed = True

    def _check_open(self, method: str) -> None:
        if self.closed:
            raise ValueError(f"{method}(): this recorder has been closed")

    def _finish_window(self, rows: int) -> None:
        """Reduce a window of `rows` steps, NaN beyond them; one that is not finite throughout is kept as NaN."""
        kept = len(self.rows) - self.window  # rows before the window's own
        good = self._finite(rows)
        distance2, by_layer = 0, []
        for part in self._distances(kept + good, kept):
            distance2 = distance2 + part
            if self.by_layer:
                by_layer.append(_pairs(part[kept:, kept:], self.window))
        self._finish_series(rows, good, distance2)
        self.loss[rows:], self.picked[rows:] = torch.nan, torch.nan
        finished = {
            "distance2": _pairs(distance2[kept:, kept:], self.window),
            "loss": _copy(self.loss, np.float64),
            **self.samples.split(_copy(self.picked, np.float32)),
        }
        if by_layer:
            finished["layer_distance2"] = np.stack(by_layer)
        if self.sketch:
            finished["projection"] = _copy(self.sketch(self.weights[:rows], self.rows[0]), np.float32)
        if self.walk:
            finished["weight"] = _copy(self.weights[:rows])
        if good < rows:
            finished = {name: np.full_like(a, np.nan) for name, a in finished.items()}
        self.windows.append(finished)
        self.rows[1] = self.weights[rows - 1]

    def _finite(self, rows: int) -> int:
        """How many of the window's first steps have finite weights and losses; marks the first that has not."""
        finite = np.isfinite(norms(self.weights[:rows]))
        if not self.without_loss:
            finite &= np.isfinite(_copy(self.loss[:rows]))
        good = rows if finite.all() else int(finite.argmin())
        if good < rows and self.diverged_step < 0:
            self.diverged_step = self.step - rows + good
        return good

    def _distances(self, rows: int, kept: int) -> Iterator[torch.Tensor]:
        """Squared distances [row, row] of the buffer's first rows within each group, or of all weights at once.

        Centred on the window, which the `kept` rows before it may be far from, so that its short steps keep their
        digits.
        """
        centre = slice(min(kept, rows - 1), rows)
        for slices in self.groups.values() if self.by_layer else [[slice(0, self.size)]]:
            yield sum(squared_distances(self.rows[:rows, part], centre) for part in slices)

    def _finish_series(self, rows: int, good: int, distance2: torch.Tensor) -> None:
        """Per-step values of the window, and the length of the step that led into it."""
        kept = len(self.rows) - self.window
        away = distance2.sqrt().cpu().numpy()
        steps = np.append(away[1, kept : kept + 1], away[kept:, kept:].diagonal(1))
        lost = np.full(rows - good, np.nan)
        self.values["step_length"].append(np.concatenate([steps if self.step > rows else steps[1:], lost]))
        numbers = np.arange(self.step - rows, self.step)
        origins = {"displacement": (0, 0)} | {anchor_name(a): (2 + k, a) for k, a in enumerate(self.anchors)}
        for name, (row, origin) in origins.items():
            column = np.concatenate([away[row, kept:], lost])
            column[numbers == origin] = 0  # a weight's distance from itself but for rounding
            self.values[name].append(np.where(numbers < origin, np.nan, column))
        self.values["loss"].append(_copy(self.loss[:rows], np.float64))
        self.values["gradient_norm"].append(_copy(self.gradient_norm[:rows], np.float64))

    def state(self) -> dict:
        """All but the finished windows, for a resume at a window's end; loaded by `restore`.

        It shares memory with the recorder: write it before the next step.
        """
        if self.closed or self.step % self.window:
            raise ValueError(f"state() at step {self.step}: only at the end of a window of {self.window} steps")
        return {name: getattr(self, name) for name in STATE} | {
            "windows": len(self.windows),
            "values": {name: torch.from_numpy(joined(parts)) for name, parts in self.values.items()},
            "epochs": {name: torch.from_numpy(np.array(column)) for name, column in self.epochs.items()},
            "rows": self.rows[: -self.window].clone(),
            "noise": self.noise.state() if self.noise else None,
        }

    def restore(self, state: Mapping) -> None:
        """Continue from a state and the windows that were finished by then (they lie in `folder`)."""
        for name in STATE:
            setattr(self, name, state[name])
        self.windows.found(state["windows"])
        self.values = {name: [values.cpu().numpy()] for name, values in state["values"].items()}
        self.epochs = {name: list(column.cpu().numpy()) for name, column in state["epochs"].items()}
        self.rows[: -self.window] = state["rows"]
        if self.noise:
            self.noise.restore(state["noise"])

    def datasets(self, steps: int | None = None) -> dict[str, xr.Dataset]:
        """What the files of a run hold, by name (see records); of a run of `steps` steps, NaN from a divergence on."""
        if not self.step or len(self.windows) * self.window < self.step:
            raise ValueError(f"datasets() after {self.step} steps: needs record(), and close() after the last one")
        return datasets.datasets(self, steps or self.step)

    def save(self, folder: str | Path, settings: Mapping | None = None, *, run: str = "", seed: int | str = "") -> None:
        """Write training.nc, distances.nc, gradients.nc, layers.nc and sketch.nc into a folder.

        They are what rule train writes. settings, run and seed are noted in them, whatever you want to remember.
        """
        stamp = attributes(settings or {}, code_version("recorder.window_recorder"), run, seed)
        for name, dataset in self.datasets().items():
            netcdf.write(dataset, Path(folder) / f"{name}.nc", run_files.CONTRACTS[name], stamp)


class Flat:
    """A vector that holds tensors of given shapes end to end, each in its own logical order."""

    def __init__(self, shapes: list[torch.Tensor], like: torch.Tensor):
        sizes = [tensor.numel() for tensor in shapes]
        self.vector = like.new_empty(sum(sizes))
        parts = self.vector.split(sizes)
        self.parts = [part.view(tensor.shape) for part, tensor in zip(parts, shapes, strict=True)]
        pairs = enumerate(zip(self.parts, shapes, strict=True))
        # one kernel copies all that lie in memory as their parts do, but not in a list with others
        alike = {k for k, (part, tensor) in pairs if (part.stride(), part.dtype) == (tensor.stride(), tensor.dtype)}
        self.kinds = [sorted(alike), sorted(set(range(len(shapes))) - alike)]

    def filled(self, tensors: Iterable[torch.Tensor]) -> torch.Tensor:
        """The vector, holding these tensors now; it is overwritten by the next call."""
        given = [tensor.detach() for tensor in tensors]
        for chosen in filter(None, self.kinds):
            torch._foreach_copy_([self.parts[k] for k in chosen], [given[k] for k in chosen])
        return self.vector


def _like(parameters: list[torch.Tensor]) -> torch.Tensor:
    """An empty tensor of the kind that holds the walk: on the first parameter's device, at least float32."""
    if not parameters:
        raise ValueError("model: has no trainable parameters to record")
    dtype = reduce(torch.promote_types, (p.dtype for p in parameters), torch.float32)
    if dtype.is_complex:
        raise ValueError("model: has complex parameters; make their real and imaginary parts parameters to record them")
    return torch.empty(0, dtype=dtype, device=parameters[0].device)


def _gradient(parameter: torch.Tensor) -> torch.Tensor:
    """Gradient of a parameter, zeros where it has none."""
    gradient = parameter.grad
    if gradient is None:
        return torch.zeros_like(parameter)
    return gradient.to_dense() if gradient.is_sparse else gradient


def _pairs(distance2: torch.Tensor, steps: int) -> np.ndarray:
    """The pairs i < j of `steps` steps, NaN for those beyond the matrix."""
    whole = distance2.new_full((steps, steps), torch.nan)
    whole[: len(distance2), : len(distance2)] = distance2
    return condensed(whole)


def _copy(buffer: torch.Tensor, dtype=None) -> np.ndarray:
    """The buffer's values now, in memory of their own: the buffer is written again in the next window."""
    return np.array(buffer.cpu().numpy(), dtype=dtype, copy=True)
