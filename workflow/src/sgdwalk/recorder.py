"""The recorder: watches a training loop step by step and reduces each window of weights to distances."""

from collections.abc import Iterable

import numpy as np
import torch
import xarray as xr

from sgdwalk.distances import condensed, squared_distances
from sgdwalk.seeds import generator

STATE = ("step", "diverged_step", "epoch_rows")
SERIES = ("loss", "gradient_norm", "noise_norm", "step_length", "displacement")


class Recorder:
    """Measures the walk of a model's trainable parameters, one window of `window` steps at a time.

    Call `record(loss)` once a step, after the backward pass and before the optimiser moves the weights;
    `end_epoch()` where noise norms are wanted; `close()` at the end. Then `distances()`, `gradients()` and
    `series()` hold what the files of a run hold. Weights stay on their device and are forgotten once a
    window is full: memory is window x parameters in the model's own precision.

    window: steps in a window. samples: gradient entries kept per window, drawn evenly over steps and
    uniformly over parameters with `seed`. epoch_steps: steps in an epoch, for the noise norms (None: none).
    walk: also keep the raw weights.
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        window: int,
        *,
        samples: int = 10_000,
        epoch_steps: int | None = None,
        walk: bool = False,
        seed: int = 0,
    ):
        self.parameters = [p for p in parameters if p.requires_grad]
        first = self.parameters[0]
        self.size = sum(p.numel() for p in self.parameters)
        self.window, self.seed = window, seed
        self.per_step = -(-samples // window)
        self.rows = first.new_empty(
            window + 2, self.size
        )  # the first weights, the last of the window before, the window
        self.weights = self.rows[2:]
        self.gradient = Flat(self.parameters)
        self.point = Flat(self.parameters)
        self.loss = first.new_empty(window)
        self.gradient_norm = torch.empty(window, dtype=torch.float64, device=first.device)
        self.picked = first.new_empty(window, self.per_step)
        self.epoch_gradients = first.new_empty(epoch_steps, self.size) if epoch_steps else None
        self.epoch_rows = 0
        self.step = 0
        self.diverged_step = -1
        self.walk = walk
        self.windows: list[dict[str, np.ndarray]] = []
        self.values: dict[str, list[np.ndarray]] = {name: [] for name in SERIES}

    @torch.no_grad()
    def record(self, loss: torch.Tensor) -> None:
        """Take the weights, the gradient and the loss as they are before the optimiser's step."""
        row = self.step % self.window
        if row == 0:
            self.picks = self._picks()
        self.weights[row] = self.point.filled(self.parameters)
        if self.step == 0:
            self.rows[:2] = self.weights[0]
        gradient = self.gradient.filled(p.grad if p.grad is not None else torch.zeros_like(p) for p in self.parameters)
        self.loss[row] = loss.detach()
        self.gradient_norm[row] = torch.linalg.vector_norm(gradient, dtype=torch.float64)
        self.picked[row] = gradient[self.picks[row]]
        if self.epoch_gradients is not None:
            self.epoch_gradients[self.epoch_rows] = gradient
            self.epoch_rows += 1
        self.step += 1
        if row == self.window - 1:
            self._finish_window()

    @torch.no_grad()
    def end_epoch(self) -> None:
        """Noise norms |g_t - mean of the epoch's gradients| of the epoch that ends here."""
        if self.epoch_gradients is None or self.epoch_rows == 0:
            return
        rows = self.epoch_gradients[: self.epoch_rows]
        centre = rows.mean(0)
        self.values["noise_norm"].append(_norms(row - centre for row in rows))
        self.epoch_rows = 0

    @torch.no_grad()
    def close(self) -> None:
        """Take what is left: the short last window's series, and the step into the final weights."""
        if rows := self.step % self.window:
            self._finish_series(rows)
        final = self.point.filled(self.parameters).double()
        self.values["step_length"].append(_norms([final - self.rows[1].double()]))
        self.end_epoch()

    def _picks(self) -> torch.Tensor:
        """Which parameters are sampled at each step of the coming window, from the seed and the step alone."""
        shape = (self.window, self.per_step)
        picks = torch.randint(self.size, shape, generator=generator(self.seed, "sample", self.step))
        return picks.to(self.loss.device)

    def _finish_window(self) -> None:
        """Reduce a full window; one that is not finite throughout is kept as NaN."""
        distance2 = self._finish_series(self.window)
        finished = {
            "distance2": np.full(self.window * (self.window - 1) // 2, np.nan),
            "loss": _copy(self.loss, np.float64),
            "gradient": _copy(self.picked, np.float32).reshape(-1),
        }
        if self.walk:
            finished["weight"] = _copy(self.weights)
        if len(distance2) == self.window + 2:
            finished["distance2"] = condensed(distance2[2:, 2:])
        else:
            finished = {name: np.full_like(a, np.nan) for name, a in finished.items()}
        self.windows.append(finished)

    def _finish_series(self, rows: int) -> torch.Tensor:
        """Per-step values of the first `rows` weights of the window, and of the step that led to them.

        Returns the squared distances of what is finite: the first weights, the last before the window, the window.
        """
        losses = _copy(self.loss[:rows], np.float64)
        finite = np.isfinite(losses) & np.isfinite(_norms(self.weights[:rows]))
        good = rows if finite.all() else int(finite.argmin())
        if good < rows and self.diverged_step < 0:
            self.diverged_step = self.step - rows + good
        distance2 = squared_distances(self.rows[: good + 2])
        lengths = distance2.diagonal(1).sqrt()[1 if self.step > rows else 2 :].cpu().numpy()
        lost = np.full(rows - good, np.nan)
        self.values["step_length"].append(np.concatenate([lengths, lost]))
        self.values["displacement"].append(np.concatenate([distance2[0, 2:].sqrt().cpu().numpy(), lost]))
        self.values["loss"].append(losses)
        self.values["gradient_norm"].append(_copy(self.gradient_norm[:rows], np.float64))
        self.rows[1] = self.weights[rows - 1]
        return distance2

    def state(self) -> dict:
        """All but the finished windows, for a resume at a window's end; loaded by `restore`."""
        return {name: getattr(self, name) for name in STATE} | {
            "values": {name: torch.from_numpy(_joined(parts)) for name, parts in self.values.items()},
            "rows": self.rows[:2].clone(),
            "epoch_gradients": None if self.epoch_gradients is None else self.epoch_gradients[: self.epoch_rows],
        }

    def restore(self, state: dict, windows: list[dict[str, np.ndarray]]) -> None:
        """Continue from a state and the windows that were finished by then."""
        for name in STATE:
            setattr(self, name, state[name])
        self.values = {name: [values.cpu().numpy()] for name, values in state["values"].items()}
        self.rows[:2] = state["rows"]
        if self.epoch_gradients is not None:
            self.epoch_gradients[: self.epoch_rows] = state["epoch_gradients"]
        self.windows = windows

    def series(self, steps: int | None = None) -> xr.Dataset:
        """loss, gradient_norm, noise_norm, step_length, displacement [step]; NaN from a divergence to `steps`."""
        steps = steps or self.step
        columns = {name: _padded(_joined(parts), steps) for name, parts in self.values.items()}
        if self.diverged_step >= 0:
            for column in columns.values():
                column[self.diverged_step :] = np.nan
        return xr.Dataset(
            {name: ("step", column) for name, column in columns.items()} | {"diverged_step": ((), self.diverged_step)},
            coords={"step": np.arange(steps)},
        )

    def distances(self, windows: int | None = None) -> xr.Dataset:
        """distance2 [window, pair] and loss [window, step] of the full windows; NaN for those lost."""
        return xr.Dataset(
            {
                "distance2": (("window", "pair"), self._stacked("distance2", windows)),
                "loss": (("window", "step"), self._stacked("loss", windows)),
            },
            coords=self._window_coordinates(windows),
        )

    def gradients(self, windows: int | None = None) -> xr.Dataset:
        """Sampled gradient entries [window, sample] and the step each comes from."""
        coordinates = self._window_coordinates(windows)
        within = np.repeat(np.arange(self.window), self.per_step)
        return xr.Dataset(
            {
                "gradient": (("window", "sample"), self._stacked("gradient", windows)),
                "step": (("window", "sample"), coordinates["window_start"][1][:, None] + within),
            },
            coords=coordinates,
        )

    def walked(self) -> xr.Dataset:
        """The raw weights [step, parameter] and losses [step] of the full windows (walk=True)."""
        return xr.Dataset(
            {
                "weight": (("step", "parameter"), np.concatenate([w["weight"] for w in self.windows])),
                "loss": ("step", np.concatenate([w["loss"] for w in self.windows])),
            }
        )

    def _stacked(self, name: str, windows: int | None) -> np.ndarray:
        found = np.stack([window[name] for window in self.windows])
        return _padded(found, windows or len(found))

    def _window_coordinates(self, windows: int | None) -> dict:
        index = np.arange(windows or len(self.windows))
        return {"window": index, "window_start": ("window", index * self.window)}


class Flat:
    """A vector that holds tensors of given shapes end to end, each in its own logical order."""

    def __init__(self, like: list[torch.Tensor]):
        sizes = [tensor.numel() for tensor in like]
        self.vector = like[0].new_empty(sum(sizes))
        parts = self.vector.split(sizes)
        self.parts = [part.view(tensor.shape) for part, tensor in zip(parts, like, strict=True)]

    def filled(self, tensors: Iterable[torch.Tensor]) -> torch.Tensor:
        """The vector, holding these tensors now; it is overwritten by the next call."""
        torch._foreach_copy_(self.parts, [tensor.detach() for tensor in tensors])
        return self.vector


def _norms(vectors: Iterable[torch.Tensor]) -> np.ndarray:
    """Norms, summed in float64; the difference of two near numbers is itself exact or nearly so."""
    norms = [torch.linalg.vector_norm(v, dtype=torch.float64) for v in vectors]
    return torch.stack(norms).cpu().numpy() if norms else np.empty(0)


def _copy(buffer: torch.Tensor, dtype=None) -> np.ndarray:
    """The buffer's values now, in memory of their own: the buffer is written again in the next window."""
    return np.array(buffer.cpu().numpy(), dtype=dtype, copy=True)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0)


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    """values, cut or filled with NaN along the first axis to `length`."""
    filler = np.full((max(0, length - len(values)), *values.shape[1:]), np.nan, values.dtype)
    return np.concatenate([values[:length], filler])
