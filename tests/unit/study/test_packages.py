"""Networks and loaders of one's own are looked for before any work, and not imported."""

import sys
from importlib.machinery import ModuleSpec

import pytest
from sgdwalk.study.load import check_packages
from sgdwalk.study.validation import ConfigError


def test_a_user_defined_package_is_searched_for_but_not_imported(study, tmp_path):
    read = study("run|model|dataset\nr|owned.nets:build|numpy.random:load\n")
    with pytest.raises(ConfigError, match=r"runs.tsv: model = 'owned.nets:build' of run 'r': no package 'owned' in /"):
        check_packages(read, tmp_path / "config")
    (tmp_path / "owned").mkdir()
    (tmp_path / "owned" / "nets.py").write_text("raise RuntimeError\n\n\ndef build(*shape):\n    pass\n")
    check_packages(read, tmp_path / "config")


OWNED = {
    "no such module": ("nets:build", "", "no module 'nets' in /"),
    "no such name": ("nets:biuld", "def build():\n    pass\n", "no 'biuld' in .*nets.py .there are: build.$"),
    "nothing in it": ("nets:build", "X = 1\n", "no 'build' in .*nets.py .there are: none.$"),
    "no Python": ("nets:build", "def (:\n", "must be in Python that can be read: invalid syntax .nets.py, line 1.$"),
    "a null byte": ("nets:build", "X = 1\0\n", "must be in Python that can be read: source code .* null bytes$"),
    "no encoding": ("nets:build", "# coding: nope\n", "must be in Python that can be read: unknown encoding .*: nope$"),
    "no Python in what it imports": (
        "nets:build",
        "import {}.pieces\n\nbuild = 1\n",
        "must be in Python that can be read: invalid syntax .pieces.py, line 1.$",
    ),
}


@pytest.mark.parametrize("case", OWNED)
def test_a_module_of_ones_own_is_looked_at_before_any_work(case, study, tmp_path):
    where, text, message = OWNED[case]
    package = f"own_{[*OWNED].index(case)}"  # what is found of a package is remembered
    (tmp_path / package).mkdir()
    (tmp_path / package / "pieces.py").write_text("def (:\n")
    if text:
        (tmp_path / package / "nets.py").write_text(text.format(package))
    read = study(f"run|model\nr|{package}.{where}\n")
    with pytest.raises(
        ConfigError, match=f"model = '{package}.{where}' of run 'r': {message}".replace("'nets'", ".*nets.")
    ) as caught:
        check_packages(read, tmp_path / "config")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["from pieces import *\n", "build = make()\n", "from pieces import x as build\n"])
def test_a_name_may_be_bound_in_any_way(text, study, tmp_path):
    package = f"bound_{len(text)}"
    (tmp_path / f"{package}.py").write_text(text)
    check_packages(study(f"run|model\nr|{package}:build\n"), tmp_path / "config")


def test_a_package_installed_in_place_is_found(study, tmp_path, monkeypatch):
    class Finder:  # as an editable installation hooks it in
        find_spec = staticmethod(lambda name, *_: ModuleSpec(name, None) if name == "hooked" else None)

    read = study("run|model\nr|hooked.nets:build\n")
    with pytest.raises(ConfigError, match="no package 'hooked'"):
        check_packages(read, tmp_path / "config")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    check_packages(read, tmp_path / "config")
