"""A finished table for a text or a paper: as CSV, Markdown or LaTeX. No pandas."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

DIGITS = 3
ENDS = ("_low", "_high")
LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "+-": r"$\pm$",
}  # fmt: skip
NUMBER = re.compile(r"-?\d+\.\d+(e[-+]?\d+)?|-?\d+e[-+]?\d+")

Row = Mapping[str, str]


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, text by column."""
    with open(path, newline="", encoding="utf-8") as file:
        return [*csv.DictReader(file)]


def with_intervals(row: Row) -> dict[str, str]:
    """A row whose numbers are short, and whose intervals stand behind their estimates: '1.23 [1.10, 1.31]'.

    An interval is in the columns NAME_low and NAME_high, or in `low` and `high` for the column `estimate`.
    """
    ends = {name: [f"{name}{end}" for end in ENDS] for name in row}
    ends |= {"estimate": ["low", "high"]} if {"estimate", "low", "high"} <= {*row} else {}
    taken = {end for pair in ends.values() for end in pair if set(pair) <= {*row}}
    return {name: estimate(row, name, *ends[name]) for name in row if name not in taken}


def estimate(row: Row, name: str, low: str, high: str) -> str:
    """A value, and the interval in these columns where the row has one."""
    value, interval = short(row[name]), [short(row.get(end, "")) for end in (low, high)]
    return f"{value} [{', '.join(interval)}]" if all(interval) else value


def short(text: str) -> str:
    """A number with a fraction rounded to DIGITS digits; any other text as it is."""
    return f"{float(text):.{DIGITS}g}" if NUMBER.fullmatch(text) else text


def as_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Comma-separated values."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_markdown(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """A table of GitHub's Markdown."""
    return "\n".join([piped(columns), "|" + " --- |" * len(columns), *lines(rows, columns, piped)]) + "\n"


def as_latex(rows: Sequence[Row], columns: Sequence[str]) -> str:
    r"""A tabular environment; it needs \usepackage{booktabs}."""
    head = [rf"\begin{{tabular}}{{{'l' * len(columns)}}}", r"\toprule", latex(columns), r"\midrule"]
    return "\n".join([*head, *lines(rows, columns, latex), r"\bottomrule", r"\end{tabular}"]) + "\n"


def lines(rows: Iterable[Row], columns: Sequence[str], line: Callable[[Sequence[str]], str]) -> list[str]:
    """The text that `line` makes of each row."""
    return [line([row[name] for name in columns]) for row in rows]


def piped(cells: Sequence[str]) -> str:
    """A line of Markdown."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def latex(cells: Sequence[str]) -> str:
    """A line of LaTeX, special characters escaped."""
    special = "|".join(re.escape(sign) for sign in sorted(LATEX, key=len, reverse=True))
    return " & ".join(re.sub(special, lambda found: LATEX[found[0]], cell) for cell in cells) + r" \\"


FORMATS = {"csv": as_csv, "md": as_markdown, "latex": as_latex}
