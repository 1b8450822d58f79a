"""All jobs of a study with their files, as the rules of the workflow have them. No torch, no Snakemake."""

from collections.abc import Iterator
from dataclasses import dataclass

from sgdwalk.study.analysis_table import ANALYSES, FOLDERS, OF_GROUPS, SNAPSHOTS, Analysis
from sgdwalk.study.figure_specs import sources
from sgdwalk.study.load import SAMPLERS, Study
from sgdwalk.study.targets import FORMATS, OF_RECORDERS

TABLES = {name: (f"{name}.csv", f"{name}.html") for name in ("summary", "claims", "checks")}
TABLES["verdict"] = ("checks.passed",)


@dataclass(frozen=True)
class Job:
    """A job: the name of its rule, what it is of (a run, a figure, ...), its outputs and its log below results/STUDY.

    run: whether it is of a run.
    """

    rule: str
    of: str
    outputs: tuple[str, ...]
    log: str
    run: bool = False

    @property
    def benchmark(self) -> str:
        """File of its time and memory below results/STUDY."""
        return f"benchmarks/{self.log.removeprefix('logs/').removesuffix('.log')}.tsv"


def jobs(study: Study) -> list[Job]:
    """Every job that `snakemake` has for the whole study, finished or not."""
    return [job for run in study.runs for job in jobs_of_run(study, run)] + jobs_of_study(study)


def jobs_of_run(study: Study, run: str) -> list[Job]:
    """The jobs of a run: what makes its files, its analyses, its check."""
    recorder = recording_rule(study, run)
    outputs = (*(f"{name}.nc" for name in OF_RECORDERS), *(("checkpoints",) if recorder == "train" else ()))
    made = [(recorder, outputs)]
    made += [(analysis.name, (f"{analysis.writes}.nc",)) for analysis in analyses_of_run(study, run)]
    made += [("check", ("check.csv",))]
    return [
        Job(rule, run, tuple(f"runs/{run}/{name}" for name in names), f"logs/{run}/{rule}.log", True)
        for rule, names in made
    ]


def recording_rule(study: Study, run: str) -> str:
    """The rule that makes the first files of a run: 'train', 'import_walk' or 'cut_windows'."""
    row = study.runs[run]
    return "cut_windows" if row["windows_of"] else "import_walk" if row["walk"] else "train"


def analyses_of_run(study: Study, run: str) -> list[Analysis]:
    """Analyses that are made for a run, also those that others only read."""
    wanted = {*study.analyses(run)}
    if recording_rule(study, run) == "train" and study.runs[run]["analyses"]:
        wanted |= {analysis.writes for analysis in ANALYSES if analysis.condition == SNAPSHOTS}
    found = [analysis for analysis in (*ANALYSES, *study.own.analyses) if analysis.unit == "run"]
    for analysis in reversed(found):  # an analysis stands below those that it reads
        if analysis.writes in wanted:
            wanted |= {*analysis.reads}
    return [analysis for analysis in found if analysis.writes in wanted]


def jobs_of_study(study: Study) -> list[Job]:
    """The jobs that are not of one run: toy model, regression, groups of runs, figures, tables."""
    made = [("toy", name, f"{FOLDERS['landscape']}/{name}") for name in study.landscapes]
    shown = {source for spec in study.figures.values() for _, source in sources(spec["data"])}
    of_toy = {analysis.name: f"{FOLDERS['toy']}/{analysis.writes}" for analysis in ANALYSES if analysis.unit == "toy"}
    made += [(name, name, path) for name, path in of_toy.items() if path in shown]
    made += [("regression", name, f"{FOLDERS['sampler']}/{name}") for name in SAMPLERS]
    made += [(rule, name, f"{FOLDERS['group']}/{writes}") for rule, name, writes in groups(study)]
    single = [Job(rule, name, (f"{path}.nc",), f"logs/{path}.log") for rule, name, path in made]
    figures = [
        Job("figure", name, tuple(f"figures/{name}.{suffix}" for suffix in FORMATS), f"logs/figures/{name}.log")
        for name in study.figures
    ]
    tables = [Job(name, name, files, f"logs/{name}.log") for name, files in TABLES.items()]
    return [*single, *figures, *tables]


def groups(study: Study) -> Iterator[tuple[str, str, str]]:
    """(analysis, name of the group, its file without .nc below the ensembles) of all groups of runs."""
    for rule, analysis in OF_GROUPS.items():
        for name in study.grouped(rule):
            yield rule, name, analysis.writes.format(group=name)
