"""Runs of the shipped studies without Snakemake: their trainings, which time may end, and their analyses."""

import functools
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sgdwalk.storage.code_hash import code_version
from sgdwalk.study import factories
from sgdwalk.study.analysis_table import ANALYSES, Analysis
from sgdwalk.study.jobs import analyses_of_run
from sgdwalk.study.load import Study, load_study
from sgdwalk.study.run_table import with_images
from sgdwalk.study.targets import OF_RECORDERS

from on_gpu.processes import Task

ASIDE = ("analyses", "mem_mb", "runtime", "scratch")  # of a row: what changes no result
OTHER_PARTS = {
    "extract",
    "hessian",
    "landscape",
    "dimension",
    "path_planes",
}  # large, or long: not made with the others
MODES = next(analysis for analysis in ANALYSES if analysis.name == "modes")
HESSIAN = next(analysis for analysis in ANALYSES if analysis.name == "hessian")


@dataclass(frozen=True)
class Experiment:
    """Runs of a study in `config`, with the images of an .npz file, below the folder `work`.

    changed: settings that replace those of every run. sections: the same for the sections of config.yaml.
    """

    config: Path
    study: str
    names: tuple[str, ...]
    images: Path
    work: Path
    changed: Mapping[str, Any] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @functools.cached_property
    def table(self) -> Study:
        """The study as its files say."""
        return load_study(self.study, self.config)

    def folder(self, run: str) -> Path:
        """Where the files of a run are."""
        return self.work / self.study / "runs" / run

    def settings(self, run: str) -> dict[str, Any]:
        """All settings of a run, as its training takes them."""
        row = {key: value for key, value in self.table.runs[run].items() if key not in ASIDE}
        here = {"dataset": "npz", "path": str(self.images), "device": "auto"}
        return with_images(row | here | dict(self.changed), f"{self.study}, {run}: ")

    def trainings(self, until: float, *, children: bool) -> list[Task]:
        """The trainings of the runs without a parent, or those of the runs with one."""
        names = [run for run in self.names if bool(self.table.runs[run]["parent"]) == children]
        return [self._training(run, until) for run in names]

    def _training(self, run: str, until: float) -> Task:
        settings, folder = self.settings(run), self.folder(run)
        given = {"settings": settings, "folder": str(folder), "until": until, "parent": None}
        if settings["parent"]:
            parent = self.folder(settings["parent"])
            given["parent"] = {"checkpoints": str(parent / "checkpoints"), "training": str(parent / "training.nc")}
            given["parent"] |= {"modes": str(folder / "modes.nc")}
        return Task(f"{self.study}/{run}", train, folder / "train.log", given)

    def modes(self) -> list[Task]:
        """What the runs with a parent need before they can be trained, where it is missing."""
        tasks = (self.analysis(run, MODES) for run in self.names if self.table.runs[run]["parent"])
        return [task for task in tasks if task]

    def analyses(self) -> list[Task]:
        """The analyses whose inputs there are, and that are missing."""
        wanted = (
            (run, analysis) for run in self.names for analysis in analyses_of_run(self.table, run)
            if analysis.name not in OTHER_PARTS
        )  # fmt: skip
        tasks = (self.analysis(run, analysis) for run, analysis in wanted)
        return [task for task in tasks if task]

    def analysis(
        self, run: str, analysis: Analysis, inputs: Mapping[str, Path] | None = None, output: Path | None = None
    ) -> Task | None:
        """A job as its rule makes it; None where an input is missing or its file is there.

        inputs, output: other files than those of the rule.
        """
        folder, settings = self.folder(run), self.settings(run)
        inputs = inputs or {
            name.removeprefix("parent/"): path_of(self.folder(settings["parent"]) if "/" in name else folder, name)
            for name in analysis.reads
        }
        output = output or folder / f"{analysis.writes}.nc"
        if output.exists() or not all(path.exists() for path in inputs.values()):
            return None
        section = analysis.section or analysis.name
        own = self.table.settings.get(section, {}) | dict(self.sections.get(section, {}))
        modules = modules_of(settings) if analysis.network else ()
        given = {
            "name": analysis.name,
            "inputs": {name: str(path) for name, path in inputs.items()},
            "output": str(output),
            "settings": {**own, "run": settings} if analysis.network else own,
            "code": code_version("jobs.analyse", f"analyses.{analysis.name}", own=modules),
            "run": run,
            "run_seed": settings["seed"],
        }
        return Task(f"{self.study}/{run}/{output.stem}", analysed, output.with_suffix(".log"), given)

    def hessians(self, run: str, count: int) -> list[Task]:
        """The Hessian at `count` evenly spaced checkpoints, each a job of its own, as time may end between them."""
        tasks = []
        for path in spread(sorted((self.folder(run) / "checkpoints").glob("step-*.pt")), count):
            alone = self.folder(run) / "hessian" / path.stem
            alone.mkdir(parents=True, exist_ok=True)
            if not (alone / path.name).exists():
                os.link(path, alone / path.name)
            tasks.append(self.analysis(run, HESSIAN, {"checkpoints": alone}, alone.with_suffix(".nc")))
        return [task for task in tasks if task]


