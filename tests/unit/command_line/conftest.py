"""A small study in a folder of its own, and the command run in it."""

from pathlib import Path

import pytest
from sgdwalk.command_line.main import main
from sgdwalk.study.load import load_study

CONFIG = "title: A test\ntraining: {model: mlp3, steps: 100, window: 20, device: cpu}\n"
RUNS = "run\tseed\tlr\tparent\tmomentum\tanalyses\na\t0\nb\t1\nfast\t0\t0.3\t\t\thessian\nchild\t0\t\ta\t0.9\tspeed\n"
FIGURES = "fig2: {caption: c, data: {base: msd/a}}\nlimiting_process: {caption: c, width: single, data: {}}\n"


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """The current folder: it has the study `s`."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "config" / "s"
    folder.mkdir(parents=True)
    for name, text in (("config.yaml", CONFIG), ("runs.tsv", RUNS), ("figures.yaml", FIGURES)):
        (folder / name).write_text(text)
    return tmp_path


@pytest.fixture
def study(place):
    return load_study("s", place / "config")


@pytest.fixture
def command(place, capsys):
    """Runs `sgdwalk ARGUMENTS` and returns (exit status, what it printed, what it said of errors)."""

    def run(*arguments):
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = ended.code
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def refused(command):
    """Runs a command that has to end with one line and exit status 2; the line."""

    def run(*arguments):
        status, said, line = command(*arguments)
        assert (status, said) == (2, ""), line
        assert line.endswith("\n")
        assert len(line.splitlines()) == 1, line
        assert line.startswith("sgdwalk")
        return line

    return run
