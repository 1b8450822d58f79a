"""Tables as pages of the report: HTML in which claims have a sentence each on what their verdict rests on."""

from collections.abc import Mapping, Sequence
from html import escape

from sgdwalk.tables.markup import Row, with_intervals
from sgdwalk.tables.verdicts import REASONS

TITLES = {
    "summary": "A row per run: exponents with 95 % intervals, losses, errors",
    "claims": "The papers' claims, and what this study says of them",
    "checks": "Checks of all runs",
}
HEADINGS = {"what": "measured", "rests": "what the verdict rests on"}
COLOURS = {"agrees": "#cfe8d5", "differs": "#f6d5c9", "undecided": "#f3ecc8", "not run": "#e8e8e8", "False": "#f6d5c9"}
STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; color: #222 }
table { border-collapse: collapse } th, td { padding: .35em .7em; text-align: left; vertical-align: top }
td.number { white-space: nowrap }
th { position: sticky; top: 0; background: #37474f; color: white; font-weight: 600 }
tr { border-bottom: 1px solid #ddd }
"""
INSIDE = "The whole 95 % interval lies in the expected range."
OUTSIDE = "The whole 95 % interval lies outside the expected range."
EDGE = "The 95 % interval contains an edge of the expected range."
NO_INTERVAL = "There is no interval."
NO_RUN = "The study has no run for it."


def page(table: str, rows: Sequence[Row]) -> str:
    """The HTML of a table of a study by name; rows: as markup.read has them from its CSV file."""
    shown = [claim(row) if table == "claims" else with_intervals(row) for row in rows]
    if table == "checks":
        shown = sorted(shown, key=lambda row: row["passed"] == "True")
    columns = [*shown[0]] if shown else []
    head = "".join(f"<th>{escape(HEADINGS.get(name, name.replace('_', ' ')))}</th>" for name in columns)
    body = "\n".join(f"<tr>{''.join(cell(row[name]) for name in columns)}</tr>" for row in shown)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{TITLES[table]}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{TITLES[table]}</h1>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></body></html>\n"
    )


def cell(text: str) -> str:
    """A cell, coloured by a verdict or a failed check; an estimate with its interval stays in one line."""
    colour = f' style="background: {COLOURS[text]}"' if text in COLOURS else ""
    number = ' class="number"' if text.endswith("]") else ""
    return f"<td{colour}{number}>{escape(text)}</td>"


def claim(row: Row) -> Mapping[str, str]:
    """The columns of a claim's row on the page."""
    short = with_intervals(row)
    return {
        "claim": f"{row['claim']} ({row['paper']}, {row['source']})",
        "what": f"{row['quantity']}; {row['runs'] or 'no run'}",
        "expected": row["expected"],
        "estimate": short["estimate"],
        "verdict": row["verdict"],
        "rests": rests_on(row),
    }


def rests_on(row: Row) -> str:
    """A sentence or two on what the verdict of a claim's row rests on, and what speaks against it."""
    place = {"agrees": INSIDE, "differs": OUTSIDE, "not run": NO_RUN}.get(row["verdict"])
    if place is None:
        place = "" if row["reason"] else EDGE if row["low"] and row["high"] else NO_INTERVAL
    return f"{place} {REASONS.get(row['reason'], '')}".strip()
