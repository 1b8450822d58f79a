"""A study named on the command line, in the current folder."""

import argparse
from pathlib import Path

from sgdwalk.study.load import Study, load_study

CONFIG, RESULTS = Path("config"), Path("results")


def argument(parser: argparse.ArgumentParser) -> None:
    """The argument STUDY."""
    parser.add_argument("study", metavar="STUDY", help="a folder of config/")


def load(name: str) -> Study:
    """The study of this name, or of this folder of config/, as a shell completes it; ConfigError as of load_study."""
    return load_study(name.removeprefix(f"{CONFIG}/").rstrip("/"), CONFIG)


def results(study: Study) -> Path:
    """The folder of its results."""
    return RESULTS / study.name
