"""The recorder: follows a training loop step by step and reduces each window of weights to squared distances."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import nn

from sgdwalk.recorder.datasets import EPOCH, SERIES, Recorded, datasets
from sgdwalk.recorder.directions import Directions
from sgdwalk.recorder.faults import Faults, trainable
from sgdwalk.recorder.given import check_model, check_rank, flag, noted, number, of_epoch, whole
from sgdwalk.recorder.given import steps as step_numbers
from sgdwalk.recorder.gradient_noise import EpochNoise, norms
from sgdwalk.recorder.gradient_samples import Samples
from sgdwalk.recorder.layer_groups import groups
from sgdwalk.recorder.layer_groups import size as layer_size
from sgdwalk.recorder.parameter_vector import ParameterVector, gradient, prototype
from sgdwalk.recorder.principal_directions import PrincipalDirections
from sgdwalk.recorder.random_projection import Sketch
from sgdwalk.recorder.squared_distances import condensed, squared_distances
from sgdwalk.recorder.window_store import Windows
from sgdwalk.storage import netcdf, run_files
from sgdwalk.storage.code_hash import code_version
from sgdwalk.storage.provenance import attributes

STATE = ("step", "diverged_step", "without_loss")
GIVEN = EPOCH[:4]  # what end_epoch() may be given


class Recorder:
    """Measures the walk of a model's trainable parameters, one window of `window` steps at a time.

    Call `record(loss)` once per step, after backward() and before the optimiser updates the weights; `end_epoch()`
    after each epoch, if there are epochs; `close()` at the end. Then `datasets()` returns what the files of a run
    contain and `save(folder)` writes them. Weights stay on their device and are dropped once a window is full:
    memory is window x parameters in the model's own precision (float32 for a lower one), and nothing is copied to
    the host before that.
    Shorter windows need no recording of their own (trajectory.shorter_windows.cut); lags longer than a window need
    the sketch.

    model: the network; only its trainable parameters count. window: steps in a window. samples: gradient entries kept
    per window (see gradient_samples.Samples). layers: also the distances within each group of layers. anchors: steps
    from whose weights displacements are measured too. sketch: components of a random projection of the whole walk, 0
    for none. epoch_steps: most steps in an epoch. noise: gradient-noise norms; keeps an epoch of gradients in memory.
    walk: also keep the raw weights. flatness: along how many principal directions of each window, and random ones, the
    variance of the weights and the width of the loss are measured, 0 for none. It needs loss_at, the loss of fixed
    images as a function of the weights [parameter] (see principal_directions.PrincipalDirections).
    directions: vectors [mode, parameter], in the order of model.parameters(), along which position, velocity and
    gradient are measured at every step (see directions.Directions); they stay on the weights' device in float64.
    optimiser: the one that moves the weights, for the velocity. folder: where finished windows are stored until the end
    (None: in memory). seed: of the projection and of which gradient entries are kept.

    One RuntimeWarning, and the attribute `status` of training.nc, say where parameters that are not recorded appear in
    the model or change their precision, where the weights do not move during a window or rest in every other step, and
    where its gradients are all zero or None.
    In distributed training make the recorder on rank 0 alone, and pass it the loss averaged over the ranks.

    Raises ValueError, one line that names the argument, for what is no network, or has no trainable, complex or lazy
    parameters, for numbers and anchors that are not whole or too small, noise without epoch_steps, directions or an
    optimiser that do not fit, and on a rank above 0.

    >>> model = nn.Linear(3, 1)
    >>> optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> recorder = Recorder(model, window=20)
    >>> for _ in range(40):
    ...     optimiser.zero_grad()
    ...     loss = model(torch.ones(4, 3)).square().mean()
    ...     loss.backward()
    ...     recorder.record(loss)
    ...     optimiser.step()
    >>> recorder.close()
    >>> recorder.datasets()["distances"].distance2.shape  # two windows of 20 * 19 / 2 pairs
    (2, 190)
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
        flatness: int = 0,
        loss_at: Callable[[torch.Tensor], float] | None = None,
        directions: np.ndarray | None = None,
        optimiser: torch.optim.Optimizer | None = None,
        folder: str | Path | None = None,
        seed: int = 0,
    ):
        check_rank()
        check_model(model)
        window, samples, sketch = whole("window", window, 2), whole("samples", samples, 1), whole("sketch", sketch, 0)
        seed, self.anchors = whole("seed", seed, 0), step_numbers("anchors", anchors)
        self.by_layer, noise, self.walk = flag("layers", layers), flag("noise", noise), flag("walk", walk)
        self.window = window
        self.epoch_steps = None if epoch_steps is None else whole("epoch_steps", epoch_steps, 1)
        self.parameters = list(trainable(model).values())
        like = prototype(self.parameters)
        if whole("flatness", flatness, 0) and not callable(loss_at):
            raise ValueError(f"flatness = {flatness}: needs loss_at, a function of the weights that returns their loss")
        if noise and not epoch_steps:
            raise ValueError("noise = True: needs epoch_steps, the most steps in an epoch")
        self.faults = Faults(model)
        self.groups = groups(model)
        self.sizes = {name: layer_size(slices) for name, slices in self.groups.items()}
        self.size = sum(self.sizes.values())
        # rows: the initial weights, the last weights of the window before, the anchors' weights, the window
        self.before = 2 + len(self.anchors)
        self.rows = like.new_empty(self.before + window, self.size)
        self.weights = self.rows[self.before :]
        self.vector = ParameterVector(self.parameters, like)
        self.loss, self.gradient_norm = torch.empty(2, window, dtype=torch.float64, device=like.device)
        self.learning_rate = np.empty(window)
        self.samples = Samples(self.groups, window, samples, seed)
        self.entries = like.new_empty(window, self.samples.entries)
        self.noise = EpochNoise(like, self.size, epoch_steps, seed) if noise else None
        self.sketch = Sketch(self.size, sketch, seed=seed, device=like.device, dtype=like.dtype) if sketch else None
        self.principal = PrincipalDirections(flatness, loss_at, seed) if flatness else None
        self.directions = None
        if directions is not None:
            self.directions = Directions(directions, self.parameters, self.vector, window, optimiser)
        self.step, self.diverged_step, self.without_loss, self.closed = 0, -1, False, False
        self.windows = Windows(Path(folder) if folder else None)
        self.values: dict[str, list[np.ndarray]] = {
            name: [] for name in SERIES + tuple(map(_anchor_name, self.anchors))
        }
        self.epochs: dict[str, list] = {name: [] for name in (*EPOCH, *(("mean_gradient", "noise") if noise else ()))}

    @torch.no_grad()
    def record(self, loss: torch.Tensor | float | None = None, *, learning_rate: float | None = None) -> None:
        """Record the weights, their gradients and the loss, before the optimiser's step.

        loss: minibatch loss at these weights. learning_rate: of the step that follows. None (NaN in the files) for what
        there is not.
        """
        self._check_open("record")
        value = number("loss", torch.nan if loss is None else loss)
        rate = float(number("learning_rate", torch.nan if learning_rate is None else learning_rate))
        row = self.step % self.window
        if row == 0:
            self.places = self.samples.draw(self.step).to(self.loss.device)
            self.faults.look_at_model(self.step)
        self.weights[row] = self.vector.filled(self.parameters)
        if self.step == 0:
            self.rows[: self.before] = self.weights[0]
        if self.step in self.anchors:
            self.rows[2 + self.anchors.index(self.step)] = self.weights[row]
        gradients = self.vector.filled(map(gradient, self.parameters))
        self.without_loss |= loss is None
        self.loss[row : row + 1] = value  # a slice: assigning a number to an element would wait for the device
        self.learning_rate[row] = rate
        self.gradient_norm[row] = torch.linalg.vector_norm(gradients, dtype=torch.float64)
        self.entries[row] = gradients[self.places[row]]
        if self.noise:
            self.noise.add(gradients)
        if self.directions:
            if self.step == 0:
                self.directions.begin(self.rows[0])
            self.directions.add(row, self.weights[row], self.rows[0], gradients)
        self.step += 1
        if row == self.window - 1:
            self._finish_window(self.window)

    @torch.no_grad()
    def end_epoch(self, **values: float) -> None:
        """Record train_loss, train_error, test_loss, test_error of the epoch that ends here, as far as they are known.

        Where noise is recorded, also the norms |g_t - g| of its steps and |g|, g the mean of the epoch's gradients.
        Raises ValueError for any other name, and for an error that is no share of 1.
        """
        self._check_open("end_epoch")
        if unknown := sorted(set(values) - set(GIVEN)):
            raise ValueError(f"{unknown[0]}: not one of {', '.join(GIVEN)}")
        found = {name: of_epoch(name, value) for name, value in values.items()}
        if self.noise:
            found |= self.noise.finish()
            self.values["noise_norm"].append(found.pop("noise_norm"))
            found["mean_gradient_norm"] = float(found["mean_gradient_norm"][0])
        for name, value in {**dict.fromkeys(EPOCH, np.nan), **found, "epoch_step": self.step}.items():
            self.epochs[name].append(value)

    @torch.no_grad()
    def close(self, *, moved: bool = True) -> None:
        """Finish the short last window, measure the step into the final weights, and free the buffers.

        moved: whether the weights have changed since the last `record`, as they do in training.
        """
        self._check_open("close")
        last = self.rows[1].double()
        if rows := self.step % self.window:
            last = self.weights[rows - 1].double()
            self._finish_window(rows)
        length = norms([self.vector.filled(self.parameters).double() - last])
        if self.diverged_step < 0 and not np.isfinite(length[0]):
            self.diverged_step = self.step  # the weights after the last step are not finite
        self.values["step_length"].append(np.where(moved & np.isfinite(length), length, np.nan))
        if self.noise:
            self.values["noise_norm"].append(self.noise.finish()["noise_norm"])
        if self.directions:
            self.directions.close()
        self.faults.look_at_model(self.step)
        self.rows = self.weights = self.noise = self.vector = self.entries = self.places = None
        self.closed = True

    def _check_open(self, method: str) -> None:
        if self.closed:
            raise ValueError(f"{method}(): this recorder has been closed")

    def _finish_window(self, rows: int) -> None:
        """Reduce a window of `rows` steps, NaN beyond them; a window with values that are not finite becomes NaN."""
        size = norms(self.weights[:rows])
        good = self._finite(size)
        distance2, by_layer = self._summed_distances(good)
        self._finish_series(size, good, distance2)
        finished = self._reduced(rows, distance2[self.before :, self.before :], by_layer)
        if self.principal:
            of_window = distance2[self.before :, self.before :]
            finished |= self.principal.measure(self.weights[:good], of_window, self.step - rows)
        if good < rows:
            finished = {name: np.full_like(a, np.nan) for name, a in finished.items()}
        if self.directions:
            finished["along"] = _copy(self.directions.along[:rows])
        self.windows.append(finished)
        self.rows[1] = self.weights[rows - 1]

    def _reduced(self, rows: int, distance2: torch.Tensor, by_layer: list[np.ndarray]) -> dict[str, np.ndarray]:
        """What is kept of the window, by name."""
        self.loss[rows:], self.entries[rows:] = torch.nan, torch.nan
        kept = {
            "distance2": _pairs(distance2, self.window),
            "loss": _copy(self.loss, np.float64),
            **self.samples.split(_copy(self.entries, np.float32)),
        }
        if by_layer:
            kept["layer_distance2"] = np.stack(by_layer)
        if self.sketch:
            kept["projection"] = _copy(self.sketch(self.weights[:rows], self.rows[0]), np.float32)
        if self.walk:
            kept["weight"] = _copy(self.weights[:rows])
        return kept

    def _finite(self, size: np.ndarray) -> int:
        """Number of steps before the first whose |w| (size) or loss is not finite; that step is the divergence."""
        rows, finite = len(size), np.isfinite(size)
        if not self.without_loss:
            finite &= np.isfinite(_copy(self.loss[:rows]))
        good = rows if finite.all() else int(finite.argmin())
        if good < rows and self.diverged_step < 0:
            self.diverged_step = self.step - rows + good
        return good

    def _summed_distances(self, good: int) -> tuple[torch.Tensor, list[np.ndarray]]:
        """Squared distances [row, row] up to the window's first `good` steps; the pairs of each group, if recorded."""
        distance2, by_layer = 0, []
        for part in self._distances(self.before + good):
            distance2 = distance2 + part
            if self.by_layer:
                by_layer.append(_pairs(part[self.before :, self.before :], self.window))
        return distance2, by_layer

    def _distances(self, rows: int) -> Iterator[torch.Tensor]:
        """Squared distances [row, row] of the buffer's first rows within each group, or of all weights at once.

        Centred on the mean of the window alone: the rows before it may be far away, and the digits of its short steps
        would be lost.
        """
        centre = slice(min(self.before, rows - 1), rows)
        for slices in self.groups.values() if self.by_layer else [[slice(0, self.size)]]:
            yield sum(squared_distances(self.rows[:rows, part], centre) for part in slices)

    def _finish_series(self, size: np.ndarray, good: int, distance2: torch.Tensor) -> None:
        """Per-step values of the window, and the length of the step that led into it; size: |w| of each step."""
        rows, away = len(size), distance2.sqrt().cpu().numpy()
        steps = np.append(away[1, self.before : self.before + 1], away[self.before :, self.before :].diagonal(1))
        missing = np.full(rows - good, np.nan)
        self.values["step_length"].append(np.concatenate([steps if self.step > rows else steps[1:], missing]))
        numbers = np.arange(self.step - rows, self.step)
        origins = {"displacement": (0, 0)} | {_anchor_name(a): (2 + k, a) for k, a in enumerate(self.anchors)}
        for name, (row, origin) in origins.items():
            column = np.concatenate([away[row, self.before :], missing])
            column[numbers == origin] = 0  # exactly, without the rounding of the matrix product
            self.values[name].append(np.where(numbers < origin, np.nan, column))
        self.values["weight_norm"].append(np.where(np.isfinite(size), size, np.nan))
        self.values["loss"].append(_copy(self.loss[:rows], np.float64))
        self.values["learning_rate"].append(self.learning_rate[:rows].copy())
        self.values["gradient_norm"].append(_copy(self.gradient_norm[:rows], np.float64))
        self.faults.look_at_model(self.step)
        self.faults.look_at_window(self.step - rows, steps[1:], self.values["gradient_norm"][-1], size[0])

    def state(self) -> dict:
        """Everything but the finished windows, to resume at the end of a window with `restore`.

        It shares memory with the recorder: write it before the next step. Raises ValueError within a window.
        """
        if self.closed or self.step % self.window:
            raise ValueError(f"state() at step {self.step}: only at the end of a window of {self.window} steps")
        return {name: getattr(self, name) for name in STATE} | {
            "windows": list(self.windows.digests),
            "values": {name: torch.from_numpy(_joined(parts)) for name, parts in self.values.items()},
            "epochs": {name: torch.from_numpy(np.array(column)) for name, column in self.epochs.items()},
            "rows": self.rows[: self.before].clone(),
            "noise": self.noise.state() if self.noise else None,
            "directions": self.directions.state() if self.directions else None,
            "faults": (dict(self.faults.found), self.faults.moved),
        }

    def restore(self, state: Mapping) -> None:
        """Continue from a state and the windows that were finished by then (in `folder`).

        Raises ValueError that names a window that is missing or damaged.
        """
        for name in STATE:
            setattr(self, name, state[name])
        self.windows.restore(state["windows"])
        self.values = {name: [values.cpu().numpy()] for name, values in state["values"].items()}
        self.faults.found, self.faults.moved = dict(state["faults"][0]), state["faults"][1]
        self.epochs = {name: list(column.cpu().numpy()) for name, column in state["epochs"].items()}
        self.rows[: self.before] = state["rows"]
        if self.noise:
            self.noise.restore(state["noise"])
        if self.directions:
            self.directions.restore(state["directions"])

    def datasets(self, steps: int | None = None) -> dict[str, xr.Dataset]:
        """What the files of a run contain, by name (storage.run_files says what each is).

        steps: planned length of the run (None: the steps taken); values after a divergence are NaN. Raises ValueError
        before close() has taken the last steps.
        """
        planned = self.step if steps is None else whole("steps", steps, 1)
        if not self.step or len(self.windows) * self.window < self.step:
            raise ValueError(f"datasets() after {self.step} steps: needs record(), and close() after the last one")
        return datasets(self._recorded(), planned)

    def _recorded(self) -> Recorded:
        series = {name: _joined(parts) for name, parts in self.values.items()}
        return Recorded(
            window=self.window,
            taken=self.step,
            diverged_step=self.diverged_step,
            series={name: series[name] for name in SERIES},
            anchors={anchor: series[_anchor_name(anchor)] for anchor in self.anchors},
            status=self.faults.status,
            epochs=self.epochs,
            epoch_steps=self.epoch_steps,
            layer_sizes=self.sizes,
            by_layer=self.by_layer,
            samples=self.samples,
            windows=self.windows,
            sketch_error=self.sketch.relative_error if self.sketch else None,
            walk=self.walk,
            flatness=self.principal is not None,
            start=_copy(self.directions.start) if self.directions else np.empty(0),
        )

    def save(self, folder: str | Path, settings: Any = None, *, run: str = "", seed: int | str = "") -> None:
        """Write training.nc, distances.nc, gradients.nc, layers.nc, sketch.nc and directions.nc into a folder.

        They are the files that rule train writes. settings, run and seed become their attributes. Of the settings,
        those of a training (model, dataset, loss, optimiser, lr, batch_size, ...) reach the summary and the figures of
        a study whose row `walk` names the folder; others are notes. What JSON cannot hold is kept as text.
        Raises ValueError for settings that are not values by name.
        """
        stamp = attributes(noted(settings), code_version("recorder.window_recorder"), str(run or ""), seed)
        for name, dataset in self.datasets().items():
            netcdf.write(dataset, Path(folder) / f"{name}.nc", run_files.CONTRACTS[name], stamp)


def _anchor_name(anchor: int) -> str:
    """Name of the series of distances from an anchor's weights."""
    return f"anchor {anchor}"


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """The parts of a series, one after the other."""
    return np.concatenate(parts) if parts else np.empty(0)


def _pairs(distance2: torch.Tensor, steps: int) -> np.ndarray:
    """The pairs i < j of `steps` steps, NaN for those beyond the matrix."""
    whole = distance2.new_full((steps, steps), torch.nan)
    whole[: len(distance2), : len(distance2)] = distance2
    return condensed(whole)


def _copy(buffer: torch.Tensor, dtype=None) -> np.ndarray:
    """A copy of the buffer's values: the next window overwrites the buffer."""
    return np.array(buffer.cpu().numpy(), dtype=dtype, copy=True)
