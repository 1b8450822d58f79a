"""figures.yaml of a study, checked against the signatures of the figure modules, which are not imported."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sgdwalk.study.analysis_table import FOLDERS, OF_GROUPS
from sgdwalk.study.validation import ConfigError, checked, read_yaml, schema

FIGURES = Path(__file__).resolve().parents[1] / "figures"


@dataclass(frozen=True)
class Role:
    """An argument of a figure's draw: required or not, one source or a list of at most `most`, and which file it takes.

    takes: the file of a run ('msd') or of a group ('ensemble'), or one surface of the toy model ('toy/fractal').
    """

    needed: bool
    several: bool
    takes: str
    most: int | None = None


@dataclass(frozen=True)
class Signature:
    """What a figure's draw takes: its roles; which of them list the same runs; which of them exclude each other.

    absent: what a study without a role lacks, in words. title: what the figure shows, the first line of its module.
    """

    roles: Mapping[str, Role]
    same_runs: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    title: str = ""


def checked_figures(path: Path, own: Mapping[str, Signature] | None = None) -> dict[str, Any]:
    """The figures of a study by name; ConfigError for an unknown figure and for what its draw does not take.

    own: signatures of the user's own figures.
    """
    figures = checked(read_yaml(path), schema("figures"), f"{path}: ")
    known = figure_signatures() | (own or {})
    for name, spec in figures.items():
        if name not in known:
            raise ConfigError(f"{path}: figure = '{name}': must be one of {', '.join(known)}")
        check_names(spec["data"], known[name].roles, f"{path}: {name}")
        for role, value in spec["data"].items():
            check_role(known[name].roles[role], value, f"{path}: {name}.{role} = ")
        check_together(spec["data"], known[name], f"{path}: {name}")
    return figures


def check_names(data: Mapping[str, Any], known: Mapping[str, Role], where: str) -> None:
    """Refuse an unknown or missing role."""
    needed = {role for role, taken in known.items() if taken.needed}
    wrong = sorted(set(data) - set(known), key=str) or sorted(needed - set(data))
    if wrong:
        what = "unknown" if wrong[0] in data else "missing"
        raise ConfigError(f"{where}.data: {what} role '{wrong[0]}' (its roles: {', '.join(sorted(known))})")


def check_role(role: Role, value: Any, where: str) -> None:
    """Refuse a list for a single source, a single source for a list, too long a list, and a file of another kind."""
    if value is None:
        return
    if isinstance(value, list) != role.several:
        raise ConfigError(
            f"{where}{value!r}: must be {'a list of sources' if role.several else 'one source, not a list'}"
        )
    found = value if role.several else [value]
    if role.most is not None and len(found) > role.most:
        raise ConfigError(f"{where}{len(found)} sources: must be at most {role.most}")
    unit = "GROUP" if role.takes in OF_GROUPS else "RUN"
    form = role.takes if "/" in role.takes else f"{role.takes}/{unit}"
    for source in found:
        if role.takes not in (source, source.rpartition("/")[0]):
            raise ConfigError(f"{where}'{source}': must be {form}")


def check_together(data: Mapping[str, Any], known: Signature, where: str) -> None:
    """Refuse lists that should be of the same runs and are not, and roles that exclude each other."""
    runs = {role: [source.rpartition("/")[2] for source in data.get(role) or []] for role in known.same_runs}
    for role, listed in runs.items():
        first = known.same_runs[0]
        if odd := sorted(set(listed) ^ set(runs[first])):
            raise ConfigError(f"{where}.{role}: must list the same runs as {first} (only in one: {', '.join(odd)})")
    given = [role for role in known.either if data.get(role)]
    if len(given) > 1:
        raise ConfigError(f"{where}.{given[1]} = '{data[given[1]]}': must be empty beside {given[0]}")


@cache
def figure_signatures() -> dict[str, Signature]:
    """Signatures of all figures by name: the modules of figures/ with a function draw."""
    found = ((path.stem, signature(path)) for path in sorted(FIGURES.glob("*.py")))
    return {name: known for name, known in found if known is not None}


def signature(module: Path) -> Signature | None:
    """What a figure's draw takes, parsed from its source, as an import would load matplotlib; None without a draw.

    Its arguments are the roles, required where they have no default, lists where their annotation says so. Constants of
    the module say the rest: ROLES, the file that each role takes; MOST, the longest lists; SAME_RUNS; EITHER;
    ABSENT.
    ConfigError for a role that ROLES lacks.
    """
    tree = ast.parse(module.read_text(encoding="utf-8"))
    body = tree.body
    draw = next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == "draw"), None)
    if draw is None:
        return None
    told = {name: constant(body, name) for name in ("ROLES", "MOST", "SAME_RUNS", "EITHER", "ABSENT")}
    takes = told["ROLES"] or {}
    if missing := [argument.arg for argument in draw.args.args if argument.arg not in takes]:
        raise ConfigError(f"{module}: ROLES must say which file the role '{missing[0]}' of draw takes")
    needed = len(draw.args.args) - len(draw.args.defaults)
    roles = {
        argument.arg: Role(
            needed=k < needed,
            several="list[" in ast.unparse(argument.annotation or ast.Constant("")),
            takes=takes[argument.arg],
            most=(told["MOST"] or {}).get(argument.arg),
        )
        for k, argument in enumerate(draw.args.args)
    }
    title = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
    return Signature(roles, told["SAME_RUNS"] or (), told["EITHER"] or (), told["ABSENT"] or {}, title)


def constant(body: list[ast.stmt], name: str) -> Any:
    """Value of a constant of a module, or None."""
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    return None


def caption(figure: str, spec: Mapping[str, Any], own: Mapping[str, Signature] | None = None) -> str:
    """The caption of a study's figure, which names what the study lacks for some of its panels; own: see above."""
    known = (figure_signatures() | (own or {}))[figure]
    given = {role for role, value in spec["data"].items() if value}
    if given & set(known.either):
        given |= set(known.either)
    lacking = dict.fromkeys(words for role, words in known.absent.items() if role not in given)
    text = spec["caption"].strip()
    return f"{text} Not in this study: {'; '.join(lacking)}." if lacking else text


def source_path(results: str, source: str) -> str:
    """Path of a source as figures.yaml writes it, in a folder of results.

    FILE/RUN, toy/LANDSCAPE, regression/SAMPLER, or the name of an analysis of groups as in ensemble/GROUP.
    """
    kind, _, name = source.rpartition("/")
    if kind in OF_GROUPS:
        return f"{results}/{FOLDERS['group']}/{OF_GROUPS[kind].writes.format(group=name)}.nc"
    if kind in ("toy", "regression"):
        return f"{results}/{kind}/{name}.nc"
    return f"{results}/runs/{name}/{kind}.nc"


def source_paths(results: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Path, list of paths or None by role, of the sources that a figure has for its roles."""

    def path(source: str | None) -> str | None:
        return source and source_path(results, source)

    return {role: [*map(path, value)] if isinstance(value, list) else path(value) for role, value in data.items()}


def sources(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(role, source) of every file that a figure reads; a role has one source, a list, or none."""
    for role, value in data.items():
        for source in value if isinstance(value, list) else [value]:
            if source is not None:
                yield role, source
