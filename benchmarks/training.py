"""Time of a training step: a plain loop, our loop without and with the recorder, and everything stored every step.

`python benchmarks/training.py [--rounds N] [CASE ...]` prints a table of each case for the device of this machine. All
variants run in one process and take turns, so that other load on the machine affects all alike; figures are medians
over the rounds. Ratios are of CPU time on a CPU (one thread), which other load hardly changes, and of wall time on
CUDA.

Storing everything is what the code published by Chen et al. does: weights and gradients are copied to the host at every
step and written to an HDF5 file at the end of every epoch (here 20 steps, uncompressed, deleted at once). It leaves
weights alone; the last row adds the time of their time-averaged MSD by differences at every lag, estimated from ten
lags. Our loop has the distance of every pair by then.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import netCDF4
import numpy as np
import torch
from sgdwalk.data import digits, surrogate
from sgdwalk.data.images import Images
from sgdwalk.models.resnet import resnet
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage.provenance import hardware
from sgdwalk.study.validation import checked, schema
from sgdwalk.training.batches import Batches
from sgdwalk.training.devices import device
from sgdwalk.training.trainer import Run

WINDOW, STEPS = 1000, 20


class Case(NamedTuple):
    """What is trained: loader of the images, batch size, depth of the ResNet."""

    load: Callable[[], Images]
    batch_size: int
    depth: int = 14

    def build(self, *shape) -> torch.nn.Module:
        """The network."""
        return resnet(*shape, depth=self.depth)


def cifar_shaped() -> Images:
    """Random images of the shape of CIFAR-10."""
    return surrogate.load(train=10_000, test=10)


CASES = {
    "digits": Case(digits.load, 32),
    "cifar-b128": Case(cifar_shaped, 128),
    "cifar-b1024": Case(cifar_shaped, 1024),
    "cifar-resnet56-b128": Case(cifar_shaped, 128, 56),
}
DEFAULT = ("digits", "cifar-b128")  # the others are for a GPU


class Nothing:
    """A recorder that records nothing."""

    step = 0

    def record(self, loss, *, learning_rate) -> None:
        """Count the step."""
        self.step += 1


def run(case: Case, images, folder: Path, *, recorded: bool) -> Run:
    """A run of our loop, with or without its recorder."""
    settings = {"run": "benchmark", "batch_size": case.batch_size, "window": WINDOW, "steps": 10 * WINDOW}
    settings["init"] = "kaiming"
    made = Run(checked(settings, schema("run"), ""), case.build, images, folder, "benchmark")
    if not recorded:
        made.recorder = Nothing()
    return made


def batches(images, batch_size: int):
    """Minibatches without end."""
    source = Batches(
        images, batch_size, sampler="shuffled-epochs", augment=True, seed=0, device=device("auto"), dtype=torch.float32
    )
    epoch = 0
    while True:
        yield from (batch for batch in source.epoch(epoch) if len(batch[1]) == batch_size)
        epoch += 1


def plain_step(case: Case, images):
    """A step as anyone writes it."""
    model = case.build(*images.train.shape[1:3], images.classes).to(device("auto"))
    optimiser = torch.optim.SGD(model.parameters(), 0.1)

    def step(inputs, labels):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimiser.step()
        return model, loss

    return step


def storing_step(case: Case, images, folder: Path):
    """A plain step, then weights and gradients to the host; every STEPS steps into a file."""
    plain, kept = plain_step(case, images), []

    def step(inputs, labels):
        model, loss = plain(inputs, labels)
        loss.item()
        for tensors in (list(model.parameters()), [p.grad for p in model.parameters()]):
            kept.append(np.concatenate([t.detach().cpu().numpy().reshape(-1) for t in tensors]))
        if len(kept) == 2 * STEPS:
            store(np.stack(kept), folder / "epoch.nc")
            kept.clear()

    return step


def store(values: np.ndarray, path: Path) -> None:
    """Write an array as HDF5 and delete it."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("row", values.shape[0])
        file.createDimension("parameter", values.shape[1])
        file.createVariable("values", "f4", ("row", "parameter"))[:] = values
    path.unlink()


def seconds(step, source) -> np.ndarray:
    """(wall, CPU) time of one step, over STEPS of them."""
    chosen = [next(source) for _ in range(STEPS)]
    began = now()
    for inputs, labels in chosen:
        step(inputs, labels)
    return (now() - began) / STEPS


def now() -> np.ndarray:
    """(wall, CPU) time once the device is idle."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return np.array([time.perf_counter(), time.process_time()])


def reduction(model) -> np.ndarray:
    """(wall, CPU) seconds per step that the reduction at the end of a window costs."""
    recorder = Recorder(model, WINDOW)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    for k in range(WINDOW):
        if k == WINDOW - 1:
            began = now()
        recorder.record(torch.tensor(0.0))
        with torch.no_grad():
            next(model.parameters()).add_(1e-3)
    return (now() - began) / WINDOW


def differences(size: int) -> np.ndarray:
    """(wall, CPU) seconds per step of the MSD of a window by differences, from an array in memory."""
    walk = np.random.default_rng(0).standard_normal((WINDOW, size), np.float32).cumsum(0)
    lags = np.unique(np.linspace(1, WINDOW - 1, 10).astype(int))
    began = now()
    for lag in lags:
        np.mean([np.sum((walk[t + lag] - walk[t]) ** 2) for t in range(WINDOW - lag)])
    return (now() - began) / len(lags) * (WINDOW - 1) / WINDOW


def measured(name: str, rounds: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """((wall, CPU) seconds of a step by the way it is made, the same of a step's share in the end of a window)."""
    case = CASES[name]
    images = case.load()
    source = batches(images, case.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        recorded = run(case, images, Path(folder) / "a", recorded=True)
        ways = {
            "plain loop": plain_step(case, images),
            "ours without recorder": run(case, images, Path(folder) / "b", recorded=False)._step,
            "ours": recorded._step,
            "everything stored": storing_step(case, images, Path(folder)),
        }
        for step in ways.values():
            seconds(step, source)
        times = {way: [] for way in ways}
        for _ in range(rounds):
            for way, step in ways.items():
                times[way].append(seconds(step, source))
        found = {way: np.median(values, axis=0) for way, values in times.items()}
        end = reduction(recorded.model)
    found["ours"] += end
    found["everything stored, then its MSD"] = found["everything stored"] + differences(recorded.recorder.size)
    return found, end


def compare(name: str, rounds: int) -> list[str]:
    """Rows of the table for one case."""
    case, (found, end) = CASES[name], measured(name, rounds)
    clock = 0 if torch.cuda.is_available() else 1
    counted = f"the end of a window of {WINDOW} costs {1e3 * end[clock]:.2f} ms a step, counted in"
    rows = [f"\n{name} (ResNet-{case.depth}, batch {case.batch_size}; {counted})\n"]
    rows += [
        "| way | wall, ms a step | CPU, ms | to plain | to ours without recorder |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for way, spent in found.items():
        ratios = [spent[clock] / found[other][clock] for other in ("plain loop", "ours without recorder")]
        rows.append(f"| {way} | " + " | ".join(f"{v:.2f}" for v in (*(1e3 * spent), *ratios)) + " |")
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("cases", nargs="*", default=DEFAULT, metavar="CASE", help=f"of {', '.join(CASES)}")
    arguments = parser.parse_args()
    torch.zeros(1, device=device("auto"))  # a GPU is named once it is in use
    print(f"{hardware()}; {torch.get_num_threads()} thread(s) before a run sets its own (1)")
    for name in arguments.cases:
        print("\n".join(compare(name, arguments.rounds)), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
