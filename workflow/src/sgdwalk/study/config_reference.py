"""Write from the schemas the tables of config/README.md, with every key, and the schema of config.yaml for editors."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sgdwalk.study.validation import SCHEMAS, schema, types

README = Path(__file__).resolve().parents[4] / "config" / "README.md"
# The schema of config.yaml in one file, with the keys of a run in it: what the first line of a config.yaml names.
EDITOR = SCHEMAS / "editor" / "config.schema.json"
BEGIN = "<!-- keys: written by `make docs` from workflow/schemas -->\n"
HEADER = "| key | default | unit | allowed | meaning |\n| --- | --- | --- | --- | --- |\n"
LIMITS = {"exclusiveMinimum": "> {}", "minimum": ">= {}", "exclusiveMaximum": "< {}", "maximum": "<= {}"}


def rendered() -> str:
    """The part of config/README.md below the marker."""
    sections = schema("config")["properties"]
    runs = schema("run")["properties"]
    parts = [table("A run: columns of `runs.tsv`, and keys of `training` in `config.yaml`", rows(runs))]
    plain = {key: rule for key, rule in sections.items() if "properties" not in rule}
    parts.append(table("A study: `config.yaml`", rows(plain)))
    for key, rule in sections.items():
        if key != "training" and "properties" in rule:
            parts.append(
                table(f"`{key}` in `config.yaml`: {rule['description'].rstrip('.')}", rows(rule["properties"]))
            )
    figures = schema("figures")["additionalProperties"]["properties"]
    parts.append(table("A figure: `figures.yaml`", rows(figures)))
    return "\n".join(parts)


def for_editors() -> str:
    """The content of EDITOR."""
    return json.dumps(schema("config"), indent=1) + "\n"


def table(title: str, lines: Iterator[str]) -> str:
    """A heading and a Markdown table."""
    return f"## {title}\n\n{HEADER}{''.join(lines)}"


def rows(properties: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """A line of the table for every key; keys of a group as group.key."""
    for key, rule in properties.items():
        if "properties" in rule:
            yield from rows(rule["properties"], f"{prefix}{key}.")
            continue
        only = " (runs.tsv only)" if rule.get("row_only") else ""
        meaning = rule["description"] + only
        yield f"| `{prefix}{key}` | {default(rule)} | {rule['unit']} | {allowed(rule)} | {meaning} |\n"


def default(rule: Mapping[str, Any]) -> str:
    """The default as in YAML; 'none' for null and an empty list."""
    if "default" not in rule:
        return ""
    value = rule["default"]
    if value is None or value == []:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def allowed(rule: Mapping[str, Any]) -> str:
    """Type with limits, or the choices."""
    if "enum" in rule:
        return ", ".join(map(str, rule["enum"]))
    if "items" in rule and "enum" in rule["items"]:
        return "any of " + ", ".join(rule["items"]["enum"])
    kind, *others = (found for found in types(rule) if found != "null")
    limits = [words.format(rule[key]) for key, words in LIMITS.items() if key in rule]
    return " ".join([kind, *limits, *(f"or {other}" for other in others)])


def main() -> None:
    """Write both; the text above the marker in config/README.md remains."""
    EDITOR.parent.mkdir(exist_ok=True)
    EDITOR.write_text(for_editors(), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    README.write_text(text[: text.index(BEGIN) + len(BEGIN)] + "\n" + rendered(), encoding="utf-8")


if __name__ == "__main__":
    main()
