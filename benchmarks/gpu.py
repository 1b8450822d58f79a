"""What only a GPU can show, on a bare machine that one has for some minutes: no Snakemake, nothing downloaded.

`python benchmarks/gpu.py [PART ...] --images FILE.npz [--wheels FOLDER] [--work FOLDER] [--out FOLDER] [--seconds N]`
does the parts that are named, or all, in this order, until the time is over:

tests      tests/unit/test_cuda.py
train      ResNet-14 with and without shortcuts of the study paper, both at once, as many windows as there is time for
analyses   of these runs, on all cores, and summary.csv
hessian    of the first of them at a few checkpoints, over 5,000 images
speed      a step of a plain loop, ours, with recorder, and everything stored; distances beside the card's float64 rate
more       a limiting study, learning rates 0.01 and 0.5, batch 128 for ten windows, ResNet-20: trainings and analyses

Each job knows when the time is over. Results are written as they come, and a call can be repeated: what is finished
stays, a training goes on where it was. --work keeps everything. --out gets results.jsonl (a line for each job),
tests.txt and the archive results.tar.gz.00, .01, ... of analyses, logs, some checkpoints and states to resume from,
as far as --mebibytes reaches: `cat results.tar.gz.* | tar xz`. --images: CIFAR-10, as JPEG files (see
on_gpu/machine.py) or as the data set npz takes it. --wheels: of packages that the machine lacks. --small: the same on
a CPU, in minutes.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACES = [str(ROOT / "workflow" / "src"), str(ROOT / "benchmarks")]
sys.path[1:1] = PLACES

from on_gpu.machine import add_packages  # noqa: E402

ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}  # for a process on each core
PARTS = ("tests", "train", "analyses", "hessian", "speed", "more")


def options(given: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--wheels", type=Path)
    parser.add_argument("--work", type=Path, default=Path("/tmp/sgdwalk-gpu"))
    parser.add_argument("--out", type=Path, default=Path("results/gpu"))
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--mebibytes", type=int, default=60, help="of the archive, in parts of 15")
    parser.add_argument("--small", action="store_true")
    found = parser.parse_args(given)
    if unknown := sorted(set(found.parts) - set(PARTS)):
        parser.error(f"{unknown[0]}: must be one of {', '.join(PARTS)}")
    if not found.images.is_file():
        parser.error(f"--images {found.images}: must be a file")
    found.parts = [part for part in PARTS if part in found.parts or not found.parts]
    return found


def main(given: list[str] | None = None) -> None:
    """Do the parts."""
    chosen = options(given)
    os.environ |= {**ALONE, "PYTHONPATH": os.pathsep.join(filter(None, [*PLACES, os.getenv("PYTHONPATH")]))}
    if chosen.wheels:
        add_packages(chosen.wheels, chosen.work / "site")
    from on_gpu.visit import Visit  # some of its imports may be among the wheels

    Visit(chosen).do()


if __name__ == "__main__":
    main()
