"""Two runs or two studies side by side: settings that differ, exponents, claims; from their results alone."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sgdwalk.study.targets import OF_RECORDERS
from sgdwalk.study.validation import ConfigError
from sgdwalk.tables import markup
from sgdwalk.tables.markup import short

ASIDE = {"run", "model_spec", "dataset_spec"}  # settings that tell nothing beside the others
MADE_WITH = ("code", "software", "hardware")  # attributes of a file that are compared beside its settings


@dataclass(frozen=True)
class Results:
    """A folder of results of a study, or one of its runs: the folders of its runs by name, and its tables.

    name: as given. claims: rows by paper and claim. summary: rows by run.
    """

    name: str
    runs: Mapping[str, Path]
    claims: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    summary: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def opened(name: str, results: Path) -> Results:
    """The results of STUDY, STUDY/RUN, or of a folder of results or of a run; ConfigError where there are none.

    results: the folder that has those of all studies. A run has the claims that rest on it.
    """
    for folder in (Path(name), results / name, results / name.replace("/", "/runs/", 1)):
        if (folder / "runs").is_dir():
            return of_study(name, folder)
        if (folder / "training.nc").is_file():
            return of_run(name, folder)
    raise ConfigError(f"'{name}': must be STUDY or STUDY/RUN with results in {results}/, or a folder of results")


def of_study(name: str, folder: Path) -> Results:
    """All runs of a study that have been recorded."""
    runs = {path.parent.name: path.parent for path in sorted(folder.glob("runs/*/training.nc"))}
    claims = {(row["paper"], row["claim"]): row for row in rows(folder / "claims.csv")}
    return Results(name, runs, claims, {row["run"]: row for row in rows(folder / "summary.csv")})


def of_run(name: str, folder: Path) -> Results:
    """One run; what its study's tables say of it."""
    run, study = folder.resolve().name, of_study(name, folder.resolve().parents[1])
    claims = {key: row for key, row in study.claims.items() if run in re.split(", | against ", row["runs"])}
    return Results(name, {run: folder}, claims, {run: study.summary[run]} if run in study.summary else {})


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table; none where it has not been made yet."""
    return markup.read(path) if path.is_file() else []


def pairs(one: Results, other: Results) -> list[tuple[str, str, str]]:
    """(name to show, run of the one, run of the other): the same names in two studies, or the two runs themselves."""
    if len(one.runs) == len(other.runs) == 1:
        return [("", *one.runs, *other.runs)]
    return [(run, run, run) for run in one.runs if run in other.runs]


def unpaired(one: Results, other: Results) -> Iterator[tuple[str, list[str]]]:
    """(name of the results, its runs that the other does not have), where there are any and studies are compared."""
    if pairs(one, other)[:1] and not pairs(one, other)[0][0]:
        return
    for mine, theirs in ((one, other), (other, one)):
        if missing := [run for run in mine.runs if run not in theirs.runs]:
            yield mine.name, missing


# Settings


def differing_settings(one: Results, other: Results) -> list[tuple[str, str, str, str]]:
    """(run, setting, value in the one, value in the other) of all files that both have of a run.

    What is the same for every one of several runs comes first, once, with 'all' for the run.
    """
    compared_runs = pairs(one, other)
    found = [
        (shown, *row) for shown, mine, theirs in compared_runs for row in differing(one.runs[mine], other.runs[theirs])
    ]
    times = Counter(row[1:] for row in found)
    everywhere = [row for row in times if times[row] == len(compared_runs) > 1]
    return [("all", *row) for row in everywhere] + [row for row in found if row[1:] not in everywhere]


def differing(mine: Path, theirs: Path) -> Iterator[tuple[str, str, str]]:
    """(setting, value of the one run, value of the other) of two folders of runs."""
    left, right = settings_of_run(mine), settings_of_run(theirs)
    shared = {key.partition(":")[0] for key in left} & {key.partition(":")[0] for key in right}
    for key in dict.fromkeys([*left, *right]):
        values = left.get(key, ""), right.get(key, "")
        if values[0] != values[1] and key.partition(":")[0] in shared:
            yield key, *map(str, values)


def settings_of_run(folder: Path) -> dict[str, Any]:
    """Settings of every file of a run by 'FILE: key' (of the run: 'training: key'), and what it was made with."""
    found = {}
    for path in sorted(folder.glob("*.nc"), key=lambda path: path.stem != "training"):
        if path.stem in OF_RECORDERS and path.stem != "training":  # made together with it
            continue
        stored = attributes(path)
        own = json.loads(stored.get("settings", "{}"))
        own.pop("run" if path.stem != "training" else "", None)
        told = {key: own[key] for key in own if key not in ASIDE} | {key: parsed(stored.get(key)) for key in MADE_WITH}
        found |= {f"{path.stem}: {key}": value for key, value in flat(told)}
    return found


def attributes(path: Path) -> dict[str, str]:
    """The attributes of a NetCDF file; ConfigError if it cannot be read."""
    from netCDF4 import Dataset

    try:
        with Dataset(path) as file:
            return {name: file.getncattr(name) for name in file.ncattrs()}
    except OSError as error:
        raise ConfigError(f"{path}: not a readable NetCDF file ({error})") from None


def parsed(text: str | None) -> Any:
    """JSON as what it means, other text as it is."""
    try:
        return json.loads(text or "")
    except ValueError:
        return text or ""


def flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of nested settings."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


# Exponents and claims


def exponents(one: Results, other: Results) -> Iterator[tuple[str, str, str, str, str]]:
    """(run, quantity, the one's, the other's, whether their intervals overlap) of all estimates with an interval."""
    for shown, mine, theirs in pairs(one, other):
        left, right = one.summary.get(mine), other.summary.get(theirs)
        if left is None or right is None:
            continue
        for name in left:
            if f"{name}_low" in left and f"{name}_low" in right:
                yield shown, name, *compared(with_ends(left, name), with_ends(right, name))


def with_ends(row: Mapping[str, str], name: str) -> list[str]:
    """An estimate of a row of the summary and the ends of its interval, as text."""
    return [row[name], *(row[f"{name}{end}"] for end in markup.ENDS)]


def compared(mine: list[str], theirs: list[str]) -> tuple[str, str, str]:
    """Two estimates [value, low, high] as text, and 'apart' where their intervals do not overlap."""
    ends = [float(text or "nan") for text in (mine[1], theirs[2], theirs[1], mine[2])]
    known = not any(map(math.isnan, ends))
    apart = known and (ends[0] > ends[1] or ends[2] > ends[3])
    return written(*mine), written(*theirs), "apart" if apart else "overlap" if known else ""


def written(value: str, low: str, high: str) -> str:
    """An estimate with its interval, if it has one; '-' without a value."""
    return (short(value) + (f" [{short(low)}, {short(high)}]" if low and high else "")) or "-"


def claims(one: Results, other: Results) -> Iterator[tuple[str, str, str]]:
    """(claim, what the one says, what the other says) of the claims that at least one has run."""
    for key in dict.fromkeys([*one.claims, *other.claims]):
        sides = [results.claims.get(key) for results in (one, other)]
        if any(row and row["verdict"] != "not run" for row in sides):
            yield key[1], *map(judged, sides)


def judged(row: Mapping[str, str] | None) -> str:
    """Verdict, reason and estimate of a claim."""
    if row is None:
        return "-"
    reason = f" ({row['reason']})" if row.get("reason") else ""
    number = "" if row["verdict"] == "not run" else f"  {written(row['estimate'], row['low'], row['high'])}"
    return f"{row['verdict']}{reason}{number}"
