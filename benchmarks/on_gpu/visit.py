"""The parts of benchmarks/gpu.py, one after the other, until the time is over."""

import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from on_gpu import speed
from on_gpu.experiments import Experiment, merged, ready, summary
from on_gpu.machine import described, unpack
from on_gpu.parcels import Results, pack, returned
from on_gpu.processes import Task, outcomes

ROOT = Path(__file__).resolve().parents[2]
BASE = "resnet14-b1024", "resnet14-noshort-b1024"
MORE = (  # study, its runs, settings that are changed
    ("limiting-small", ("cnn3", "default-a", "default-b"), {}),
    ("paper", ("resnet14-b1024-lr0.01",), {}),
    ("paper", ("resnet14-b1024-lr0.5",), {}),
    ("paper", ("resnet14-b128",), {"steps": 10_000}),
    ("paper", ("resnet20-b1024",), {}),
)
PART = 15 * 2**20  # bytes of a part of the archive
KEPT = 6  # checkpoints of a run that come back
PACKING = 15.0  # seconds
FOR_ANALYSES = 150.0  # seconds that trainings leave to them


@dataclass(frozen=True)
class Size:
    """How large everything is. changed, sections: of every study. blocks: (rows, bytes) that distances are taken by."""

    changed: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    cases: tuple[str, ...] = ("cifar-b128", "cifar-b1024", "cifar-resnet56-b128")
    rounds: int = 5
    parameters: int = 175_000
    blocks: tuple[tuple[int, int], ...] = ((256, 2**26), (512, 2**26), (1024, 2**26), (256, 2**28), (1024, 2**28))
    hessians: int = 3
    tests: float = 120.0  # seconds


SMALL = Size(
    {"steps": 40, "window": 20, "batch_size": 10, "subset": None, "snapshots": 3},
    {
        "hessian": {"images": 20, "batch_size": 10, "eigenvalues": 2, "most_products": 12, "sharpness_batches": 2},
        "modes": {"images": 20, "count": 3, "most_products": 12},
    },
    cases=("digits",),
    rounds=1,
    parameters=2000,
    blocks=((256, 2**26),),
    hessians=2,
)


class Visit:
    """What is done in one call, with the options of benchmarks/gpu.py."""

    def __init__(self, options: Namespace):
        self.options, self.size = options, SMALL if options.small else Size()
        self.end = time.monotonic() + options.seconds - PACKING
        self.work, self.out = options.work.resolve(), options.out.resolve()
        for folder in (self.work, self.out):
            folder.mkdir(parents=True, exist_ok=True)
        self.results = Results(self.work / "results.jsonl", self.out)
        self.images = self.work / "images.npz"
        self.base = self.experiment("paper", BASE)

    def experiment(self, study: str, names: tuple[str, ...], changed: dict[str, Any] | None = None) -> Experiment:
        """Runs of a shipped study, of the size that is asked for."""
        changed = {**(changed or {}), **self.size.changed}
        return Experiment(ROOT / "config", study, names, self.images, self.work, changed, self.size.sections)

    def left(self) -> float:
        """Seconds."""
        return self.end - time.monotonic()

    def do(self) -> None:
        """All parts that there is time for."""
        self.run("machine", [self.task("what it is", described)])
        if not self.images.exists():
            given = {"source": str(self.options.images.resolve()), "target": str(self.images)}
            self.run("machine", [self.task("images", unpack, **given)])
        for part in self.options.parts:
            if self.left() <= 0:
                self.results.add(part, "all", {"error": "not begun, as the time was over"})
                continue
            getattr(self, part)()
            self.pack()

    def task(self, name: str, function, **given: Any) -> Task:
        """A task that is of no run."""
        return Task(name, function, self.work / "logs" / f"{name.replace(' ', '-')}.log", given)

    def run(self, part: str, tasks: Iterable[Task], at_once: int = 1) -> None:
        """Run tasks and write down what they say."""
        for task, found in outcomes(tasks, at_once, self.end):
            self.results.add(part, task.name, found)

    def tests(self) -> None:
        """What pytest says, in tests.txt."""
        limit = min(self.size.tests, self.left())
        command = [
            sys.executable,
            "-m",
            "pytest",
            "tests/unit/test_cuda.py",
            "-p",
            "no:cacheprovider",
            "--durations=15",
        ]
        with open(self.out / "tests.txt", "w", encoding="utf-8") as file:
            try:
                code = subprocess.run(
                    command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, timeout=limit
                ).returncode
            except subprocess.TimeoutExpired:
                code = f"killed after {limit:.0f} s"
        lines = (self.out / "tests.txt").read_text(encoding="utf-8").splitlines()
        self.results.add("tests", "test_cuda.py", {"code": code, "last": lines[-1] if lines else ""})

    def train(self) -> None:
        """The trainings of BASE, both at once."""
        self.trainings("train", self.base, self.end - FOR_ANALYSES * ("analyses" in self.options.parts))

    def trainings(self, part: str, of: Experiment, until: float) -> None:
        """Trainings, then those that go on from them; each ends with the window that `until` falls into."""
        self.run(part, of.trainings(until, children=False), len(of.names))
        self.run(part, of.modes())
        self.run(part, of.trainings(until, children=True), len(of.names))

    def analyses(self) -> None:
        """Those of BASE."""
        self.analysed("analyses", [self.base])

    def analysed(self, part: str, experiments: list[Experiment]) -> None:
        """All analyses on all cores, those that read others' files after these; a summary of each study."""
        tried: set[str] = set()
        cores = len(os.sched_getaffinity(0))
        while tasks := list(ready([task for of in experiments for task in of.analyses()], tried)):
            self.run(part, tasks, cores)
        studies = dict.fromkeys(of.study for of in experiments)
        self.run(part, [self.task(f"{study}/summary", summary, study=str(self.work / study)) for study in studies])

    def hessian(self) -> None:
        """Of the first run of BASE."""
        self.run("hessian", self.base.hessians(BASE[0], self.size.hessians))
        folder = self.base.folder(BASE[0])
        if any(folder.glob("hessian/*.nc")):
            self.run("hessian", [self.task("hessian.nc", merged, folder=str(folder))])

    def speed(self) -> None:
        """Steps and distances, one after the other with nothing beside them."""
        tasks = [self.task(f"step {case}", speed.steps, case=case, rounds=self.size.rounds) for case in self.size.cases]
        for rows, block in self.size.blocks:
            given = {"parameters": self.size.parameters, "rows": rows, "block": block}
            tasks.append(self.task(f"distances {rows} rows {block >> 20} MiB", speed.distances, **given))
        done = self.results.done("speed")
        self.run("speed", [task for task in tasks if task.name not in done])

    def more(self) -> None:
        """All trainings, each with its share of the time that is left, then all their analyses."""
        experiments = [self.experiment(*each) for each in MORE]
        for_analyses = min(FOR_ANALYSES, self.left() / 2)
        for k, of in enumerate(experiments):
            share = (self.left() - for_analyses) / (len(experiments) - k)
            self.trainings("more", of, time.monotonic() + share)
        self.analysed("more", experiments)

    def pack(self) -> None:
        """Everything that goes back into the archive in --out."""
        folders = sorted(self.work.glob("*/runs/*"), key=lambda folder: (folder.name not in BASE, folder.name))
        tables = [[path] for path in self.work.glob("*/summary.csv")]
        parts = self.options.mebibytes * 2**20 // PART
        left_out = pack(self.work, self.out, [*tables, *returned(folders, KEPT)], parts, PART)
        self.results.add("archive", "left out", {"files": left_out})
