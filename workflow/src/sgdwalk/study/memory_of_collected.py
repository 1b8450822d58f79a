"""Memory in MB that figures and tables request of a scheduler: they read files of many runs at once."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sgdwalk.study import sizes
from sgdwalk.study.analysis_table import OF_GROUPS
from sgdwalk.study.figure_specs import sources
from sgdwalk.study.memory import in_mb

if TYPE_CHECKING:
    from sgdwalk.study.load import Study

FIGURE_MB, TABLE_MB = 300, 220  # Python with the libraries of a figure, of a table
DRAWN, READ = 4, 1.5  # copies of what is read, in a figure and in a table


def figure(study: "Study", name: str) -> int:
    """Memory of a figure of the study."""
    read = (size(study, source) for _, source in sources(study.figures[name]["data"]))
    return in_mb(FIGURE_MB, *(DRAWN * each for each in read))


def table(study: "Study", read: Iterable[str]) -> int:
    """Memory of a table of these sources, written as in figures.yaml."""
    return in_mb(TABLE_MB, *(READ * size(study, source) for source in read))


def size(study: "Study", source: str) -> float:
    """Bytes of a source's file in memory."""
    kind, _, name = source.rpartition("/")
    if kind == "toy":
        return sizes.toy(study.settings["toy"]) if name in study.landscapes else 0.0
    if kind == "regression":
        return sizes.regression(study.settings["regression"])
    if kind in OF_GROUPS:
        return sum(8.0 * sizes.steps(study.runs[run]) for run in study.grouped(kind).get(name, ()))
    return sizes.of_run(kind, study.runs[name], study.settings)
