"""A study's settings: read, checked against the schemas, filled with defaults. Needs no torch and no xarray.

Every error is one line that names the file, the key, the value and what is allowed.
"""

import ast
import csv
import math
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from sgdwalk import catalogue

FIGURES = Path(__file__).resolve().parent / "figures"
SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
DEAR = ("hessian", "landscape")
FOLLOWS = {"landscape": ("landscape", "dimension")}
LAYERWISE = ("layers/msd", "layers/path", "layers/msl")
CHEAP = ("training", "distances", "gradients", "msd", "path", "msl", "tails", "fluctuations")
ASKED = ("mem_mb", "runtime")  # of a scheduler
NOT_THE_WALK = ("run", "seed", "analyses", "record", "snapshots", "path", "download", *ASKED)
TOY = ("fractal", "random", "convex")
SIZES = {"digits": 1597, "mnist": 60_000, "fashion-mnist": 60_000} | dict.fromkeys(
    ("cifar10", "cifar100", "surrogate"), 50000
)


class ConfigError(ValueError):
    """A setting that cannot be: key, value and what is allowed, in one line."""


@dataclass(frozen=True)
class Study:
    """All settings of one study: `settings` by section, `runs` by name, `figures` by name."""

    name: str
    base: str
    settings: Mapping[str, Any]
    runs: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, Mapping[str, Any]]

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Runs that differ only in their seed, under the name they share; groups of one are left out."""
        alike: dict[str, list[str]] = {}
        for name, run in self.runs.items():
            key = repr(sorted((k, repr(v)) for k, v in run.items() if k not in NOT_THE_WALK))
            alike.setdefault(key, []).append(name)
        return {common_name(names): names for names in alike.values() if len(names) > 1}

    def analyses(self, run: str) -> tuple[str, ...]:
        """The files that a run yields: the cheap analyses, and the dear ones that it asks for."""
        dear = [made for name in self.runs[run]["analyses"] for made in FOLLOWS.get(name, (name,))]
        return (*CHEAP, *self.recorded(run), *dear)

    def recorded(self, run: str) -> tuple[str, ...]:
        """The analyses of what a run was told to record beside distances and gradients."""
        record = self.runs[run]["record"]
        layers = record["layers"] and not self.runs[run]["walk"]
        return LAYERWISE * layers + ("long_msd",) * (record["sketch"] > 0)


def load_study(name: str, folder: Path) -> Study:
    """Read config/{name}/config.yaml, runs.tsv and figures.yaml below `folder`, and check every value."""
    root = folder / name
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", str(name)) or not (root / "config.yaml").is_file():
        found = ", ".join(sorted(p.parent.name for p in folder.glob("*/config.yaml")))
        raise ConfigError(f"study = '{name}': no {root / 'config.yaml'} (studies here: {found})")
    settings = checked(read_yaml(root / "config.yaml"), schema("config"), f"{root / 'config.yaml'}: ")
    runs = read_runs(root / "runs.tsv", settings["training"])
    base = settings["base"] or next(iter(runs))
    if base not in runs:
        raise ConfigError(f"{root / 'config.yaml'}: base = '{base}': must be one of {', '.join(runs)}")
    study = Study(name, base, settings, runs, checked_figures(root / "figures.yaml"))
    for figure, spec in study.figures.items():
        for role, source in sources(spec["data"]):
            check_source(study, source, f"{root / 'figures.yaml'}: {figure}.{role} = '{source}'")
    return study


def read_yaml(path: Path) -> Any:
    """Content of a YAML file."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    try:
        return yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def schema(name: str) -> dict[str, Any]:
    """The schema of that name from workflow/schemas, with `training` filled from the schema of a run."""
    content = yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())
    if name == "config":
        run = yaml.safe_load((SCHEMAS / "run.schema.yaml").read_text())
        properties = {k: v for k, v in run["properties"].items() if not v.get("row_only")}
        content["properties"]["training"] |= {"properties": properties}
    return content


def checked(value: Any, rules: Mapping[str, Any], where: str) -> Any:
    """A copy of `value` with the schema's defaults filled in; ConfigError at the first thing it forbids."""
    errors = sorted(Draft202012Validator(rules).iter_errors(value), key=lambda e: list(map(str, e.path)))
    if errors:
        raise ConfigError(where + explain(errors[0]))
    for key, number in numbers(value):
        if not math.isfinite(number):
            raise ConfigError(f"{where}{key} = {number}: must be a finite number")
    return filled(deepcopy(value), rules)


