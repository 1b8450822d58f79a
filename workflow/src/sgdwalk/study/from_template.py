"""A new study, made from the template: the three files with a row for a network or for a recorded walk. No torch."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from sgdwalk.study.load import load_study
from sgdwalk.study.validation import ConfigError, read_yaml

NAME = "template"
CLONE = Path(__file__).resolve().parents[4] / "config"
FILES = ("config.yaml", "runs.tsv", "figures.yaml")
COLUMNS = ("run", "model", "dataset", "path", "lr", "walk", "window", "analyses")
RUN = "first"  # of the template
OF_NETWORKS = ("landscape/", "dimension/", "hessian/")  # sources that a walk does not have
WINDOW_SIZE = "step_in_window"  # dimension of distances.nc


def create(name: str, config: Path, row: Mapping[str, str], title: str = "") -> Path:
    """Write the study `name` into the folder `config`, with the cells of `row` on top of the template's; its folder.

    It appears with all its files, or not at all. ConfigError, one line, for a name that is taken and for anything that
    load_study refuses.
    """
    if (config / name).exists():
        raise ConfigError(f"study = '{name}': {config / name} exists; take another name")
    source = template(config)
    config.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=config, prefix=".new-") as temporary:
        folder = Path(temporary) / name
        try:
            write(source, folder, row, title)
            load_study(name, Path(temporary))
        except (ConfigError, OSError) as error:
            raise ConfigError(str(error).replace(temporary, str(config))) from None
        os.replace(folder, config / name)
    return config / name


def template(config: Path) -> Path:
    """The folder of the template: beside the other studies, or else in the clone of this library."""
    for folder in (config / NAME, CLONE / NAME):
        if (folder / "config.yaml").is_file():
            return folder
    raise ConfigError(f"{config / NAME}: no such study, from which others are made")


def write(source: Path, folder: Path, row: Mapping[str, str], title: str) -> None:
    """Write the three files into a new folder."""
    shutil.copytree(source, folder)
    texts = {name: (source / name).read_text(encoding="utf-8") for name in FILES}
    texts["config.yaml"] = settings(texts["config.yaml"], folder.name, row, title)
    texts["runs.tsv"] = table(texts["runs.tsv"], row)
    if row.get("walk"):
        texts["figures.yaml"] = without(texts["figures.yaml"], figures_of_networks(source / "figures.yaml"))
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def settings(text: str, name: str, row: Mapping[str, str], title: str) -> str:
    """config.yaml with a first line for this study; without what was for the template's own network or any network."""
    text = re.sub(r"\A# A study to copy.*\n", f"# Run it: snakemake --cores 2 --config study={name}\n", text)
    if title:
        text = re.sub(r"^title:.*", lambda _: f"title: {json.dumps(title, ensure_ascii=False)}", text, flags=re.M)
    if row.get("model") or row.get("walk"):
        text = re.sub(r"^  init:.*\n", "", text, flags=re.M)
    return without(text, ["landscape"]) if row.get("walk") else text


def table(text: str, row: Mapping[str, str]) -> str:
    """runs.tsv with the template's row, and the cells of `row` on top of it."""
    lines = text.splitlines()
    start = next(k for k, line in enumerate(lines) if not line.startswith("#"))
    columns, cells = (line.split("\t") for line in lines[start : start + 2])
    merged = {"run": cells[0]} if row.get("walk") else dict(zip(columns, cells, strict=False))
    merged |= {key: value for key, value in row.items() if value}
    used = [name for name in COLUMNS if name in merged and (name in columns or merged[name])]
    body = ["\t".join(used), "\t".join(merged[name] for name in used)]
    return "\n".join([*lines[:start], *body]) + "\n"


def figures_of_networks(path: Path) -> list[str]:
    """Figures of a study that show what only a training has."""
    return [name for name, spec in read_yaml(path).items() if any(kind in str(spec["data"]) for kind in OF_NETWORKS)]


def without(text: str, keys: Iterable[str]) -> str:
    """YAML without these keys of its first level."""
    return re.sub(rf"^({'|'.join(map(re.escape, keys))}):.*\n(?:[ \t].*\n|\n)*", "", text, flags=re.M)


def recorded_window(walk: str) -> str:
    """The window that a folder of Recorder.save was recorded with, as a cell; empty for a file."""
    path = Path(walk) / "distances.nc"
    if not path.is_file():
        return ""
    from netCDF4 import Dataset

    try:
        with Dataset(path) as file:
            return str(len(file.dimensions[WINDOW_SIZE]))
    except (OSError, KeyError):
        raise ConfigError(f"walk = '{walk}': {path.name} in it is not one that Recorder.save wrote") from None
