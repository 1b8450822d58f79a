"""runs.tsv of a study: read and checked row by row, each row on top of the settings that all runs share. No torch."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sgdwalk.study import registry
from sgdwalk.study.registry import SIZES
from sgdwalk.study.validation import IMAGES, ConfigError, checked, filled, parsed, read_text, schema, shown, types

WALKS = {"run", "seed", "walk", "window", "record"}  # the keys that a row with a walk may set
SAME = ("model", "dataset")  # of a run and its parent
INHERITED = (  # from the parent, where a cell is empty
    "model", *IMAGES, "augment", "loss", "label_smoothing", "init", "dtype",
)  # fmt: skip
PLAIN = {"optimiser": "sgd", "nesterov": False, "schedule": "constant"}  # of a run with a parent
REPEATED = re.compile(r"(.+?)\1{19}$")
SIGNS = {None: "spaces", ",": "commas", ";": "semicolons"}  # None: of str.split, any blank
LISTED = re.compile(r"\[(.*)\]|([^][]*)")  # with or without brackets
MOST_STEPS = 10**9
# keys of `record` that only a training can fulfil, and what they are without one
OF_TRAININGS = {"layers": False, "noise": False, "walk": False, "flatness": 0}


def read_runs(path: Path, shared: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Complete settings of every run by name; an empty cell means the study's shared `training` setting.

    ConfigError at the first row that is not allowed.
    """
    rules = schema("run")
    runs: dict[str, dict[str, Any]] = {}
    for line, row in read_table(path, rules["properties"]):
        where = f"{path} line {line}: "
        given = {key: cell(text, rules["properties"][key]) for key, text in row.items() if text}
        run = checked(overlaid(shared | inherited(given, runs, where), given), rules, where)
        check_repeats(run["run"], f"{where}run = '{run['run']}'")
        if run["run"] in runs:
            raise ConfigError(f"{where}run = '{run['run']}': duplicate name; names of runs must be unique")
        if run["windows_of"]:
            run = shortened(given, runs, where)
        elif run["walk"]:
            run = walked(run, given, rules["properties"]["record"], where)
            check_outside(run, Path("results", path.parent.name, "runs", run["run"]), where)
        else:
            run = complete(continued(run, given, runs, where), where)
        runs[run["run"]] = run
    if not runs:
        raise ConfigError(f"{path}: the table has no runs")
    return runs


def check_repeats(name: str, where: str) -> None:
    """Refuse a name that Snakemake takes for a rule that calls itself without end."""
    if found := REPEATED.search(name):
        raise ConfigError(f"{where}: must not end with '{found[1]}' 20 times")


def inherited(given: Mapping[str, Any], runs: Mapping[str, Any], where: str) -> dict[str, Any]:
    """What a row `parent` takes from that run where its own cells are empty; nothing for a row without one."""
    name = given.get("parent")
    if not name:
        return {}
    trained = [run for run in runs if not (runs[run]["walk"] or runs[run]["windows_of"])]
    if name not in trained:
        known = ", ".join(trained) or "there is none"
        raise ConfigError(f"{where}parent = {shown(name)}: must be a training above this row ({known})")
    return {key: runs[name][key] for key in INHERITED}


