"""The study, its paths, and the functions that rules need. Nothing here imports torch or xarray."""

import os
import sys
import time
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

STARTED = time.monotonic()
# The library of this clone, or the installed one where the workflow was fetched without it.
SOURCE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent / "src"
SNAKEFILES = [(place / "Snakefile").resolve() for place in SOURCE.parents[:2]]
PLACES = [str(SOURCE)] if SOURCE.is_dir() else []
sys.path[:0] = PLACES
# That of a notebook makes every import of matplotlib in a job fail.
os.environ.update(MPLBACKEND="agg")
INHERITED = filter(None, [os.getenv("PYTHONPATH")])
os.environ.update(PYTHONPATH=os.pathsep.join([*PLACES, os.getcwd(), *INHERITED]))
# glibc returns freed blocks above some size to the kernel, and a network frees and requests thousands of them a
# second: keeping them makes Hessian-vector products on a CPU about a tenth faster.
KEPT = {"MALLOC_MMAP_THRESHOLD_": 2**25, "MALLOC_TRIM_THRESHOLD_": 2**30}
os.environ.update({name: os.getenv(name, str(size)) for name, size in KEPT.items()})

from sgdwalk.command_line.ended import ended
from sgdwalk.storage.code_hash import code_version
from sgdwalk.study import factories, requested_memory, resources
from sgdwalk.study.analysis_table import ANALYSES, FOLDERS, OF_ALL_RUNS, OF_GROUPS
from sgdwalk.study.figure_specs import (
    caption,
    figure_signatures,
    source_path,
    source_paths,
    sources,
)
from sgdwalk.study.load import SAMPLERS, TOY, check_packages, load_study
from sgdwalk.study.sweeps import same_start
from sgdwalk.study.targets import FORMATS, OF_RECORDERS, check_targets
from sgdwalk.study.validation import ConfigError
from sgdwalk.tables.front_page import front_page

try:
    if len(sys.executable.split()) > 1:
        raise ConfigError(
            f"{sys.executable}: must be a path without blanks, since Snakemake starts no job with this Python"
        )
    if unknown := sorted(set(config) - {"study"}):
        raise ConfigError(
            f"config/config.yaml: unknown key '{unknown[0]}' (allowed: study)"
        )
    STUDY = load_study(config.get("study", ""), Path("config"))
    # Another workflow that has this one in it may make more files, and of more studies.
    if Path(workflow.main_snakefile).resolve() in SNAKEFILES:
        check_targets(STUDY, sys.argv[1:], Path("config"))
    # Conda's environments may hold packages that this one lacks.
    if not workflow.deployment_settings.deployment_method:
        check_packages(STUDY, Path("config"))
except ConfigError as error:
    raise WorkflowError(str(error)) from None

RESULTS = f"results/{STUDY.name}"
if "--report" in sys.argv:
    config["front_page"] = front_page(STUDY.settings["title"], Path(RESULTS))
RUN = f"{RESULTS}/runs/{{run}}"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
SHORTENED = [name for name, run in STUDY.runs.items() if run["windows_of"]]
IMPORTED = [n for n, run in STUDY.runs.items() if run["walk"] and n not in SHORTENED]
CHILDREN = [n for n, run in STUDY.runs.items() if run["parent"] and n not in SHORTENED]
TRAINED = [name for name in STUDY.runs if name not in (*SHORTENED, *IMPORTED)]


def any_of(names):
    """Wildcard constraint: one of the names, or nothing at all."""
    return "|".join(map(re.escape, names)) or "(?!)"


report: "../report/study.rst"


# Rules that make a run from nothing know its name; in all others a list of a thousand names would be tried in vain.
wildcard_constraints:
    run="[^/]+",
    figure=any_of(STUDY.figures),
    group=any_of(STUDY.groups),
    landscape=any_of(STUDY.landscapes),
    sampler=any_of(SAMPLERS),


# Paths


def product(source):
    """Path of a source as figures.yaml writes it."""
    return source_path(RESULTS, source)


def products(kind):
    """All files of this kind that the study makes, run by run."""
    return [
        product(f"{kind}/{run}") for run in STUDY.runs if kind in STUDY.analyses(run)
    ]


def of_run(*names):
    """Files of a run by name, as the inputs or outputs of a rule."""
    return {name: f"{RUN}/{name}" + ".nc" * (name != "checkpoints") for name in names}


def snapshot_files():
    """Weight snapshots are made where an analysis on request looks at the trained weights anyway."""
    return [
        product(f"snapshots/{run}") for run in TRAINED if STUDY.runs[run]["analyses"]
    ]


def recorded_files():
    """Analyses of what runs were told to record beside distances and gradients."""
    return [
        product(f"{kind}/{run}") for run in STUDY.runs for kind in STUDY.recorded(run)
    ]


def requested_files():
    """Analyses that runs request in their column `analyses`."""
    return [
        product(f"{kind}/{run}") for run in STUDY.runs for kind in STUDY.requested(run)
    ]


def ensemble_files():
    return [
        product(f"{kind}/{group}")
        for kind in OF_GROUPS
        for group in STUDY.grouped(kind)
    ]


def own_files():
    """Results of the user's own analyses."""
    return [
        product(f"{name}/{run}") for run in STUDY.runs for name in own_analyses(run)
    ]


def own_analyses(run):
    """Names of the user's own analyses that are made of this run."""
    made = {analysis.name for analysis in STUDY.own.analyses}
    return [name for name in STUDY.analyses(run) if name in made]


def landscape_files():
    """Landscapes of the toy model that no figure and no table needs."""
    return [product(f"toy/{landscape}") for landscape in STUDY.landscapes]


def figure_files(suffix):
    return [f"{RESULTS}/figures/{figure}.{suffix}" for figure in STUDY.figures]
