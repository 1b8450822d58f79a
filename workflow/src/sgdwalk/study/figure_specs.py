"""figures.yaml of a study, checked against the signatures of the figure modules, which are not imported."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sgdwalk.study.validation import ConfigError, checked, read_yaml, schema

FIGURES = Path(__file__).resolve().parents[1] / "figures"


@dataclass(frozen=True)
class Role:
    """An argument of a figure's draw: whether it is required, and whether it takes a list of sources."""

    needed: bool
    several: bool


def checked_figures(path: Path) -> dict[str, Any]:
    """The figures of a study by name; ConfigError for an unknown figure or role, or a missing role."""
    figures = checked(read_yaml(path), schema("figures"), f"{path}: ")
    known = figure_roles()
    for name, spec in figures.items():
        if name not in known:
            raise ConfigError(f"{path}: figure = '{name}': must be one of {', '.join(known)}")
        check_roles(spec["data"], known[name], f"{path}: {name}")
    return figures


def check_roles(data: Mapping[str, Any], known: Mapping[str, Role], where: str) -> None:
    """Refuse an unknown or missing role, a list for a single source, and a single source for a list."""
    needed = {role for role, taken in known.items() if taken.needed}
    wrong = sorted(set(data) - set(known)) or sorted(needed - set(data))
    if wrong:
        what = "unknown" if wrong[0] in data else "missing"
        raise ConfigError(f"{where}.data: {what} role '{wrong[0]}' (its roles: {', '.join(sorted(known))})")
    for role, value in data.items():
        if value is not None and isinstance(value, list) != known[role].several:
            form = "a list of sources" if known[role].several else "one source, not a list"
            raise ConfigError(f"{where}.{role} = {value!r}: must be {form}")


def figure_roles() -> dict[str, dict[str, Role]]:
    """Roles of every figure by name: the modules of figures/ with a function draw."""
    found = ((path.stem, roles(path)) for path in sorted(FIGURES.glob("*.py")))
    return {name: known for name, known in found if known is not None}


def roles(module: Path) -> dict[str, Role] | None:
    """Arguments of a figure's draw, parsed from its source, as an import would load matplotlib; None without a draw."""
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == "draw":
            needed = len(node.args.args) - len(node.args.defaults)
            return {
                argument.arg: Role(k < needed, "list[" in ast.unparse(argument.annotation or ast.Constant("")))
                for k, argument in enumerate(node.args.args)
            }
    return None


def sources(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(role, source) of every file that a figure reads; a role has one source, a list, or none."""
    for role, value in data.items():
        for source in value if isinstance(value, list) else [value]:
            if source is not None:
                yield role, source
