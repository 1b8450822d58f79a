"""Time and memory of planning a study of 1,000 runs: `python benchmarks/dag.py [--runs N] [--rounds N]`.

Makes the study in a temporary folder (100 learning rates, 10 seeds each, analyses on request for every tenth run) and
prints medians over the rounds of dry runs, as a user types them: here, and for a cluster's queue.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIG = "title: Many runs\ntraining: {model: resnet14, device: cpu}\n"


def study(folder: Path, runs: int) -> None:
    """The workflow and a study of so many runs."""
    for part in ("Snakefile", "workflow", "profiles", "slurm"):
        (folder / part).symlink_to(ROOT / part)
    made = folder / "config" / "many"
    made.mkdir(parents=True)
    (folder / "config" / "config.yaml").write_text("study: many\n", encoding="utf-8")
    (made / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (made / "figures.yaml").write_text("{}\n", encoding="utf-8")
    rows = ["run\tseed\tlr\tanalyses"]
    for k in range(runs):
        rows.append(f"run{k:04d}\t{k % 10}\t{0.001 * (1 + k // 10):.3f}\t{'' if k % 10 else 'hessian landscape'}")
    (made / "runs.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def measured(folder: Path, *arguments: str) -> tuple[float, float, float, str]:
    """(wall seconds, CPU seconds, MiB, output) of a dry run."""
    command = [sys.executable, "-m", "snakemake", "-n", *arguments]
    began = time.monotonic()
    with (folder / "out").open("w+", encoding="utf-8") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        out.seek(0)
        said = out.read()
    if status:
        raise SystemExit(said[-2000:])
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said


def main() -> None:
    """Print a line for each way to run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| for | runs | jobs | CPU s | wall s | memory, MiB | lines of output |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        study(folder, options.runs)
        for name, arguments in (("this machine", ()), ("SLURM", ("--profile", "slurm"))):
            found = [measured(folder, "--quiet", "rules", *arguments) for _ in range(options.rounds)]
            wall, cpu, memory = (statistics.median(row[k] for row in found) for k in range(3))
            said = found[0][-1]
            jobs, lines = int(re.search(r"^total +(\d+)", said, re.M)[1]), len(said.splitlines())
            print(
                f"| {name} | {options.runs:,} | {jobs:,} | {cpu:.1f} | {wall:.1f} | {memory:.0f} | {lines} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
