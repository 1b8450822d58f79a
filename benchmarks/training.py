"""Time of a training step: a plain loop, our loop without and with the recorder, and everything stored every step.

`python benchmarks/training.py [--rounds N]` prints one table for the device of this machine. All variants run in one
process and take turns, so that other load on the machine affects all alike; figures are medians over the rounds. Ratios
are of CPU time on a CPU (one thread), which other load hardly changes, and of wall time on CUDA.

Storing everything is what the code published by Chen et al. does: weights and gradients are copied to the host at every
step and written to an HDF5 file at the end of every epoch (here 20 steps, uncompressed, deleted at once). It leaves
weights alone; the last row adds the time of their time-averaged MSD by differences at every lag, estimated from ten
lags. Our loop has the distance of every pair by then.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import netCDF4
import numpy as np
import torch
from sgdwalk.data import digits, surrogate
from sgdwalk.models.resnet import resnet
from sgdwalk.recorder.window_recorder import Recorder
from sgdwalk.storage.provenance import hardware
from sgdwalk.study.validation import checked, schema
from sgdwalk.training.batches import Batches
from sgdwalk.training.devices import device
from sgdwalk.training.trainer import Run

WINDOW, STEPS = 1000, 20
CASES = {
    "digits, 8x8, batch 32": (digits.load, 32),
    "CIFAR-shaped, 3x32x32, batch 128": (lambda: surrogate.load(train=10_000, test=10), 128),
}


class Nothing:
    """A recorder that records nothing."""

    step = 0

    def record(self, loss) -> None:
        """Count the step."""
        self.step += 1


def build(*shape):
    """ResNet-14."""
    return resnet(*shape, depth=14)


def run(images, batch_size: int, folder: Path, *, recorded: bool) -> Run:
    """A run of our loop, with or without its recorder."""
    settings = {"run": "benchmark", "batch_size": batch_size, "window": WINDOW, "steps": 10 * WINDOW}
    made = Run(checked(settings, schema("run"), ""), build, images, folder, "benchmark")
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


def plain_step(images):
    """A step as anyone writes it."""
    model = build(*images.train.shape[1:3], images.classes).to(device("auto"))
    optimiser = torch.optim.SGD(model.parameters(), 0.1)

    def step(inputs, labels):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimiser.step()
        return model, loss

    return step


def storing_step(images, folder: Path):
    """A plain step, then weights and gradients to the host; every STEPS steps into a file."""
    plain, kept = plain_step(images), []

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


def compare(name: str, rounds: int) -> list[str]:
    """Rows of the table for one kind of data."""
    load, batch_size = CASES[name]
    images, source = load(), batches(load(), batch_size)
    with tempfile.TemporaryDirectory() as folder:
        recorded = run(images, batch_size, Path(folder) / "a", recorded=True)
        ways = {
            "plain loop": plain_step(images),
            "ours without recorder": run(images, batch_size, Path(folder) / "b", recorded=False)._step,
            "ours": recorded._step,
            "everything stored": storing_step(images, Path(folder)),
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
    clock = 0 if torch.cuda.is_available() else 1
    rows = [
        f"\n{name} (ResNet-14; the end of a window of {WINDOW} costs {1e3 * end[clock]:.2f} ms a step, counted in)\n"
    ]
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
    arguments = parser.parse_args()
    torch.zeros(1, device=device("auto"))  # a GPU is named once it is in use
    print(f"{hardware()}; {torch.get_num_threads()} thread(s) before a run sets its own (1)")
    for name in CASES:
        print("\n".join(compare(name, arguments.rounds)), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
