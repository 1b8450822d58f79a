"""Two runs or two studies side by side.

Settings that differ, estimates of the summary with their 95 % intervals and whether these overlap, and the claims that
at least one of the two has run; from results alone. For two studies runs of the same name are compared. Intervals of
single runs do not hold the scatter between seeds: two runs may be apart that differ only in their seed.
"""

import argparse

from sgdwalk.command_line import studies
from sgdwalk.command_line.text import aligned
from sgdwalk.study import comparison
from sgdwalk.study.comparison import Results


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), help="STUDY, STUDY/RUN, or a folder of results or of a run")


def run(given: argparse.Namespace) -> None:
    """Print the comparison."""
    print(described(*(comparison.opened(name.rstrip("/"), studies.RESULTS) for name in (given.a, given.b))))


def described(one: Results, other: Results) -> str:
    """The comparison as text."""
    names = (one.name, other.name)
    parts = [
        *(f"only in {name}: {', '.join(runs)}" for name, runs in comparison.unpaired(one, other)),
        section("settings that differ", ("run", "setting", *names), comparison.differing_settings(one, other)),
        section("estimates", ("run", "quantity", *names, "intervals"), comparison.exponents(one, other)),
        section("claims", ("claim", *names), comparison.claims(one, other)),
    ]
    missing = [
        f"{name}: no {table}.csv yet"
        for table in ("summary", "claims")
        for name, results in zip(names, (one, other), strict=True)
        if not getattr(results, table)
    ]
    return "\n\n".join([*parts, *(["\n".join(missing)] if missing else [])])


def section(title: str, head: tuple[str, ...], rows) -> str:
    """A titled table, without the column of runs where there is only one pair; 'none' without rows."""
    rows = [*rows]
    if not rows:
        return f"{title}: none"
    if head[0] == "run" and not any(row[0] for row in rows):
        head, rows = head[1:], [row[1:] for row in rows]
    return f"{title}\n{aligned([head, *rows])}"
