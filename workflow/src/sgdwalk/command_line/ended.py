"""What the workflow says when it has ended well: where results are, and what they say in one line each."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sgdwalk.command_line.text import duration
from sgdwalk.study.load import Study
from sgdwalk.study.targets import FORMATS
from sgdwalk.tables import markup
from sgdwalk.tables.front_page import VERDICTS, counted_checks, counted_runs


def ended(study: Study, results: Path, seconds: float) -> str:
    """The lines, of what there is in the folder of the study's results; seconds: since the start."""
    return "\n".join([*lines(study, results), f"time: {duration(seconds)}"])


def lines(study: Study, results: Path) -> Iterator[str]:
    """A line for the figures, for each table, and for the report, which needs all of them."""
    drawn = [name for name in study.figures if all((results / f"figures/{name}.{kind}").exists() for kind in FORMATS)]
    if drawn:
        yield f"{results}/figures/: {len(drawn)} of {len(study.figures)} figures as {', '.join(FORMATS)}"
    for name, said in (("summary", counted_runs), ("claims", claims), ("checks", counted_checks)):
        path = results / f"{name}.csv"
        if path.is_file():
            yield f"{path}: {said(markup.read(path))}"
    if (results / "checks.passed").exists():
        yield f"a page of all results: snakemake --report report.html --config study={study.name}"


def claims(rows: list[dict[str, str]]) -> str:
    """Claims by verdict."""
    found = Counter(row["verdict"] for row in rows)
    return f"{len(rows)} claims, {', '.join(f'{found[word]} {word}' for word in VERDICTS if found[word])}"
