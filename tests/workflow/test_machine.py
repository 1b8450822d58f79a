"""Machines of others: a locale without UTF-8, a Python that is too old, a clone that was moved, a path with a blank."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from studies import ROOT, copy_of_the_workflow

# Python otherwise replaces the locale C by UTF-8.
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
PIP = """\
import pathlib, sys
if "-c" in sys.argv:
    sys.version_info = VERSION
    exec(sys.argv[2])
else:
    pip = pathlib.Path(sys.argv[-1], "bin", "pip")
    pip.parent.mkdir(parents=True, exist_ok="--clear" in sys.argv)
    pip.write_text("#!/bin/sh\\n")
    pip.chmod(0o755)
"""


def run(command, folder, **environment):
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", env=os.environ | environment, timeout=300
    )


def test_files_are_utf8_in_any_locale(tmp_path):
    """A title, a caption and a log that ASCII has no letters for, read and written in the locale C."""
    folder = copy_of_the_workflow(tmp_path)
    for name, old in (("config", "title: "), ("figures", "caption: ")):
        path = folder / "config" / "tiny" / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, f"{old}τ für ", 1), encoding="utf-8")
    script = (
        "import locale, pathlib\n"
        "from sgdwalk.jobs.logs import logging_to\n"
        "from sgdwalk.study import config_reference\n"
        "from sgdwalk.study.load import load_study\n"
        "assert not locale.getpreferredencoding().lower().startswith('utf'), locale.getpreferredencoding()\n"
        "study = load_study('tiny', pathlib.Path('config'))\n"
        "with logging_to('log'):\n"
        "    print(study.settings['title'], next(iter(study.figures.values()))['caption'])\n"
        "config_reference.README = pathlib.Path('config/README.md')\n"
        "config_reference.main()\n"
    )
    done = run([sys.executable, "-c", script], folder, PYTHONPATH=str(folder / "workflow" / "src"), **ASCII)
    assert done.returncode == 0, done.stderr
    assert (folder / "log").read_text(encoding="utf-8").count("τ für ") == 2
    assert (folder / "config" / "README.md").read_bytes() == (ROOT / "config" / "README.md").read_bytes()


@pytest.fixture
def clone(tmp_path):
    """A function that runs make in a clone with a Python that says it is of this version, and installs nothing."""
    place = tmp_path / "clone"
    (place / "envs").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", place)
    (place / "envs" / "requirements.txt").touch()

    def make(version, folder=place):
        (tmp_path / "python.py").write_text(PIP.replace("VERSION", repr(version)), encoding="utf-8")
        return run(["make", ".venv/ready", f"PYTHON={sys.executable} {tmp_path / 'python.py'}"], folder)

    return make


def test_a_python_that_is_too_old_is_refused_before_anything_is_made(clone, tmp_path):
    refused = clone((3, 9))
    assert refused.returncode != 0
    assert "Python 3.11 or newer is needed, this is 3.9: make PYTHON=python3.12\n" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "clone" / ".venv").exists()
    (tmp_path / "clone" / ".venv" / "bin").mkdir(parents=True)  # as an older Makefile left it
    done = clone((3, 13))
    assert done.returncode == 0, done.stderr
    assert "up to date" in clone((3, 13)).stdout


def test_a_clone_that_was_moved_is_set_up_again(clone, tmp_path):
    assert clone((3, 11)).returncode == 0
    moved = (tmp_path / "clone").rename(tmp_path / "moved")
    assert "venv --clear .venv" in clone((3, 11), moved).stdout
    assert "up to date" in clone((3, 11), moved).stdout
    (moved / ".venv" / "ready").write_text("")  # of a Makefile that did not write the path
    assert "up to date" in clone((3, 11), moved).stdout


def test_a_link_to_the_environment_of_another_clone_is_refused_and_leaves_it_whole(clone, tmp_path):
    assert clone((3, 11)).returncode == 0
    other = tmp_path / "other"
    shutil.copytree(tmp_path / "clone", other, ignore=shutil.ignore_patterns(".venv"))
    (other / ".venv").symlink_to(tmp_path / "clone" / ".venv")
    refused = clone((3, 11), other)
    assert refused.returncode != 0
    assert f".venv: is a link to the environment of {tmp_path / 'clone'}: must be one of this clone" in refused.stderr
    assert (tmp_path / "clone" / ".venv" / "ready").read_text() == f"{tmp_path / 'clone'}\n"
    (other / ".venv").unlink()
    (tmp_path / "elsewhere").mkdir()
    (other / ".venv").symlink_to(tmp_path / "elsewhere")  # on a larger disk, say
    assert clone((3, 11), other).returncode == 0
    assert "up to date" in clone((3, 11), other).stdout


def test_a_clone_in_a_path_with_a_blank_is_refused_before_anything_is_made(clone, tmp_path):
    folder = (tmp_path / "clone").rename(tmp_path / "my clone")
    refused = clone((3, 11), folder)
    assert refused.returncode != 0
    assert "my clone: must be a path without blanks" in refused.stderr
    assert not (folder / ".venv").exists()


def test_a_python_in_a_path_with_a_blank_is_refused_before_any_work(fresh):
    place = fresh / "my python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command = [place / "bin" / "python", "-m", "snakemake", "-n", "--config", "study=tiny"]
    refused = run(command, fresh)
    assert refused.returncode != 0
    assert "my python/bin/python: must be a path without blanks" in refused.stdout + refused.stderr
    assert not (fresh / "results").exists()
