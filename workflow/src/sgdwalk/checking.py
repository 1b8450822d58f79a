"""Settings against a schema: what it forbids is refused, what is missing gets its default. Needs no torch.

Every error is one line that names the file, the key, the value and what is allowed.
"""

import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


class ConfigError(ValueError):
    """A setting that cannot be: key, value and what is allowed, in one line."""


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
