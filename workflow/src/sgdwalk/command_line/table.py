"""A finished table of a study, for a text or a paper.

As CSV it is the file itself. In Markdown and LaTeX intervals stand behind their estimates, numbers have three digits,
and of the summary's columns only the main ones are shown unless --columns names others.
"""

import argparse
import sys
from pathlib import Path

from sgdwalk.command_line import studies
from sgdwalk.study.validation import ConfigError
from sgdwalk.tables import markup

MAIN = {
    "summary": (
        *("run", "first_msd_exponent", "last_msd_exponent", "last_path_exponent", "last_msl_exponent", "last_alpha"),
        *("train_loss", "test_error"),
    ),
    "claims": ("paper", "claim", "runs", "expected", "estimate", "verdict", "reason"),
    "checks": ("run", "check", "passed", "detail"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    studies.argument(parser)
    parser.add_argument("table", nargs="?", choices=[*MAIN], default="summary", help="which table (summary)")
    parser.add_argument(
        "--format", choices=[*markup.FORMATS], default="md", help="md unless given; latex needs booktabs"
    )
    parser.add_argument("--columns", metavar="A,B,...", help="these columns, in this order")


def run(given: argparse.Namespace) -> None:
    """Print the table."""
    study = studies.load(given.study)
    rows = finished(studies.results(study) / f"{given.table}.csv", study.name)
    if given.format != "csv":
        rows = [markup.with_intervals(row) for row in rows]
    default = [*rows[0]] if given.format == "csv" else [name for name in MAIN[given.table] if name in rows[0]]
    columns = chosen(given.columns, [*rows[0]]) if given.columns else default
    sys.stdout.write(markup.FORMATS[given.format](rows, columns))


def finished(path: Path, study: str) -> list[dict[str, str]]:
    """The rows of a table; ConfigError, with the command that makes it, where it is not there or empty."""
    rows = markup.read(path) if path.is_file() else []
    if not rows:
        said = "has no rows" if path.is_file() else "no such file"
        raise ConfigError(f"{path}: {said}; `snakemake --cores 2 {path} --config study={study}` makes it")
    return rows


def chosen(text: str, known: list[str]) -> list[str]:
    """The columns in a text with commas; ConfigError for one that the table does not have."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise ConfigError(f"--columns '{name}': must be one of {', '.join(known)}")
    return names