def path_of(folder: Path, name: str) -> Path:
    """A file that an analysis reads, by its name in the table of analyses."""
    name = name.removeprefix("parent/")
    return folder / (name if name == "checkpoints" else f"{name}.nc")


def modules_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Modules of a run's network and images, which count in the hash of its code."""
    return tuple(factories.module(settings[f"{kind}_spec"]) for kind in ("model", "dataset"))


def spread(paths: Sequence[Path], count: int) -> list[Path]:
    """At most `count` of the paths, evenly spaced, with the first and the last."""
    chosen = {round(k * (len(paths) - 1) / max(count - 1, 1)) for k in range(count)} if paths else ()
    return [paths[k] for k in sorted(chosen)]


def analysed(**given: Any) -> dict[str, Any]:
    """In a process of its own: an analysis; how much memory it took on the GPU, if it did."""
    from sgdwalk.jobs.analyse import analyse

    analyse(**given)
    return gpu_memory()


def train(
    settings: dict[str, Any], folder: str, until: float, parent: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """In a process of its own: train, or go on, up to the end of the window that `until` falls into; write the files.

    until: of time.monotonic(), the same clock for all processes. The states to resume from stay in folder/state until
    the run is whole. Analyses of fewer windows are removed. Returns what is said of it in the results.
    """
    from sgdwalk.training import job, parents, problem

    from on_gpu.timed import Timed

    place, state, taken = (Path(folder, *name) for name in ((), ("state",), ("taken",)))
    before = int(taken.read_text(encoding="utf-8")) if taken.exists() else 0  # steps that the files are of
    if before and not state.exists():
        return {"steps": before, "note": "was whole before"}
    spec = settings["model_spec"]
    build = functools.partial(factories.factory(spec), **spec["arguments"])
    code, images = code_version("training.job", own=modules_of(settings)), problem.load_images(settings)
    run = Timed(settings, build, images, state, code, parent=parents.read(parent) if parent else None)
    run.until = until
    run.train()
    if run.recorder.step > before:
        deliver(job.written(run, list(OF_RECORDERS), code), run.work, place)
        taken.write_text(str(run.recorder.step), encoding="utf-8")
    if run.whole:
        shutil.rmtree(state)
    return run.told() | gpu_memory()


def deliver(files: Sequence[Path], work: Path, place: Path) -> None:
    """Put files of a training into the folder of its run, without the analyses of fewer windows there."""
    for path in set(place.glob("*.nc")) - {place / "modes.nc"}:
        path.unlink()
    for path in files:
        target = place / path.relative_to(work)
        target.parent.mkdir(exist_ok=True)
        (shutil.copyfile if path.suffix == ".pt" else os.replace)(path, target)


def merged(folder: str) -> dict[str, Any]:
    """In a process of its own: hessian.nc of a run from the files of its single checkpoints."""
    import xarray as xr
    from sgdwalk.analyses import hessian
    from sgdwalk.storage import netcdf

    parts = [netcdf.read(str(path)) for path in sorted(Path(folder, "hessian").glob("*.nc"))]
    how = dict.fromkeys(("data_vars", "coords"), "minimal") | dict.fromkeys(("compat", "join"), "override")
    whole, unit = xr.concat(parts, "epoch", **how), parts[0].loss.attrs["units"]
    netcdf.write(whole, Path(folder, "hessian.nc"), hessian.CONTRACT, parts[0].attrs, loss_unit=unit)
    return {"checkpoints": len(parts), "converged": int(whole.converged.sum()), "of": whole.converged.size}


def summary(study: str) -> dict[str, Any]:
    """In a process of its own: summary.csv of the runs in the folder of a study that have all files it is made of."""
    from sgdwalk.jobs.tabulate import tabulate

    kinds = ("training", "msd", "path", "msl", "tails")
    runs = [run for run in sorted(Path(study, "runs").iterdir()) if all((run / f"{k}.nc").exists() for k in kinds)]
    if runs:
        files = {kind: [str(run / f"{kind}.nc") for run in runs] for kind in kinds}
        tabulate("summary", files, str(Path(study, "summary.csv")), {})
    return {"runs": [run.name for run in runs]}


def gpu_memory() -> dict[str, float]:
    """Most memory that this process has held on the GPU, in GiB; nothing without one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return {}
    return {"gpu_gib": round(torch.cuda.max_memory_reserved() / 2**30, 2)}


def ready(tasks: Sequence[Task], tried: set[str]) -> Iterator[Task]:
    """Those that were not tried before; they have been from now on."""
    for task in tasks:
        if task.name not in tried:
            tried.add(task.name)
            yield task
