"""Training: a plain loop around one network, the recorder beside it, and states to resume from."""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import nn

from sgdwalk.batches import Batches, Scale
from sgdwalk.data.images import Images
from sgdwalk.files import replacing
from sgdwalk.initialisation import INITIALISATIONS
from sgdwalk.objectives import OBJECTIVES
from sgdwalk.recorder import Recorder
from sgdwalk.seeds import generator

EPOCH = ("train_loss", "train_error", "test_loss", "test_error")
KEPT_STATES = 2


class Run:
    """One training run: settings (see config/README.md), the network's factory and the images.

    `work` is the folder for resume states; a state made by other settings or other code (`key`) is never used.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        build: Callable[..., nn.Module],
        images: Images,
        work: Path,
        code: str,
    ):
        self.settings, self.images = settings, images
        key = json.dumps([settings, code], sort_keys=True)
        self.work = work / hashlib.sha256(key.encode()).hexdigest()[:16]
        self.checkpoints = self.work / "checkpoints"
        torch.set_num_threads(settings["threads"])
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = settings["tf32"]
        self.device = torch.device(device(settings["device"]))
        self.dtype = getattr(torch, settings["dtype"])
        self.model = network(settings, build, images).to(self.device, self.dtype)
        self.model = self.model.to(memory_format=torch.channels_last)
        self.optimiser = optimiser(settings, self.model.parameters())
        self.objective = OBJECTIVES[settings["loss"]]
        self.batches = Batches(
            images,
            settings["batch_size"],
            sampler=settings["sampler"],
            augment=settings["augment"],
            seed=settings["seed"],
            device=self.device,
            dtype=self.dtype,
        )
        self.steps = settings["steps"] or settings["epochs"] * self.batches.steps
        if settings["window"] > self.steps:
            raise ValueError(f"window = {settings['window']}: must be at most {self.steps}, the steps of the run")
        if settings["batch_size"] > len(images.train):
            raise ValueError(f"batch_size = {settings['batch_size']}: must be at most {len(images.train)}")
        record = settings["record"]
        self.recorder = Recorder(
            self.model.parameters(),
            settings["window"],
            samples=record["samples"],
            epoch_steps=self.batches.steps if record["noise"] else None,
            walk=record["walk"],
            seed=settings["seed"],
        )
        self.epochs: dict[str, list[float]] = {name: [] for name in (*EPOCH, "epoch_step")}
        self.tally = torch.zeros(3, dtype=torch.float64, device=self.device)
        self.snapshots = np.unique(np.linspace(0, self.steps, settings["snapshots"]).round().astype(int))

    def train(self) -> None:
        """Take all steps, from the newest resume state where there is one."""
        self._resume()
        self.model.train()
        began, first = time.monotonic(), self.recorder.step
        while (step := self.recorder.step) < self.steps and self.recorder.diverged_step < 0:
            epoch, done = divmod(step, self.batches.steps)
            for inputs, labels in self.batches.epoch(epoch, done):
                if self.recorder.step in self.snapshots:
                    self._checkpoint(f"step-{self.recorder.step:09d}")
                self._step(inputs, labels)
                if self.recorder.step % self.batches.steps == 0 or self.recorder.step == self.steps:
                    self._end_epoch()
                if self.recorder.step % self.settings["window"] == 0:
                    self._end_window(began, first)
                if self.recorder.step == self.steps or self.recorder.diverged_step >= 0:
                    break
        self.recorder.close()
        self._checkpoint(f"step-{self.recorder.step:09d}")

    def _step(self, inputs: torch.Tensor, labels: torch.Tensor) -> None:
        """One minibatch: gradient, record, update."""
        self.optimiser.zero_grad(set_to_none=True)
        logits = self.model(inputs)
        loss = self.objective(logits, labels)
        loss.backward()
        self.recorder.record(loss)
        self.optimiser.step()
        with torch.no_grad():
            wrong = (logits.argmax(1) != labels).sum()
            self.tally += torch.stack([loss * len(labels), wrong, loss.new_tensor(len(labels))]).double()

    @torch.no_grad()
    def _end_epoch(self) -> None:
        self.recorder.end_epoch()
        loss, wrong, count = self.tally.tolist()
        self.tally.zero_()
        test_loss, test_error = self._test()
        row = (loss / count, wrong / count, test_loss, test_error, self.recorder.step)
        for name, value in zip(self.epochs, row, strict=True):
            self.epochs[name].append(value)

    def _test(self) -> tuple[float, float]:
        """Mean loss and error of the test images, batch norm with its running statistics."""
        self.model.eval()
        scale = Scale(self.images, self.device, self.dtype)
        total = np.zeros(2)
        for start in range(0, len(self.images.test), 1000):
            part = slice(start, start + 1000)
            labels = torch.from_numpy(self.images.test_labels[part]).to(self.device)
            logits = self.model(scale(torch.from_numpy(self.images.test[part]).to(self.device)))
            wrong = (logits.argmax(1) != labels).sum()
            total += float(self.objective(logits, labels)) * len(labels), float(wrong)
        self.model.train()
        return tuple((total / len(self.images.test)).tolist())

    def _end_window(self, began: float, first: int) -> None:
        step, loss = self.recorder.step, self.recorder.windows[-1]["loss"].mean()
        rate = (step - first) / (time.monotonic() - began)
        left = (self.steps - step) / rate
        print(
            f"step {step}/{self.steps}  window loss {loss:.4f}  {rate:.0f} steps/s  {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )
        self._save_state()

    def _save_state(self) -> None:
        """Write the last window and a resume state; keep the newest two states."""
        window = len(self.recorder.windows) - 1
        with replacing(self.work / f"window-{window:05d}.npz") as path:
            np.savez(path, **self.recorder.windows[-1])
        state = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "recorder": self.recorder.state(),
            "epochs": self.epochs,
            "tally": self.tally,
            "random": torch.get_rng_state(),
        }
        with replacing(self.work / f"resume-{window:05d}.pt") as path:
            torch.save(state, path)
        for old in sorted(self.work.glob("resume-*.pt"))[:-KEPT_STATES]:
            old.unlink()

    def _resume(self) -> None:
        """Load the newest state of this key; states of other keys are of no use and go."""
        for other in self.work.parent.glob("*/"):
            if other != self.work:
                shutil.rmtree(other)
        states = sorted(self.work.glob("resume-*.pt"))
        if not states:
            return
        state = torch.load(states[-1], map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        count = state["recorder"]["step"] // self.settings["window"]
        self.recorder.restore(state["recorder"], [self._window(k) for k in range(count)])
        self.epochs, self.tally = state["epochs"], state["tally"]
        torch.set_rng_state(state["random"].cpu())
        print(f"resumed at step {self.recorder.step}", file=sys.stderr)

    def _window(self, window: int) -> dict[str, np.ndarray]:
        with np.load(self.work / f"window-{window:05d}.npz", allow_pickle=False) as archive:
            return dict(archive)

    def _checkpoint(self, name: str) -> None:
        """Save what the network is now: step, weights and buffers, the optimiser's state."""
        content = {
            "step": self.recorder.step,
            "epoch": self.recorder.step / self.batches.steps,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        with replacing(self.checkpoints / f"{name}.pt") as path:
            torch.save(content, path)

    def training(self) -> xr.Dataset:
        """The data of training.nc."""
        series = self.recorder.series(self.steps)
        values = {name: ("epoch", np.array(self.epochs[name])) for name in self.epochs}
        done = np.array(self.epochs["epoch_step"]) / self.batches.steps
        return series.assign(values).assign_coords(epoch=done)

    def deliver_checkpoints(self, target: Path) -> None:
        """Move the checkpoints to their declared place and drop the resume states."""
        shutil.rmtree(target, ignore_errors=True)
        self.checkpoints.rename(target)
        shutil.rmtree(self.work.parent)


def network(settings: Mapping[str, Any], build: Callable[..., nn.Module], images: Images) -> nn.Module:
    """The untrained network for these images, initialised from the run's seed."""
    torch.manual_seed(settings["seed"])
    channels, size = images.train.shape[1:3]
    model = build(channels, size, images.classes)
    INITIALISATIONS[settings["init"]](model, generator(settings["seed"], "init"))
    return model


def optimiser(settings: Mapping[str, Any], parameters) -> torch.optim.Optimizer:
    """SGD, plain unless momentum or weight decay are asked for, or Adam."""
    if settings["optimiser"] == "adam":
        return torch.optim.Adam(parameters, lr=settings["lr"], weight_decay=settings["weight_decay"])
    return torch.optim.SGD(
        parameters, lr=settings["lr"], momentum=settings["momentum"], weight_decay=settings["weight_decay"]
    )


def device(name: str) -> str:
    """'auto' is a CUDA device where there is one."""
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name