def continued(run: dict[str, Any], given: Mapping[str, Any], runs: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Settings of a training, checked against those of its parent where it has one."""
    name = run["parent"]
    if not name:
        if given.get("keep_velocity"):
            raise ConfigError(f"{where}keep_velocity = true: needs a parent")
        return run
    parent = runs[name]
    for key in SAME:
        if run[key] != parent[key]:
            raise ConfigError(f"{where}{key} = '{run[key]}': must be '{parent[key]}' as of its parent, or empty")
    for key, allowed in PLAIN.items():
        if run[key] != allowed and (key != "schedule" or key in given):  # the study's schedule is for its parents
            raise ConfigError(f"{where}{key} = {str(run[key]).lower()}: must be {str(allowed).lower()} beside parent")
    if run["keep_velocity"] and not (run["momentum"] and parent["momentum"] and parent["optimiser"] == "sgd"):
        raise ConfigError(f"{where}keep_velocity = true: needs a momentum above 0, here and of its parent '{name}'")
    return run | PLAIN


def shortened(given: Mapping[str, Any], runs: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Settings of a row `windows_of`: an earlier run of the table in shorter windows."""
    name = given["windows_of"]
    if name not in runs or runs[name]["windows_of"]:
        known = ", ".join(run for run in runs if not runs[run]["windows_of"]) or "there is none"
        raise ConfigError(f"{where}windows_of = '{name}': must be a run above this row ({known})")
    if extra := sorted(set(given) - {"run", "window", "windows_of"}):
        raise ConfigError(f"{where}{extra[0]} = {given[extra[0]]!r}: must be empty beside windows_of")
    window, recorded = given.get("window"), runs[name]["window"]
    if window is None:
        raise ConfigError(f"{where}window = '': must be given beside windows_of, and divide {recorded}")
    if not 0 < window < recorded or recorded % window:
        raise ConfigError(f"{where}window = {window}: must divide {recorded}, the window of {name}, and be shorter")
    record = runs[name]["record"] | {"flatness": 0}  # its directions are those of the longer windows
    return runs[name] | given | {"analyses": [], "record": record}


def walked(run: dict[str, Any], given: Mapping[str, Any], rules: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Settings of a row `walk`: an externally recorded trajectory, for which settings of a training are null.

    A folder was recorded before: its `record` comes from its own row, with the defaults of `rules`, not from the study.
    """
    if extra := sorted(set(given) - WALKS):
        raise ConfigError(f"{where}{extra[0]} = {given[extra[0]]!r}: must be empty beside walk")
    if extra := [key for key in OF_TRAININGS if given.get("record", {}).get(key)]:
        key, found = extra[0], given["record"][extra[0]]
        allowed = str(OF_TRAININGS[key]).lower()
        raise ConfigError(f"{where}record.{key} = {str(found).lower()}: must be {allowed} beside walk")
    existing(run, "walk", where)
    record = filled(dict(given.get("record", {})), rules) if Path(run["walk"]).is_dir() else run["record"]
    record |= OF_TRAININGS
    return dict.fromkeys(run) | {key: run[key] for key in WALKS} | {"analyses": [], "record": record}


def check_outside(run: Mapping[str, Any], results: Path, where: str) -> None:
    """Refuse a walk in the run's own results: Snakemake deletes outputs of a job before the job can read them."""
    if Path(run["walk"]).resolve().is_relative_to(results.resolve()):
        raise ConfigError(f"{where}walk = '{run['walk']}': must lie outside {results}, which this run's files replace")


def overlaid(shared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The shared settings with those of a row on top; groups of keys (`record`) are merged key by key."""
    merged = dict(shared)
    for key, value in given.items():
        both = isinstance(value, dict) and isinstance(shared.get(key), dict)
        merged[key] = shared[key] | value if both else value
    return merged


def read_table(path: Path, known: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, cells by column) of a tab-separated table; lines that start with '#' are comments."""
    text = read_text(path, "no such file (a study needs a table of its runs)")
    rows = [(n, t.split("\t")) for n, t in enumerate(text.split("\n"), 1) if t.strip() and t.lstrip('"')[:1] != "#"]
    lines = [(n, [*map(unquoted, row)]) for n, row in rows]
    header = lines[0][1] if lines else []
    for name in filter(None, header):
        for sign, words in SIGNS.items():
            if len(name.split(sign)) > 1:
                raise ConfigError(f"{path}: columns must be separated by tabs, not by {words}: '{name}'")
        if name not in known:
            raise ConfigError(f"{path}: unknown key '{name}' (allowed: {', '.join(sorted(known))})")
        if header.count(name) > 1:
            raise ConfigError(f"{path}: duplicate column '{name}'")
    if "run" not in header:
        raise ConfigError(f"{path}: no column 'run' in its first line")
    for line, row in lines[1:]:
        if len(row) > len(header):
            raise ConfigError(f"{path} line {line}: {len(row)} cells for {len(header)} columns")
        for name, text in zip(header, row, strict=False):
            if len(text.splitlines()) > 1:  # at U+2028 and others that do not end a line of the table
                raise ConfigError(f"{path} line {line}: {name} = {text!a}: must be without line breaks")
            if text and not name:
                raise ConfigError(f"{path} line {line}: '{text}': must be in a column with a name")
        yield line, {name: text for name, text in zip(header, row, strict=False) if name}


def unquoted(text: str) -> str:
    """A cell without blanks around it and without the quotation marks that spreadsheets put around it."""
    text = text.strip()
    return text[1:-1].replace('""', '"').strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def cell(text: str, rule: Mapping[str, Any]) -> Any:
    """A cell's value in the type of its key; text that cannot be converted remains, and the schema refuses it."""
    kinds = types(rule)
    if "integer" in kinds or "number" in kinds:
        for convert in (int, float):
            try:
                return convert(text)
            except ValueError:
                continue
    if "boolean" in kinds:
        return {"true": True, "false": False}.get(text.lower(), text)
    if "array" in kinds:
        inside = LISTED.fullmatch(text)
        return (
            [cell(part, rule["items"]) for part in (inside[1] or inside[2]).replace(",", " ").split()]
            if inside
            else text
        )
    if "object" in kinds:
        try:
            return parsed(text)
        except yaml.YAMLError:
            return text
    return text


def complete(run: dict[str, Any], where: str) -> dict[str, Any]:
    """Check keys that depend on each other, and resolve the names of network, data set and `init: auto`."""
    run["model_spec"] = resolved("model", run, registry.MODELS, where)
    run = with_images(run, where)
    if run["init"] == "auto":
        run["init"] = "kaiming" if run["model"] in registry.MODELS else "pytorch"
    if run["model_spec"]["arguments"].get("weights") and run["init"] != "pytorch":
        raise ConfigError(
            f"{where}init = '{run['init']}': must be auto or pytorch beside pretrained weights, which it would replace"
        )
    return check_lengths(run, where)


def with_images(run: dict[str, Any], where: str) -> dict[str, Any]:
    """The settings and, as dataset_spec, the loader of their images with its arguments."""
    run["dataset_spec"] = resolved("dataset", run, registry.DATASETS, where)
    if run["dataset"] in ("npz", "image-folder"):
        existing(run, "path", where)
    run["dataset_spec"]["arguments"] |= {key: run[name] for key, name in passed_on(run["dataset"]).items()}
    return run


def resolved(kind: str, run: Mapping[str, Any], known: Mapping[str, tuple[str, dict]], where: str) -> dict[str, Any]:
    """Specification of the run's network or data set (see registry.resolve)."""
    try:
        return registry.resolve(kind, run[kind], known)
    except ValueError as error:
        raise ConfigError(f"{where}{error}") from None


def passed_on(dataset: str) -> dict[str, str]:
    """Arguments of a data set's loader: keys of a run by the argument's name."""
    own = {
        "digits": {},
        "surrogate": {},
        "npz": {"path": "path"},
        "image-folder": {"path": "path", "size": "image_size"},
        "imagenet": {"path": "path", "size": "image_size", "subset": "subset"},
    }
    others = {"path": "path"} | ({"download": "download"} if dataset in registry.DATASETS else {})
    return own.get(dataset, others)


def existing(run: Mapping[str, Any], key: str, where: str) -> None:
    """Refuse a path that does not exist, or that Snakemake cannot take."""
    path, said = run[key] or "", f"{where}{key} = {shown(run[key] or '')}"
    found = False
    with contextlib.suppress(OSError):  # a name that is too long, a folder that may not be read
        found = bool(path) and Path(path).exists()
    if not found:
        raise ConfigError(f"{said}: must be a file or folder that exists")
    if {*"{}"} & {*path}:  # Snakemake reads names in braces as wildcards
        raise ConfigError(f"{said}: must be without braces")


def check_lengths(run: dict[str, Any], where: str) -> dict[str, Any]:
    """Check batch against data and window against run where the size of the data set is known beforehand."""
    size, steps = known_size(run, where), run["steps"]
    if run["nesterov"] and not run["momentum"]:
        raise ConfigError(f"{where}nesterov = true: needs a momentum above 0")
    if size is not None:
        check_batch(run["batch_size"], size, where)
        steps = steps or run["epochs"] * -(-size // run["batch_size"])
        if steps > MOST_STEPS:
            raise ConfigError(f"{where}epochs = {run['epochs']}: must give at most {MOST_STEPS} steps, not {steps}")
    if steps and run["window"] > steps:
        raise ConfigError(f"{where}window = {run['window']}: must be at most {steps}, the steps of the run")
    if steps and max(run["record"]["anchors"], default=0) >= steps:
        raise ConfigError(
            f"{where}record.anchors = {run['record']['anchors']}: must be below {steps}, the steps of the run"
        )
    return run


def known_size(run: Mapping[str, Any], where: str) -> int | None:
    """Number of training images, None where only the loader knows it; refuse a subset of more images than there are."""
    size = SIZES.get(run["dataset"])
    if run["subset"] and size and run["subset"] > size:
        raise ConfigError(f"{where}subset = {run['subset']}: must be at most {size}, the training images")
    return run["subset"] or size


def check_batch(batch_size: int, size: int, where: str) -> None:
    """Refuse a batch of more images than there are."""
    if batch_size > size:
        raise ConfigError(f"{where}batch_size = {batch_size}: must be at most {size}, the training images")
