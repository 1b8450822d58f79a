"""Size of a run's files: a window of 1,000 random steps of ResNet-14 and of ResNet-110, and a sketch.

`python benchmarks/storage.py` prints megabytes as measured, and 24 times that (windows of a run of 500 epochs in the
paper). ResNet-110 needs 8 GB of memory.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import torch
from sgdwalk.models.resnet import resnet
from sgdwalk.recorder.window_recorder import Recorder

WINDOW, PAPER = 1000, 24
FILES = ("training", "distances", "gradients")


def sizes(depth: int) -> dict[str, float]:
    """Megabytes of each file."""
    model = resnet(3, 32, 10, depth=depth)
    recorder = Recorder(model, WINDOW, sketch=512)
    for step in range(WINDOW):
        for p in model.parameters():
            p.grad = torch.randn_like(p)
        recorder.record(torch.rand(()))
        with torch.no_grad():
            for p in model.parameters():
                p -= 1e-3 * p.grad
        if step % 49 == 48:
            recorder.end_epoch(train_loss=1.0, train_error=0.5, test_loss=1.0, test_error=0.5)
    recorder.close()
    with tempfile.TemporaryDirectory() as folder:
        recorder.save(folder)
        return {path.stem: path.stat().st_size / 1e6 for path in Path(folder).iterdir()}


def main() -> None:
    """Print the table."""
    print(f"| network | file | MB, one window | MB, {PAPER} windows |\n| --- | --- | ---: | ---: |")
    for depth in (14, 110):
        found = sizes(depth)
        for name in (*FILES, "sketch"):
            print(f"| ResNet-{depth} | {name}.nc | {found[name]:.1f} | {found[name] * PAPER:.0f} |")
        total = sum(found[name] for name in FILES)
        print(f"| ResNet-{depth} | the first three | {total:.1f} | {total * PAPER:.0f} |", flush=True)


if __name__ == "__main__":
    main()
