"""The training loop of one run, with its recorder, checkpoints and states to resume from."""

import hashlib
import json
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import nn

from sgdwalk.data.images import Images
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.samplers import SHUFFLED
from sgdwalk.seeds import generator
from sgdwalk.storage.delivery import remove
from sgdwalk.training import networks, random_states
from sgdwalk.training.batch_norm_mode import check_batch
from sgdwalk.training.batches import batches_of
from sgdwalk.training.checkpoints import Checkpoints
from sgdwalk.training.cuda_graphs import Replayed, gradients
from sgdwalk.training.devices import allow_tf32, device
from sgdwalk.training.fixed_loss import FixedLoss
from sgdwalk.training.initialisation import INITIALISATIONS
from sgdwalk.training.losses import objective
from sgdwalk.training.parents import Parent, keep_velocity
from sgdwalk.training.progress import Heartbeat
from sgdwalk.training.resume_states import ResumeStates
from sgdwalk.training.schedules import learning_rate

TESTED = 1000  # test images that are evaluated at a time
SHOWN = 10  # names of layers in a message
# what a file that is no state, or another's, makes torch or the recorder raise
UNUSABLE = (RuntimeError, ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, pickle.UnpicklingError)


class Run:
    """One training run: settings (see config/README.md), the network's factory and the images.

    settings: of the run, complete. build: function of (channels, size, classes) that returns the network. work: folder
    for states to resume from; this run's are in a folder of its own below it, named by its key, and those of other
    settings, code, images or kinds of device are removed. code: hash of the code. check: called before anything is
    written to `work`; it may raise an error to prevent that. parent: what a run with a parent starts from.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        build: Callable[..., nn.Module],
        images: Images,
        work: Path,
        code: str,
        check: Callable[[], None] = lambda: None,
        parent: Parent | None = None,
    ):
        self.settings, self.build, self.images, self.check, self.parent = settings, build, images, check, parent
        self.device = device(settings["device"])
        key = [settings, code, images.fingerprint(), self.device.type, *(parent.digests if parent else ())]
        self.work = work / hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        self.states, self.checkpoints = ResumeStates(self.work), Checkpoints(self.work / "checkpoints")
        arithmetic(settings)
        self.dtype = getattr(torch, settings["dtype"])
        self.objective = objective(settings)
        self.graphs = settings["cuda_graphs"] and self.device.type == "cuda"
        self.graph: Replayed | None = None
        self.batches = batches_of(settings, images, self.device)
        self.steps = settings["steps"] or settings["epochs"] * self.batches.steps
        count = min(settings["snapshots"], self.steps + 1)
        self.snapshots = np.unique(np.linspace(0, self.steps, count).round().astype(int))
        check_lengths(settings, len(images.train), self.steps)
        self.heartbeat = Heartbeat(self.work, self.steps, self.check)
        self._begin()
        self._check_smallest_batch()
        self._check_network()

    def _begin(self) -> None:
        """Set everything that changes during a training to what it is before the first step."""
        self.recorder = None  # frees a window of weights before the next is allocated
        self.model = networks.cast(network(self.settings, self.build, self.images), self.dtype)
        if self.parent:
            self.model.load_state_dict(self.parent.checkpoint["model"])
        self.model = self.model.to(self.device, memory_format=torch.channels_last)
        self.optimiser = optimiser(self.settings, self.model.parameters())
        if self.parent and self.settings["keep_velocity"]:
            keep_velocity(self.optimiser, self.parent.checkpoint)
        record = dict(self.settings["record"])
        images = record.pop("flatness_images")
        self.recorder = Recorder(
            self.model,
            self.settings["window"],
            epoch_steps=self.batches.steps,
            folder=self.work,
            seed=self.settings["seed"],
            directions=self.parent.directions if self.parent else None,
            optimiser=self.optimiser,
            loss_at=FixedLoss(self.model, self.objective, *self.batches.sample(images)) if record["flatness"] else None,
            **record,
        )
        self.checkpoints.digests = {}
        self.tally = torch.zeros(2, dtype=torch.float64, device=self.device)  # sums of loss and errors in the epoch
        self.seen = 0  # images in the epoch

    def _check_smallest_batch(self) -> None:
        """Refuse batches of one image if the network's batch norm cannot take them."""
        if self._smallest() == 1:
            where = f"batch_size = {self.settings['batch_size']} and {len(self.images.train)} training images"
            check_batch(self.model, self.batches.tested(slice(1))[0], where)

    def _check_network(self) -> None:
        """Refuse a network without logits; no graph for one whose random numbers on the host it would freeze."""
        inputs = next(self.batches.epoch(0))[0][:2]
        drew = networks.check_logits(self.model, inputs, self.images.classes, self.settings["model"])
        if drew and self.graphs:
            self.graphs = False
            print("cuda_graphs: off, as the network draws random numbers on the host", file=sys.stderr, flush=True)

    def _smallest(self) -> int:
        """Images in the smallest batch of the run."""
        size, rest = self.settings["batch_size"], len(self.images.train) % self.settings["batch_size"]
        shorter = rest and self.settings["sampler"] == SHUFFLED and self.steps >= self.batches.steps
        return rest if shorter else size

    def train(self) -> None:
        """Take all steps, beginning at the newest resume state if there is one.

        Raises ValueError at the end if a checkpoint is missing or damaged.
        """
        self._resume()
        self.model.train()
        self.heartbeat.begin(self.recorder.step)
        while not self._over():
            epoch, done = divmod(self.recorder.step, self.batches.steps)
            for inputs, labels in self.batches.epoch(epoch, done):
                if self.recorder.step in self.snapshots:
                    self._checkpoint()
                self._step(inputs, labels)
                if self.recorder.step % self.batches.steps == 0 or self.recorder.step == self.steps:
                    self._end_epoch()
                if self.recorder.step % self.settings["window"] == 0:
                    self._end_window()
                if self._over():
                    break
        self.recorder.close()
        self._checkpoint()
        self.checkpoints.check([*self._snapshots_before(self.recorder.step), self.recorder.step])

    def _over(self) -> bool:
        return self.recorder.step >= self.steps or self.recorder.diverged_step >= 0

    def _snapshots_before(self, step: int) -> list[int]:
        """Steps of the checkpoints that exist when a step is next."""
        return [snapshot for snapshot in self.snapshots.tolist() if snapshot < step]

    def _step(self, inputs: torch.Tensor, labels: torch.Tensor) -> None:
        """One minibatch: gradient, record, update."""
        loss, logits = self._gradients(inputs, labels)
        rate = learning_rate(self.settings, self.recorder.step, self.steps, self.batches.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        if (self.recorder.step + 1) % self.settings["window"] == 0:
            self.check()
        self.recorder.record(loss, learning_rate=rate)
        self.optimiser.step()
        self.tally[0] += loss * len(labels)
        self.tally[1] += (logits.argmax(1) != labels).sum()
        self.seen += len(labels)
        if self.device.type == "cpu" and self.heartbeat.due():  # elsewhere the loss would have to be waited for
            self.heartbeat.tell(self.recorder.step, loss.item())

    def _gradients(self, inputs: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (loss, logits) of a minibatch, gradients in p.grad; on CUDA a graph computes full minibatches."""
        if self.graphs and self.graph is None and len(labels) == self.settings["batch_size"]:
            self.graph = Replayed(self.model, self.objective, inputs, labels)
        if self.graph:
            return self.graph(inputs, labels)
        return gradients(self.model, self.objective, inputs, labels)

    @torch.no_grad()
    def _end_epoch(self) -> None:
        loss, wrong = self.tally.tolist()
        self.heartbeat.tell(self.recorder.step, loss / self.seen)
        test_loss, test_error = self._test()
        self.recorder.end_epoch(
            train_loss=loss / self.seen,
            train_error=wrong / self.seen,
            test_loss=test_loss,
            test_error=test_error,
        )
        self.tally.zero_()
        self.seen = 0

    def _test(self) -> tuple[float, float]:
        """Mean loss and error rate of the test images, batch norm with its running statistics."""
        self.model.eval()
        total = torch.zeros(2, dtype=torch.float64, device=self.device)
        for start in range(0, len(self.images.test), TESTED):
            inputs, labels = self.batches.tested(slice(start, start + TESTED))
            logits = self.model(inputs)
            total[0] += self.objective(logits, labels) * len(labels)
            total[1] += (logits.argmax(1) != labels).sum()
        self.model.train()
        return tuple((total / len(self.images.test)).tolist())

    def _end_window(self) -> None:
        done = self.heartbeat.progress(self.recorder.step, loss := self.recorder.loss.mean().item())
        print(
            f"step {done.step}/{done.steps}  window loss {loss:.4f}  {done.steps_per_second:.0f} steps/s"
            f"  {done.seconds_left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )
        self.heartbeat.tell(done.step, loss)
        self._save_state()

    def _save_state(self) -> None:
        """Write a resume state."""
        self.check()
        state = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "recorder": self.recorder.state(),
            "checkpoints": self.checkpoints.digests,
            "tally": self.tally,
            "seen": self.seen,
            "random": random_states.states(self.device),
        }
        self.states.save(len(self.recorder.windows), state)

    def _resume(self) -> None:
        """Load the newest state of this key that is whole; remove all others of no use."""
        self.check()
        for other in self.work.parent.glob("*/"):
            if other != self.work:
                remove(other)
        for path in self.states.newest_first():
            try:
                self._restore(self.states.load(path))
            except UNUSABLE as error:
                print(f"{path}: not a state to resume from ({error})", file=sys.stderr, flush=True)
                self.states.remove(path)
                self._begin()
                continue
            print(f"resumed at step {self.recorder.step}", file=sys.stderr, flush=True)
            return

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.recorder.restore(state["recorder"])
        self.checkpoints.restore(state["checkpoints"], self._snapshots_before(self.recorder.step))
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.tally, self.seen = state["tally"].to(self.device), state["seen"]
        random_states.restore(state["random"], self.device)

    def _checkpoint(self) -> None:
        """Save the network at this step: step, epoch, weights and buffers, state of the optimiser."""
        self.check()
        content = {
            "step": self.recorder.step,
            "epoch": self.recorder.step / self.batches.steps,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        self.checkpoints.save(self.recorder.step, content)

    def datasets(self) -> dict[str, xr.Dataset]:
        """The data sets of the run's files, by name."""
        return self.recorder.datasets(self.steps)


def check_lengths(settings: Mapping[str, Any], images: int, steps: int) -> None:
    """Refuse lengths that could not be checked before the number of training images was known, and the run's steps."""
    if settings["window"] > steps:
        raise ValueError(f"window = {settings['window']}: must be at most {steps}, the steps of the run")
    if settings["batch_size"] > images:
        raise ValueError(f"batch_size = {settings['batch_size']}: must be at most {images}")
    for anchor in settings["record"]["anchors"]:
        if anchor >= steps:
            raise ValueError(f"record.anchors = {anchor}: must be below {steps}, the steps of the run")


def arithmetic(settings: Mapping[str, Any]) -> None:
    """Set the options of torch that hold for the whole process: threads, TF32, deterministic algorithms."""
    torch.set_num_threads(settings["threads"])
    allow_tf32(settings["tf32"])
    if settings["deterministic"] != torch.are_deterministic_algorithms_enabled():  # a call would import a compiler
        torch.use_deterministic_algorithms(settings["deterministic"])
    torch.backends.cudnn.benchmark = not settings["deterministic"]
    if settings["deterministic"]:
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # cuBLAS reads this at its first use


def network(settings: Mapping[str, Any], build: Callable[..., nn.Module], images: Images) -> nn.Module:
    """The untrained network for these images, initialised from the run's seed."""
    model = networks.build(build, images, settings["model"], settings["seed"])
    drawn = INITIALISATIONS[settings["init"]](model, generator(settings["seed"], "init"))
    if settings["init"] != "pytorch" and not settings.get("parent"):  # a child's weights are its parent's
        said = f"init = '{settings['init']}': new weights in {len(drawn)} layers of {settings['model']}"
        print(f"{said}, {', '.join(drawn[:SHOWN])}{', ...' * (len(drawn) > SHOWN)}", file=sys.stderr, flush=True)
    return model


def optimiser(settings: Mapping[str, Any], parameters) -> torch.optim.Optimizer:
    """SGD, with momentum and weight decay if these are set, or Adam."""
    if settings["optimiser"] == "adam":
        return torch.optim.Adam(parameters, lr=settings["lr"], weight_decay=settings["weight_decay"], foreach=True)
    return torch.optim.SGD(
        parameters,
        lr=settings["lr"],
        momentum=settings["momentum"],
        nesterov=settings["nesterov"],
        weight_decay=settings["weight_decay"],
        foreach=True,
    )
