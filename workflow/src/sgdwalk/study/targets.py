"""Files of results that a command line asks for, refused before any work where the study does not make them."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from sgdwalk.study.analysis_table import ANALYSES, FOLDERS, OF_CHILDREN, OF_GROUPS, OF_TOY, REQUESTS, SNAPSHOTS
from sgdwalk.study.load import SAMPLERS, Study
from sgdwalk.study.validation import ConfigError

FORMATS = ("pdf", "svg", "png")  # of every figure
OF_RECORDERS = ("training", "distances", "layers", "sketch", "gradients", "directions")  # files of every run
WRITTEN = ("--report", "--archive", "--generate-unit-tests", "--export-cwl")  # options with a file to write
TABLES = ("summary.csv", "claims.csv", "checks.csv", "checks.passed")


def check_targets(study: Study, arguments: Sequence[str], config: Path) -> None:
    """Refuse a file in results/STUDY that the study does not make, and one of another study in the folder `config`.

    arguments: of the command line. ConfigError, one line that names the right command or what there is.
    """
    for before, target in zip(["", *arguments], arguments, strict=False):
        if before in WRITTEN or not target:
            continue
        place, _, rest = os.path.relpath(target).partition("/")  # as Snakemake takes ./results and whole paths
        name, _, inside = rest.partition("/")
        if place != "results" or not inside:
            continue
        if name == study.name:
            check_made(study, target, PurePosixPath(inside))
        elif (config / name / "config.yaml").is_file():
            raise ConfigError(f"{target}: is of study '{name}', not '{study.name}': add --config study={name}")


def check_made(study: Study, target: str, inside: PurePosixPath) -> None:
    """Refuse a file that is not made; `inside` is its path below results/STUDY."""
    of_run = inside.parts[0] == "runs" and len(inside.parts) > 1
    if of_run and inside.parts[1] not in study.runs:
        known = ", ".join(study.runs)
        raise ConfigError(f"{target}: no run '{inside.parts[1]}' in this study (there are: {known})")
    made = files_of_run(study, inside.parts[1]) if of_run else files_of_study(study)
    if inside not in made:
        beside = [path.name for path in made if path.parent == inside.parent] or map(str, made)
        raise ConfigError(f"{target}: is not made (made there: {', '.join(beside)})")


def files_of_study(study: Study) -> list[PurePosixPath]:
    """Paths below results/STUDY of all files that are not of one run."""
    groups = {OF_GROUPS[kind].writes: study.grouped(kind) for kind in OF_GROUPS}
    names = [
        *TABLES,
        *(f"figures/{figure}.{suffix}" for figure in study.figures for suffix in FORMATS),
        *(f"{FOLDERS['landscape']}/{name}.nc" for name in (*study.landscapes, *OF_TOY)),
        *(f"{FOLDERS['sampler']}/{name}.nc" for name in SAMPLERS),
        *(f"{FOLDERS['group']}/{writes.format(group=name)}.nc" for writes in groups for name in groups[writes]),
    ]
    return [*map(PurePosixPath, names)]


def files_of_run(study: Study, run: str) -> list[PurePosixPath]:
    """Paths below results/STUDY of all files of a run that can be made, also of analyses that it does not request."""
    row = study.runs[run]
    trained = not (row["walk"] or row["windows_of"])
    possible = [
        analysis.writes
        for analysis in ANALYSES
        if analysis.unit == "run" and trained and analysis.condition in (SNAPSHOTS, *REQUESTS)
        if row["parent"] or analysis.name not in OF_CHILDREN
    ]
    names = [f"{name}.nc" for name in dict.fromkeys((*OF_RECORDERS, *study.analyses(run), *possible))]
    return [PurePosixPath("runs", run, name) for name in (*names, "check.csv", *["checkpoints"] * trained)]
