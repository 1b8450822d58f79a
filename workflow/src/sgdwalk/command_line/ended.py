"""What the workflow says when it has ended well: where results are, and what they say in one line each."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sgdwalk.command_line.text import duration
from sgdwalk.study.load import Study
from sgdwalk.study.targets import FORMATS
from sgdwalk.tables import markup

VERDICTS = ("agrees", "differs", "undecided", "not run")


def ended(study: Study, results: Path, seconds: float) -> str:
    """The lines, of what there is in the folder of the study's results; seconds: since the start."""
    return "\n".join([*lines(study, results), f"time: {duration(seconds)}"])


def lines(study: Study, results: Path) -> Iterator[str]:
    """A line for the figures, for each table, and for the report."""
    drawn = [name for name in study.figures if all((results / f"figures/{name}.{kind}").exists() for kind in FORMATS)]
    if drawn:
        yield f"{results}/figures/: {len(drawn)} of {len(study.figures)} figures as {', '.join(FORMATS)}"
    for name, said in (("summary", runs), ("claims", claims), ("checks", checks)):
        path = results / f"{name}.csv"
        if path.is_file():
            yield f"{path}: {said(markup.read(path))}"
    yield f"a page of all results: snakemake --report report.html --config study={study.name}"


def runs(rows: list[dict[str, str]]) -> str:
    """How many runs, and those that diverged."""
    diverged = [row["run"] for row in rows if int(row["diverged_step"]) >= 0]
    return f"{len(rows)} runs" + (f", of which diverged: {', '.join(diverged)}" if diverged else "")


def claims(rows: list[dict[str, str]]) -> str:
    """Claims by verdict."""
    found = Counter(row["verdict"] for row in rows)
    return f"{len(rows)} claims, {', '.join(f'{found[word]} {word}' for word in VERDICTS if found[word])}"


def checks(rows: list[dict[str, str]]) -> str:
    """How many checks there are, and which have failed."""
    failed = [f"{row['run']}: {row['check']}" for row in rows if row["passed"] != "True"]
    return (
        f"{len(failed)} of {len(rows)} checks failed: {'; '.join(failed)}"
        if failed
        else f"all {len(rows)} checks passed"
    )
