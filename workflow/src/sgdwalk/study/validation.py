"""Settings checked against a schema: what is not allowed is refused, what is missing gets its default. No torch.

Every error is one line that names the file, the key, the value and what is allowed.
"""

import math
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar

import yaml
from jsonschema import Draft202012Validator

from sgdwalk.study.analysis_table import REQUESTS

DEEPEST = 32  # levels of nesting in a file
LONGEST = 200  # characters of a value in a message
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")  # in no path, report or terminal
QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it was built with libyaml; a tenth of the time
SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"  # a link to workflow/schemas; in an installed package a copy
# Keys of a run that say which images it has; the linear regression has them too.
IMAGES = ("dataset", "path", "download", "subset", "image_size", "label_noise", "normalise")


class ConfigError(ValueError):
    """A setting that is not allowed; the message is one line with file, key, value and what is allowed."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.splitlines()))  # a value in it may have a line break of Unicode


class StudyLoader(yaml.SafeLoader):
    """YAML without what its version 1.1 makes of text, and of which users do not know.

    Duplicate keys are refused, of which the safe loader would silently keep the last one; so are nesting deeper than
    DEEPEST and a value inside itself, which have no end. 010 (8 by YAML 1.1), 1:30 (90) and dates are text.
    """

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, form) for tag, form in known if tag.rpartition(":")[2] not in ("int", "float", "timestamp")]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    depth = 0

    def compose_node(self, parent, index):
        """The node; ComposerError where it is too deep, or an alias of a node that it is in."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            if event.anchor in self.anchors and self.anchors[event.anchor].end_mark is None:
                raise yaml.composer.ComposerError(None, None, f"'{event.anchor}' is inside itself", event.start_mark)
        if self.depth == DEEPEST:
            raise yaml.composer.ComposerError(
                None, None, f"nested deeper than {DEEPEST} levels", self.peek_event().start_mark
            )
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node, deep=False):
        """The mapping; ConstructorError for a duplicate key."""
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key '{key.value}'", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


StudyLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9_]*)$"), [*"-+0123456789"])
StudyLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"([-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9]+)([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"),
    [*"-+.0123456789"],
)


def parsed(text: str) -> Any:
    """Value of a YAML text; yaml.YAMLError for invalid YAML, duplicate keys, and values that do not fit their tag."""
    try:
        return yaml.load(text, StudyLoader)
    except (ValueError, TypeError, LookupError, AttributeError) as error:  # as from !!int of a word
        raise yaml.YAMLError(str(error)) from None


def read_text(path: Path, missing: str = "no such file") -> str:
    """Text of a UTF-8 file, with or without a byte-order mark."""
    if not path.is_file():
        raise ConfigError(f"{path}: {missing}")
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not text in UTF-8: byte {error.start} is {error.object[error.start]:#x}") from None


def read_yaml(path: Path) -> Any:
    """Content of a YAML file; {} for one without any."""
    try:
        content = parsed(read_text(path))
        return {} if content is None else content
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def schema(name: str) -> dict[str, Any]:
    """The schema of that name from workflow/schemas.

    Filled in from other places: the analyses that a run can request, and in `config` the keys of a run that `training`
    shares, and those of its images, which `regression.data` has.
    """
    text = (SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8")
    content = yaml.load(text, QUICK)
    if name == "run":
        content["properties"]["analyses"]["items"] = {"enum": list(REQUESTS)}
    if name == "config":
        properties = {k: v for k, v in schema("run")["properties"].items() if not v.get("row_only")}
        content["properties"]["training"] |= {"properties": properties}
        data = content["properties"]["regression"]["properties"]["data"]
        data |= {"properties": {key: properties[key] for key in IMAGES}}
    return content


def checked(value: Any, rules: Mapping[str, Any], where: str) -> Any:
    """A copy of `value` with the schema's defaults filled in; ConfigError (`where` + reason) at the first error."""
    errors = sorted(Draft202012Validator(rules).iter_errors(value), key=lambda e: list(map(str, e.path)))
    if errors:
        raise ConfigError(where + explain(errors[0]))
    for key, leaf in leaves(value):
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise ConfigError(f"{where}{key} = {leaf}: must be a finite number")
        if isinstance(leaf, str) and UNWRITABLE.search(leaf):
            raise ConfigError(f"{where}{key} = {shown(leaf)}: must be without control characters")
    return filled(deepcopy(value), rules)


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of everything in nested settings that has nothing inside it."""
    if not isinstance(value, dict | list):
        yield key, value
        return
    for inner, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(item, f"{key}.{inner}".lstrip("."))


def filled(value: Any, rules: Mapping[str, Any]) -> Any:
    """Fill in the default of every missing property, level by level; 100.0 becomes 100 where an integer is required."""
    if isinstance(value, float) and "integer" in types(rules):
        return int(value)
    if isinstance(value, list):
        return [filled(item, rules.get("items", {})) for item in value]
    if isinstance(value, dict):
        for key, rule in rules.get("properties", {}).items():
            if "default" in rule:
                value.setdefault(key, deepcopy(rule["default"]))
            if key in value:
                value[key] = filled(value[key], rule)
        if isinstance(others := rules.get("additionalProperties"), dict):
            value |= {key: filled(value[key], others) for key in set(value) - set(rules.get("properties", {}))}
    return value


def types(rules: Mapping[str, Any]) -> list[str]:
    """The types that a rule allows."""
    kind = rules.get("type", [])
    return kind if isinstance(kind, list) else [kind]


def explain(error) -> str:
    """A schema violation in one line: key, value, what is allowed."""
    key = ".".join(map(str, error.absolute_path)) or "the file"
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = ", ".join(sorted(str(k) for k in set(error.instance) - set(known)))
        inside = f" in {key}" if error.absolute_path else ""
        return f"unknown key '{unknown}'{inside} (allowed: {', '.join(sorted(known))})"
    if error.validator == "required":
        missing = next(k for k in error.validator_value if k not in error.instance)
        return f"missing key '{missing}'" + (f" in {key}" if error.absolute_path else "")
    allowed = {
        "type": lambda v: f"must be of type {v if isinstance(v, str) else ' or '.join(v)}",
        "enum": lambda v: f"must be one of {', '.join(map(str, v))}",
        "exclusiveMinimum": lambda v: f"must be above {v}",
        "exclusiveMaximum": lambda v: f"must be below {v}",
        "minimum": lambda v: f"must be at least {v}",
        "maximum": lambda v: f"must be at most {v}",
        "maxLength": lambda v: f"must have at most {v} characters",
        "minItems": lambda v: f"must have at least {v} values",
        "uniqueItems": lambda v: "must not contain duplicates",
        "pattern": lambda v: f"must be {error.schema.get('pattern_in_words', f'like {v}')}",
    }.get(error.validator, lambda v: error.message)(error.validator_value)
    return f"{key} = {shown(error.instance)}: {allowed}{number_hint(error)}"


def shown(value: Any) -> str:
    """A value as in Python, cut where it would fill the screen."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def number_hint(error) -> str:
    """A hint where a number is required and there is text: as YAML reads 1e-3, or with a decimal comma."""
    required = {"integer", "number"} & set(types(error.schema))
    if error.validator == "type" and required and isinstance(error.instance, str):
        if re.fullmatch(r"[-+]?[\d.]*,[\d.,]*([eE][-+]?\d+)?", error.instance):
            return " (numbers have a decimal point, no comma)"
        try:
            number = float(error.instance)
        except ValueError:
            return ""
        if math.isfinite(number):
            written = int(number) if number.is_integer() and "integer" in required else number
            return f" (YAML reads {error.instance} as text: write {written!r})"
    return ""
