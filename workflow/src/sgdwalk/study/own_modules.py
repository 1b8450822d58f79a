"""Analyses and figures of the user's own, which `own` in config.yaml names: read from their source, never imported.

An analysis is a module with CONTRACT and compute(FILE, ..., *, setting=default, ...) -> xr.Dataset. The positional
arguments are the files of a run that it reads, the keyword arguments its settings, which are a section of config.yaml
with the name of the module. It is made for every run that has these files, as runs/RUN/NAME.nc. A figure is a module
with draw and ROLES, as in figures/.
"""

import ast
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from sgdwalk.storage.code_hash import importable
from sgdwalk.study import memory, resources
from sgdwalk.study.analysis_table import ANALYSES, RECORDED, Analysis
from sgdwalk.study.figure_specs import Signature, constant, figure_signatures, signature
from sgdwalk.study.validation import ConfigError, checked

TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}
RULES = (
    "all",
    "study",
    "train",
    "import_walk",
    "cut_windows",
    "figure",
    "summary",
    "claims",
    "check",
    "checks",
    "verdict",
)
FILES = (
    *RECORDED,
    "layers",
    "sketch",
    "directions",
    *(a.writes for a in ANALYSES if a.unit == "run" and "/" not in a.writes),
)
CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class OwnFigure:
    """A figure of the user's own: its module, and what its draw takes."""

    module: str
    signature: Signature


@dataclass(frozen=True)
class OwnModules:
    """What a study has beside the project: analyses in the order of config.yaml, figures by name.

    sections: the schema of the settings of each analysis.
    """

    analyses: tuple[Analysis, ...] = ()
    figures: Mapping[str, OwnFigure] = field(default_factory=dict)
    sections: Mapping[str, Any] = field(default_factory=dict)

    @property
    def signatures(self) -> dict[str, Signature]:
        """What the draw of each figure takes."""
        return {name: figure.signature for name, figure in self.figures.items()}

    def made(self, files: Iterable[str]) -> tuple[str, ...]:
        """Names of the analyses of a run that has these files."""
        names: list[str] = []
        for analysis in self.analyses:
            if {*analysis.reads} <= {*files, *names}:
                names.append(analysis.name)
        return tuple(names)

    def modules(self, files: Iterable[str]) -> list[str]:
        """Modules of those analyses that make one of these files."""
        return [analysis.module for analysis in self.analyses if analysis.name in set(files)]


def read_own(own: Mapping[str, Any], sections: Iterable[str], where: str) -> OwnModules:
    """The modules that `own` names; ConfigError, one line, for one that cannot be used.

    own: {'analyses': [...], 'figures': [...]}. sections: other keys of config.yaml.
    """
    taken = {*sections, *RULES, *FILES, *(analysis.name for analysis in ANALYSES)}
    analyses, rules = [], {}
    for module in own["analyses"]:
        here = f"{where}own.analyses = '{module}': "
        path = source(module, here)
        free(short_name(module), taken | {*rules}, here)
        analysis, section = analysis_of(module, path, here, (entry.name for entry in analyses))
        analyses.append(analysis)
        rules[analysis.name] = section
    figures = {}
    for module in own["figures"]:
        here = f"{where}own.figures = '{module}': "
        path, name = source(module, here), short_name(module)
        free(name, {*figure_signatures(), *figures}, here)
        if (found := signature_of(path, here)) is None:
            raise ConfigError(f"{here}no function draw in {path}")
        figures[name] = OwnFigure(module, found)
    return OwnModules(tuple(analyses), figures, rules)


def short_name(module: str) -> str:
    """Last part of a dotted name: the name of an analysis or figure in a study."""
    return module.rpartition(".")[2]


def source(module: str, where: str) -> Path:
    """File of a module that a job can import."""
    package, *inside = module.split(".")
    spec = importable(package)
    stems = [Path(folder, *inside) for folder in (spec and spec.submodule_search_locations) or ()]
    files = [path for stem in stems for path in (stem.with_suffix(".py"), stem / "__init__.py")]
    if spec and spec.origin and not inside:
        files = [Path(spec.origin)]
    found = next((path for path in files if path.is_file()), None)
    if found is None:
        raise ConfigError(f"{where}no module '{module}' in {os.getcwd()}, on PYTHONPATH, or installed")
    return found


def free(name: str, taken: Iterable[str], where: str) -> None:
    """Refuse a name that something else in the study has."""
    if name in taken:
        raise ConfigError(f"{where}the name '{name}' is taken: rename the module")


def analysis_of(module: str, path: Path, where: str, before: Iterable[str] = ()) -> tuple[Analysis, dict[str, Any]]:
    """The analysis in a module, and the schema of its settings.

    Constants that it may have: SETTINGS, limits of its settings ({'lag': {'minimum': 1}}, as in JSON Schema); MEMORY
    (MB) and MINUTES, what its jobs request. before: names of own analyses above, whose files it may read.
    """
    name, body = short_name(module), parsed(path, where)
    check_contract(body, name, f"{where}no CONTRACT in {path}", where)
    compute = next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == "compute"), None)
    if compute is None:
        raise ConfigError(f"{where}no function compute in {path}")
    reads = files_read(compute, (*FILES, CHECKPOINTS, *before), where)
    network = CHECKPOINTS in reads
    analysis = Analysis(
        name, reads, name, f"{name} of {{run}}", condition=name, network=network, module=module,
        memory=requested(body, "MEMORY", where) or memory.own,
        minutes=requested(body, "MINUTES", where) or resources.analysis_minutes,
        environment="train" if network else "analysis",
    )  # fmt: skip
    rules = settings_of(compute, told(body, "SETTINGS", where), where)
    if network != ("run" in rules):
        said = "checkpoints: must have" if network else "no checkpoints: must not have"
        raise ConfigError(f"{where}compute reads {said} a keyword argument 'run', the run's settings")
    rules.pop("run", None)
    return analysis, checked_schema(rules, where)


