"""What the recorder costs in memory and on disk."""

import functools
import os
import subprocess
import sys

import pytest

PARAMETERS, WINDOW, STEPS = 1_000_000, 100, 250
LOOP = """
import sys
import torch
from sgdwalk.recorder import Recorder

torch.set_num_threads(1)
recorded, noise = (argument == "True" for argument in sys.argv[1:3])
model = torch.nn.Linear({parameters} // 100, 100, bias=False)
model.weight.grad = torch.ones_like(model.weight)
recorder = Recorder(model, {window}, layers=True, sketch=64, epoch_steps=50, noise=noise) if recorded else None
for step in range({steps}):
    with torch.no_grad():
        model.weight.add_(model.weight.grad, alpha=1e-3)
    if recorder:
        recorder.record(torch.tensor(0.0))
        if step % 50 == 49:
            recorder.end_epoch()
if recorder:
    recorder.close()
    recorder.datasets()
print(int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024)
"""


@functools.cache
def peak(recorded, noise=False):
    """Largest resident memory of a loop, in MiB (of the program alone: ru_maxrss begins with that of its parent)."""
    program = LOOP.format(parameters=PARAMETERS, window=WINDOW, steps=STEPS)
    done = subprocess.run(
        [sys.executable, "-c", program, str(recorded), str(noise)],
        capture_output=True,
        text=True,
        check=True,
        # blocks of a megabyte go back when they are freed: what glibc keeps of them for later varies by 100 MB from run to run
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "MALLOC_MMAP_THRESHOLD_": str(2**20)},
    )
    return float(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [False, True])
def test_memory_is_that_of_a_window_and_200_megabytes(noise):
    window, epoch = WINDOW * PARAMETERS * 4 / 1e6, 50 * PARAMETERS * 4 / 1e6 * noise
    extra = (peak(True, noise) - peak(False)) * 1.048576
    assert 0.9 * window < extra < window + epoch + 200
