"""A new study from the template, with a network of one's own or a recorded walk.

Without options it has the template's small run, for a first try of two minutes. The study is a folder of config/ with
three files to edit: runs.tsv (a row per run), config.yaml (settings that they share), figures.yaml.
"""

import argparse
import re
from pathlib import Path

from sgdwalk.command_line import studies
from sgdwalk.study import from_template
from sgdwalk.study.validation import ConfigError

FROM_FILES = {"npz": "file of the images", "image-folder": "folder of the images"}
CELLS = {
    "model": "a network: one of docs/models.md, torchvision:NAME, or package.module:factory",
    "dataset": "its images: digits, cifar10, npz, image-folder, ..., or package.module:loader",
    "path": "where the images are",
    "lr": "learning rate",
    "walk": "a recorded walk instead of a network: a file of weights, or a folder of Recorder.save",
    "window": "steps in a window",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="name of the study, and of its folder in config/")
    for key, text in CELLS.items():
        parser.add_argument(f"--{key}", default="", help=text)
    parser.add_argument("--title", default="", help="the study in one line")


def run(given: argparse.Namespace) -> None:
    """Write the files, and say how to go on."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", given.name):
        raise ConfigError(f"NAME = '{given.name}': must be of letters, digits, '_', '-' and '.'")
    row = {key: " ".join(getattr(given, key).split()) for key in CELLS}
    for key in ("model", "dataset", "path", "lr"):
        if row["walk"] and row[key]:
            raise ConfigError(f"--{key} = '{row[key]}': must be absent beside --walk")
    if row["dataset"] in FROM_FILES and not row["path"]:
        raise ConfigError(f"--path: must be given beside --dataset {row['dataset']}, the {FROM_FILES[row['dataset']]}")
    row["window"] = row["window"] or (from_template.recorded_window(row["walk"]) if row["walk"] else "")
    folder = from_template.create(given.name, studies.CONFIG, row, given.title)
    print(f"{folder}: {', '.join(from_template.FILES)}")
    print(f"next:  sgdwalk check {given.name}")
    print(f"       snakemake{workflow()} --cores 2 --config study={given.name}")


def workflow() -> str:
    """The option that names the workflow in a folder without it."""
    there = from_template.CLONE.parent / "Snakefile"
    return "" if Path("Snakefile").exists() or not there.exists() else f" -s {there}"
