"""Memory in MB that the first attempt of each job of a study requests of a scheduler."""

from typing import Any

from sgdwalk.study import memory, sizes
from sgdwalk.study.analysis_table import ANALYSES, OF_ALL_RUNS, OF_GROUPS, Analysis
from sgdwalk.study.figure_specs import sources
from sgdwalk.study.load import SAMPLERS, TOY, Study
from sgdwalk.study.memory import LIGHT_MB, in_mb
from sgdwalk.study.sweeps import same_start

FIGURE_MB, TABLE_MB = 300, 220  # Python with the libraries of a figure, of a table
DRAWN, READ = 4, 1.5  # copies of what is read, in a figure and in a table
IMPORT_MB = 8000  # a window of a recorded walk, whose size is not known


def of_job(study: Study, rule: str, of: str = "") -> float:
    """Memory of the job of this rule that is of a run, a group, a landscape, a sampler or a figure, or of all."""
    analysis = next((each for each in (*ANALYSES, *study.own.analyses) if each.name == rule), None)
    if analysis:
        return of_analysis(study, analysis, subject(study, analysis, of))
    if rule in ("train", "import_walk", "cut_windows", "check"):
        return of_run(study, rule, study.runs[of])
    if rule == "figure":
        return figure(study, of)
    return table(study, rule) if rule in OF_ALL_RUNS else LIGHT_MB


def subject(study: Study, analysis: Analysis, of: str) -> Any:
    """What the estimate of an analysis takes: settings of the run, of the group's runs, or the name."""
    if analysis.unit == "group":
        return [study.runs[run] for run in study.groups[of]]
    return study.runs[of] if analysis.unit == "run" else of


def of_analysis(study: Study, analysis: Analysis, of: Any) -> float:
    """Memory of an analysis of a subject, or of a copy of the file of another run that starts from the same."""
    settings = study.settings.get(analysis.sized_by or analysis.section or analysis.name, {})
    if analysis.of_start and same_start(of["run"], study.runs):
        return memory.copied(of, settings)
    return analysis.memory(of, settings) if callable(analysis.memory) else analysis.memory


def of_run(study: Study, rule: str, run: dict[str, Any]) -> float:
    """Memory of what makes a run's first files, and of the check of its results."""
    if rule == "train":
        return memory.training(run, study.settings["modes"])
    if rule == "cut_windows":
        return memory.cut_windows(study.runs[run["windows_of"]])
    return memory.check(run) if rule == "check" else IMPORT_MB


def figure(study: Study, name: str) -> float:
    """Memory of a figure."""
    return in_mb(FIGURE_MB, *(DRAWN * size(study, source) for _, source in sources(study.figures[name]["data"])))


def table(study: Study, name: str) -> float:
    """Memory of a table of all runs."""
    read = [f"{kind}/{run}" for run in study.runs for kind in study.analyses(run) if kind in OF_ALL_RUNS[name]]
    if name == "claims":
        read += [*(f"toy/{landscape}" for landscape in TOY), *(f"regression/{sampler}" for sampler in SAMPLERS)]
    return in_mb(TABLE_MB, *(READ * size(study, source) for source in read))


def size(study: Study, source: str) -> float:
    """Bytes of the file of a source, written as in figures.yaml, in memory."""
    kind, _, name = source.rpartition("/")
    if kind == "toy":
        return sizes.toy(study.settings["toy"]) if name in study.landscapes else 0.0
    if kind == "regression":
        return sizes.regression(study.settings["regression"])
    if kind in OF_GROUPS:
        return sum(8.0 * sizes.steps(study.runs[run]) for run in study.grouped(kind).get(name, ()))
    return sizes.of_run(kind, study.runs[name], study.settings)