def numbers(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Every floating-point number in nested settings, with its dotted key."""
    if isinstance(value, float):
        yield key, value
    for inner, item in value.items() if isinstance(value, dict) else ():
        yield from numbers(item, f"{key}.{inner}".lstrip("."))


def filled(value: Any, rules: Mapping[str, Any]) -> Any:
    """Put the default of every property that is missing, level by level."""
    if isinstance(value, dict):
        for key, rule in rules.get("properties", {}).items():
            if "default" in rule:
                value.setdefault(key, deepcopy(rule["default"]))
            if key in value:
                value[key] = filled(value[key], rule)
    return value


def explain(error) -> str:
    """One line for a schema violation: key, value, what is allowed."""
    key = ".".join(map(str, error.absolute_path)) or "the file"
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = ", ".join(sorted(str(k) for k in set(error.instance) - set(known)))
        inside = f" in {key}" if error.absolute_path else ""
        return f"unknown key '{unknown}'{inside} (allowed: {', '.join(sorted(known))})"
    allowed = {
        "type": lambda v: f"must be of type {v if isinstance(v, str) else ' or '.join(v)}",
        "enum": lambda v: f"must be one of {', '.join(map(str, v))}",
        "exclusiveMinimum": lambda v: f"must be above {v}",
        "exclusiveMaximum": lambda v: f"must be below {v}",
        "minimum": lambda v: f"must be at least {v}",
        "maximum": lambda v: f"must be at most {v}",
        "required": lambda v: f"must have {', '.join(v)}",
        "pattern": lambda v: f"must be {error.schema.get('pattern_in_words', f'like {v}')}",
    }.get(error.validator, lambda v: error.message)(error.validator_value)
    return f"{key} = {error.instance!r}: {allowed}{number_hint(error)}"


def number_hint(error) -> str:
    """YAML reads 1e-3 as text; say so."""
    if error.validator == "type" and isinstance(error.instance, str):
        try:
            return f" (YAML reads {error.instance} as text: write {float(error.instance)!r})"
        except ValueError:
            pass
    return ""


def read_runs(path: Path, shared: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Rows of runs.tsv by name, each on top of the study's shared `training` settings; empty cells mean shared."""
    rules = schema("run")
    runs: dict[str, dict[str, Any]] = {}
    for line, row in read_table(path, rules["properties"]):
        where = f"{path} line {line}: "
        given = {key: cell(text, rules["properties"][key]) for key, text in row.items() if text}
        run = checked(overlaid(shared, given), rules, where)
        if run["run"] in runs:
            raise ConfigError(f"{where}run = '{run['run']}': this name stands twice; every run needs its own")
        runs[run["run"]] = shortened(given, runs, where) if run["windows_of"] else complete(run, where)
    if not runs:
        raise ConfigError(f"{path}: no runs in it")
    return runs


def shortened(given: Mapping[str, Any], runs: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A row that is an earlier run in shorter windows."""
    name = given["windows_of"]
    if name not in runs or runs[name]["windows_of"]:
        known = ", ".join(run for run in runs if not runs[run]["windows_of"])
        raise ConfigError(f"{where}windows_of = '{name}': must be a run above this row ({known})")
    if extra := sorted(set(given) - {"run", "window", "windows_of"}):
        raise ConfigError(f"{where}{extra[0]} = {given[extra[0]]!r}: must be empty beside windows_of")
    window, recorded = given.get("window", 0), runs[name]["window"]
    if not 0 < window < recorded or recorded % window:
        raise ConfigError(f"{where}window = {window}: must divide {recorded}, the window of {name}, and be shorter")
    return runs[name] | given | {"analyses": []}


def overlaid(shared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The study's settings with a row's own on top, one level into the settings that are groups of keys."""
    merged = dict(shared)
    for key, value in given.items():
        both = isinstance(value, dict) and isinstance(shared.get(key), dict)
        merged[key] = shared[key] | value if both else value
    return merged


def read_table(path: Path, known: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, cells by column) of a tab-separated table; '#' starts a comment line."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file (a study needs a table of its runs)")
    lines = [(n, t) for n, t in enumerate(path.read_text().splitlines(), 1) if t.strip() and t[0] != "#"]
    rows = list(csv.reader((text for _, text in lines), delimiter="\t"))
    header = [name.strip() for name in rows[0]] if rows else []
    for name in header:
        if name not in known:
            raise ConfigError(f"{path}: unknown key '{name}' (allowed: {', '.join(sorted(known))})")
    if "run" not in header:
        raise ConfigError(f"{path}: no column 'run' in its first line")
    for (line, _), row in zip(lines[1:], rows[1:], strict=True):
        if len(row) > len(header):
            raise ConfigError(f"{path} line {line}: {len(row)} cells for {len(header)} columns")
        yield line, dict(zip(header, (text.strip() for text in row), strict=False))


def cell(text: str, rule: Mapping[str, Any]) -> Any:
    """A cell's value by the type its key wants; what cannot be read stays text, for the schema to refuse."""
    kind = rule.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "integer" in kinds or "number" in kinds:
        for convert in (int, float):
            try:
                return convert(text)
            except ValueError:
                continue
    if "boolean" in kinds:
        return {"true": True, "false": False}.get(text.lower(), text)
    if "array" in kinds:
        return text.replace(",", " ").split()
    if "object" in kinds:
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            return text
    return text


def complete(run: dict[str, Any], where: str) -> dict[str, Any]:
    """Check what one key alone cannot tell, and resolve the names of network and data set."""
    if run["walk"]:
        return existing(run, "walk", where)
    for kind, known in (("model", catalogue.MODELS), ("dataset", catalogue.DATASETS)):
        try:
            run[f"{kind}_spec"] = catalogue.resolve(kind, run[kind], known)
        except ValueError as error:
            raise ConfigError(f"{where}{error}") from None
    if run["model_spec"]["arguments"].get("weights") and run["init"] != "pytorch":
        raise ConfigError(f"{where}init = '{run['init']}': must be pytorch, or the pretrained weights are drawn anew")
    if run["dataset"] in ("npz", "image-folder"):
        existing(run, "path", where)
    run["dataset_spec"]["arguments"] |= {key: run[name] for key, name in passed_on(run["dataset"]).items()}
    return check_lengths(run, where)


def passed_on(dataset: str) -> dict[str, str]:
    """Arguments of a data set's loader, and the keys of a run that they are."""
    own = {
        "digits": {},
        "surrogate": {},
        "npz": {"path": "path"},
        "image-folder": {"path": "path", "size": "image_size"},
        "imagenet": {"path": "path", "size": "image_size", "subset": "subset"},
    }
    others = {"path": "path"} | ({"download": "download"} if dataset in catalogue.DATASETS else {})
    return own.get(dataset, others)


def existing(run: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    """Refuse a path that is not there."""
    if not run[key] or not Path(run[key]).exists():
        raise ConfigError(f"{where}{key} = '{run[key] or ''}': must be a file or folder that exists")
    return run


def check_lengths(run: dict[str, Any], where: str) -> dict[str, Any]:
    """Batch against data and window against run, as far as the size of the data is known beforehand."""
    size = run["subset"] or SIZES.get(run["dataset"])
    steps = run["steps"]
    if run["subset"] and run["subset"] > SIZES.get(run["dataset"], run["subset"]):
        raise ConfigError(f"{where}subset = {run['subset']}: must be at most {SIZES[run['dataset']]}, the images")
    if run["nesterov"] and not run["momentum"]:
        raise ConfigError(f"{where}nesterov = true: needs a momentum above 0")
    if size is not None:
        if run["batch_size"] > size:
            raise ConfigError(f"{where}batch_size = {run['batch_size']}: must be at most {size}, the training images")
        steps = steps or run["epochs"] * -(-size // run["batch_size"])
    if steps and run["window"] > steps:
        raise ConfigError(f"{where}window = {run['window']}: must be at most {steps}, the steps of the run")
    if steps and max(run["record"]["anchors"], default=0) >= steps:
        raise ConfigError(f"{where}record.anchors = {run['record']['anchors']}: must be below {steps}, the steps")
    return run


def checked_figures(path: Path) -> dict[str, Any]:
    """The figures that a study draws, each with the roles that its module takes."""
    figures = checked(read_yaml(path), schema("figures"), f"{path}: ")
    drawn = sorted(p.stem for p in FIGURES.glob("*.py") if p.stem not in ("__init__", "style"))
    for name, spec in figures.items():
        if name not in drawn:
            raise ConfigError(f"{path}: figure = '{name}': must be one of {', '.join(drawn)}")
        needed, known = roles(FIGURES / f"{name}.py")
        wrong = sorted(set(spec["data"]) - known) or sorted(needed - set(spec["data"]))
        if wrong:
            what = "unknown" if wrong[0] in spec["data"] else "missing"
            raise ConfigError(f"{path}: {name}.data: {what} role '{wrong[0]}' (its roles: {', '.join(sorted(known))})")
    return figures


def roles(module: Path) -> tuple[set[str], set[str]]:
    """(needed, known) arguments of a figure's draw, read from its source: importing it would load matplotlib."""
    tree = ast.parse(module.read_text())
    draw = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "draw")
    names = [argument.arg for argument in draw.args.args]
    return set(names[: len(names) - len(draw.args.defaults)]), set(names)


def sources(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(role, source) of everything a figure reads; a role may hold one source, a list, or none."""
    for role, value in data.items():
        for source in value if isinstance(value, list) else [value]:
            if source is not None:
                yield role, source


def check_source(study: Study, source: str, where: str) -> None:
    """Refuse a source 'msd/RUN', 'toy/LANDSCAPE' or 'ensemble/GROUP' that the study does not make."""
    kind, _, name = source.rpartition("/")
    known = {"toy": TOY, "ensemble": tuple(study.groups)}.get(kind, tuple(study.runs))
    if name not in known:
        what = {"toy": "landscape", "ensemble": "group"}.get(kind, "run")
        raise ConfigError(f"{where}: no {what} '{name}' in this study (there are: {', '.join(known)})")
    if kind not in ("toy", "ensemble") and kind not in study.analyses(name):
        made = ", ".join(study.analyses(name))
        raise ConfigError(f"{where}: '{kind}' is not made for run '{name}' (made: {made}; see column analyses)")


def common_name(names: list[str]) -> str:
    """What the names of a group share at their beginning, or the first name where they share nothing."""
    shared = names[0]
    for name in names[1:]:
        while not name.startswith(shared):
            shared = shared[:-1]
    return shared.rstrip("-_.") or names[0]
