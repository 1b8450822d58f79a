"""The study, its paths, and the functions that rules need. Nothing here imports torch or xarray."""

import functools
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

SOURCE = str(Path(workflow.basedir) / "workflow" / "src")
sys.path.insert(0, SOURCE)
INHERITED = filter(None, [os.getenv("PYTHONPATH")])
os.environ.update(PYTHONPATH=os.pathsep.join([SOURCE, os.getcwd(), *INHERITED]))
# glibc hands every freed block of some size back to the kernel, and networks free and ask thousands of them a
# second: keeping them makes Hessian-vector products on a CPU about a tenth faster.
KEPT = {"MALLOC_MMAP_THRESHOLD_": 2**25, "MALLOC_TRIM_THRESHOLD_": 2**30}
os.environ.update({name: os.getenv(name, str(size)) for name, size in KEPT.items()})

from sgdwalk import catalogue
from sgdwalk import resources as asked
from sgdwalk.checking import ConfigError
from sgdwalk.config import ASKED, TOY, check_packages, check_targets, load_study
from sgdwalk.drawn import sources
from sgdwalk.provenance import code_version

try:
    if unknown := sorted(set(config) - {"study"}):
        raise ConfigError(
            f"config/config.yaml: unknown key '{unknown[0]}' (allowed: study)"
        )
    STUDY = load_study(config.get("study", ""), Path("config"))
    check_targets(STUDY, sys.argv[1:])
    # Conda's environments may hold packages that this one lacks.
    if not workflow.deployment_settings.deployment_method:
        check_packages(STUDY, Path("config"))
except ConfigError as error:
    raise WorkflowError(str(error)) from None

config["title"] = STUDY.settings["title"]  # for the report
RESULTS = f"results/{STUDY.name}"
RUN = f"{RESULTS}/runs/{{run}}"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
CUT = [name for name, run in STUDY.runs.items() if run["windows_of"]]
IMPORTED = [name for name, run in STUDY.runs.items() if run["walk"] and name not in CUT]
TRAINED = [name for name in STUDY.runs if name not in (*CUT, *IMPORTED)]


def any_of(names):
    """Wildcard constraint: one of the names, or nothing at all."""
    return "|".join(map(re.escape, names)) or "(?!)"


report: "../report/study.rst"


# Rules that make a run from nothing know its name; in all others a list of a thousand names would be tried in vain.
wildcard_constraints:
    run="[^/]+",
    figure=any_of(STUDY.figures),
    group=any_of(STUDY.groups),


def run_settings(wildcards):
    """Settings of the run itself: neither its analyses nor what it asks a scheduler for change it."""
    run = STUDY.runs[wildcards.run]
    return {k: v for k, v in run.items() if k not in ("analyses", *ASKED)}


def run_seed(wildcards):
    return STUDY.runs[wildcards.run]["seed"]


def training_code(wildcards):
    """Hash of what training this run uses: not of other networks or other data sets."""
    return code_version("training", "data.choice", own=own_modules(wildcards))


def own_modules(wildcards):
    """Modules of the run's own network and data set, in sgdwalk or not."""
    run = STUDY.runs[wildcards.run]
    return tuple(catalogue.module(run[f"{kind}_spec"]) for kind in ("model", "dataset"))


def image_file(wildcards):
    """The file that a run's images are in, where they are in one."""
    path = STUDY.runs[wildcards.run]["dataset_spec"]["arguments"].get("path")
    return [path] if path and os.path.isfile(path) else []


def network_settings(analysis):
    """Settings of an analysis that rebuilds the network, with those of the run."""

    def settings(wildcards):
        return {**STUDY.settings.get(analysis, {}), "run": run_settings(wildcards)}

    return settings


def toy_settings(wildcards):
    return {**STUDY.settings["toy"], "landscape": wildcards.landscape}


def network_code(analysis):
    """For an analysis that rebuilds the network: a function of the run's code and its own."""

    def code(wildcards):
        return code_version(f"analyses.{analysis}", own=own_modules(wildcards))

    return code


def training_threads(wildcards):
    return STUDY.runs[wildcards.run]["threads"]


def of_run(estimate):
    """A resource that the run's settings tell."""

    def amount(wildcards):
        return estimate(STUDY.runs[wildcards.run])

    return amount


def with_settings(estimate, analysis):
    """An estimate from the run's settings and those of the analysis, as one from the run's alone."""
    return functools.partial(estimate, settings=STUDY.settings[analysis])


def growing(estimate):
    """A resource that grows with each attempt, from a number or from what the run's settings tell."""

    def amount(wildcards, attempt):
        first = estimate(STUDY.runs[wildcards.run]) if callable(estimate) else estimate
        return first * attempt

    return amount


def walk_file(wildcards):
    return STUDY.runs[wildcards.run]["walk"]


def longer_windows(kind):
    """For a run that is another one in shorter windows: a function that gives the other one's file of this kind."""

    def path(wildcards):
        return product(f"{kind}/{STUDY.runs[wildcards.run]['windows_of']}")

    return path


def product(source):
    """Path of a source as figures.yaml writes it: FILE/RUN, toy/LANDSCAPE or ensemble/GROUP."""
    kind, _, name = source.rpartition("/")
    folders = {"toy": "toy", "ensemble": "ensembles"}
    if kind in folders:
        return f"{RESULTS}/{folders[kind]}/{name}.nc"
    return f"{RESULTS}/runs/{name}/{kind}.nc"


def group_runs(wildcards):
    return [product(f"msd/{run}") for run in STUDY.groups[wildcards.group]]


def figure_inputs(wildcards):
    data = STUDY.figures[wildcards.figure]["data"]
    return sorted({product(source) for _, source in sources(data)})


def figure_data(wildcards):
    """Role to path or list of paths, as the figure's draw takes them."""
    return {
        role: (
            [product(s) for s in value]
            if isinstance(value, list)
            else value and product(value)
        )
        for role, value in STUDY.figures[wildcards.figure]["data"].items()
    }


def figure_caption(wildcards):
    return STUDY.figures[wildcards.figure]["caption"]


def figure_code(wildcards):
    return code_version(f"figures.{wildcards.figure}")


def figure_files(suffix):
    return [f"{RESULTS}/figures/{figure}.{suffix}" for figure in STUDY.figures]


def snapshot_files():
    """Weight snapshots are made where a dear analysis looks at the trained weights anyway."""
    return [
        product(f"snapshots/{run}") for run in TRAINED if STUDY.runs[run]["analyses"]
    ]


def recorded_files():
    """Analyses of what runs were told to record beside distances and gradients."""
    return [
        product(f"{kind}/{run}") for run in STUDY.runs for kind in STUDY.recorded(run)
    ]


def ensemble_files():
    return [product(f"ensemble/{group}") for group in STUDY.groups]


def products(kind):
    """All files of this kind that the study makes, run by run."""
    return [
        product(f"{kind}/{run}") for run in STUDY.runs if kind in STUDY.analyses(run)
    ]
