"""The front page of the report: a study in numbers, as reStructuredText.

Without pandas, since it is made whenever a workflow is read for a report.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sgdwalk.tables import markup

VERDICTS = ("agrees", "differs", "undecided", "not run")
HOW_TO_READ = """
**How to read a number.** 0.78 [0.69, 0.80] is an estimate with its 95 % interval. A mean squared displacement that
grows with lag to the power 1 is ordinary diffusion; more is superdiffusion, less is subdiffusion. An interval that
contains 1 decides neither. Intervals of a single run hold what is uncertain within it, not the differences between
seeds, which are in *ensembles*.

**Where to look.** *Figures*: drawn from these results, by paper. *Tables*: every run, every claim with what its verdict
rests on, every check. *Statistics*: run times. *Workflow*: how it was computed; a click on a rule shows its code.
"""


def front_page(title: str, results: Path) -> str:
    """The text, from the tables that are there in the folder of results."""
    tables = {path.stem: markup.read(path) for path in results.glob("*.csv")}
    return "\n\n".join([f"**{title}**", *sentences(tables), HOW_TO_READ.strip()])


def sentences(tables: dict[str, list[dict[str, str]]]) -> Iterator[str]:
    """A paragraph for each table that there is."""
    if runs := tables.get("summary"):
        yield f"**Runs.** {counted_runs(runs)}."
    if rows := tables.get("claims"):
        yield f"**Claims by verdict.**\n\n{by_verdict(rows)}"
        yield from reasons(rows)
    if checks := tables.get("checks"):
        yield f"**Checks.** {counted_checks(checks)}."


def counted_runs(rows: list[dict[str, str]]) -> str:
    """How many runs, and those that diverged."""
    diverged = [row["run"] for row in rows if int(row["diverged_step"]) >= 0]
    return f"{len(rows)} runs" + (f", of which diverged: {', '.join(diverged)}" if diverged else ", none diverged")


def counted_checks(rows: list[dict[str, str]]) -> str:
    """How many checks there are, and which have failed."""
    failed = [f"{row['run']}: {row['check']}" for row in rows if row["passed"] != "True"]
    return (
        f"{len(failed)} of {len(rows)} checks failed: {'; '.join(failed)}"
        if failed
        else f"all {len(rows)} checks passed"
    )


def by_verdict(rows: list[dict[str, str]]) -> str:
    """A table with a row for each paper and a column for each verdict."""
    lines = [".. csv-table::", f"   :header: paper, {', '.join(VERDICTS)}", ""]
    for paper in dict.fromkeys(row["paper"] for row in rows):
        found = Counter(row["verdict"] for row in rows if row["paper"] == paper)
        lines.append(f'   "{paper}", {", ".join(str(found[verdict]) for verdict in VERDICTS)}')
    return "\n".join(lines)


def reasons(rows: list[dict[str, str]]) -> Iterator[str]:
    """What speaks against verdicts, by how often."""
    if found := Counter(row["reason"] for row in rows if row["reason"]):
        yield f"**Reasons beside verdicts.** {', '.join(f'{reason} ({n})' for reason, n in found.most_common())}."