def check_contract(body: list[ast.stmt], name: str, missing: str, where: str) -> None:
    """Refuse a module without a CONTRACT, and one that is named otherwise."""
    nodes = (node for node in body if isinstance(node, ast.Assign | ast.AnnAssign))
    contract = next((node.value for node in nodes if assigned(node) == "CONTRACT"), None)
    if contract is None:
        raise ConfigError(missing)
    if (called := contract_name(contract)) not in (None, name):
        raise ConfigError(f"{where}CONTRACT is named '{called}': must be '{name}', as its module")


def files_read(compute: ast.FunctionDef, known: Iterable[str], where: str) -> tuple[str, ...]:
    """The positional arguments of compute; each is a file of a run."""
    reads = tuple(argument.arg for argument in (*compute.args.posonlyargs, *compute.args.args))
    if unknown := [file for file in reads or ("",) if file not in known]:
        raise ConfigError(f"{where}compute reads '{unknown[0]}': must be a file of a run ({', '.join(known)})")
    return reads


def requested(body: list[ast.stmt], name: str, where: str) -> float | None:
    """MEMORY or MINUTES of a module, a number above 0; None where it has none."""
    value = told(body, name, where)
    if value is not None and not (isinstance(value, int | float) and value > 0):
        raise ConfigError(f"{where}{name} = {value!r}: must be a number above 0")
    return value


def settings_of(compute: ast.FunctionDef, limits: Any, where: str) -> dict[str, Any]:
    """The rule of each keyword argument: type and default from the signature, the rest from SETTINGS.

    `run` has none; it is a setting only of an analysis that reads checkpoints.
    """
    limits = {} if limits is None else limits
    if not isinstance(limits, dict) or not all(isinstance(rule, dict) for rule in limits.values()):
        raise ConfigError(f"{where}SETTINGS = {limits!r}: must be like {{'lag': {{'minimum': 1}}}}")
    arguments = zip(compute.args.kwonlyargs, compute.args.kw_defaults, strict=True)
    rules = {argument.arg: rule_of(argument, default, where) for argument, default in arguments}
    if unknown := sorted({*limits} - {*rules}):
        known = ", ".join(rules) or "none"
        raise ConfigError(f"{where}SETTINGS: compute has no setting '{unknown[0]}' (it has: {known})")
    return {name: rule | limits.get(name, {}) for name, rule in rules.items()}


def rule_of(argument: ast.arg, default: ast.expr | None, where: str) -> dict[str, Any]:
    """Type and default of a keyword argument."""
    kind = TYPES.get(ast.unparse(argument.annotation) if argument.annotation else "")
    rule = {"type": kind} if kind else {}
    if argument.arg == "run" and default is None:
        return rule
    try:
        value = ast.literal_eval(default)
    except (ValueError, TypeError):
        said = f"compute's setting '{argument.arg}' must have a default that is a plain value"
        raise ConfigError(f"{where}{said}") from None
    return rule | {"default": list(value) if isinstance(value, tuple) else value}


def checked_schema(rules: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The schema of these settings, which their defaults satisfy."""
    section = schema_of(rules)
    try:
        Draft202012Validator.check_schema(section)
    except SchemaError as error:
        raise ConfigError(f"{where}SETTINGS: {error.message}") from None
    checked({name: rule["default"] for name, rule in rules.items() if "default" in rule}, section, f"{where}default: ")
    return section


def schema_of(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a section of config.yaml with these keys."""
    return {"type": "object", "additionalProperties": False, "default": {}, "properties": dict(rules)}


def parsed(path: Path, where: str) -> list[ast.stmt]:
    """The statements of a module."""
    try:
        return ast.parse(path.read_bytes(), path).body
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{where}{path} is not valid Python: {error}") from None


def signature_of(path: Path, where: str) -> Signature | None:
    """What the draw of a module takes (see figure_specs.signature)."""
    parsed(path, where)
    try:
        return signature(path)
    except ConfigError as error:
        raise ConfigError(f"{where}{error}") from None


def told(body: list[ast.stmt], name: str, where: str) -> Any:
    """Value of a constant of a module; None where it has none."""
    try:
        return constant(body, name)
    except ValueError:
        raise ConfigError(f"{where}{name} must be a plain value, as it is read without an import") from None


def assigned(node: ast.Assign | ast.AnnAssign) -> str:
    """The name that a statement gives a value to."""
    return ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])


def contract_name(node: ast.expr) -> str | None:
    """The name in Contract('name', ...); None where it is not written there."""
    if isinstance(node, ast.Call):
        first = next((k.value for k in node.keywords if k.arg == "name"), next(iter(node.args), None))
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return first.value
    return None
