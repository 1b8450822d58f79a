"""Results that no table of a study names any more. No torch."""

from collections.abc import Iterator
from pathlib import Path

from sgdwalk.storage.lock import holder
from sgdwalk.study.analysis_table import ANALYSES, FOLDERS
from sgdwalk.study.figure_specs import FIGURES
from sgdwalk.study.jobs import jobs
from sgdwalk.study.load import Study
from sgdwalk.study.targets import FORMATS, OF_RECORDERS

MADE = {f"{name}.nc" for name in (*OF_RECORDERS, *(a.writes for a in ANALYSES if a.unit == "run"))}
ENSEMBLES = FOLDERS["group"]


def leftovers(study: Study, results: Path) -> list[Path]:
    """Files and folders in `results` that the study makes no more: neither its runs nor its figures name them.

    Folders of runs, files of analyses that a run does not request, figures, ensembles, logs and benchmarks. A file
    that the workflow would not make under any study is somebody else's, and is not among them.
    """
    found = jobs(study)
    kept = {results / name for job in found for name in (*job.outputs, job.log, job.benchmark)}
    runs = [*old_runs(study, results / "runs")]
    candidates = [*files_of_runs(study, results / "runs"), *figures(results), *others(results)]
    return runs + [path for path in candidates if path not in kept and path.exists()]


def old_runs(study: Study, folder: Path) -> Iterator[Path]:
    """Folders of runs that the table does not have."""
    for path in sorted(folder.glob("*/")):
        if path.name not in study.runs and not path.name.startswith("."):
            yield folder / path.name


def files_of_runs(study: Study, folder: Path) -> Iterator[Path]:
    """Files that the workflow may have made of the runs that the table has."""
    for run in study.runs:
        yield from (folder / run / name for name in sorted(MADE))
        yield folder / run / "checkpoints"


def figures(results: Path) -> Iterator[Path]:
    """Files of known figures."""
    known = [path.stem for path in sorted(FIGURES.glob("*.py"))]
    yield from (results / "figures" / f"{name}.{suffix}" for name in known for suffix in FORMATS)


def others(results: Path) -> Iterator[Path]:
    """Ensembles, logs and benchmarks."""
    yield from sorted((results / ENSEMBLES).rglob("*.nc"))
    yield from sorted((results / "logs").rglob("*.log"))
    yield from sorted((results / "benchmarks").rglob("*.tsv"))


def in_use(path: Path) -> str:
    """The process that trains in the folder of a run, in words; empty where none does."""
    owner, alive = holder(path / "state") or ("", False)
    return owner if alive else ""


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; links are not followed."""
    inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    return sum(file.lstat().st_size for file in inside if file.is_symlink() or file.is_file())
