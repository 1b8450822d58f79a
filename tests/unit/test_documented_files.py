"""Statements of the docs about files, figures, modules and user-defined code are true."""

import re

import numpy as np
import pytest
from sgdwalk.data import npz
from sgdwalk.study import registry
from sgdwalk.study.analysis_table import REQUESTS
from sgdwalk.study.figure_specs import figure_signatures
from sgdwalk.study.load import Study
from sgdwalk.training import problem
from test_trainer import ROOT

PACKAGE = ROOT / "workflow" / "src" / "sgdwalk"
TEXT = (ROOT / "docs" / "files.md").read_text()
CODE = re.findall(r"```python\n(.*?)```", TEXT, re.S)


def test_figures_and_their_roles_are_those_of_the_modules():
    table = TEXT.partition("| figure | what it shows | roles |\n| --- | --- | --- |\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", table, re.M)
    described = {}
    for figure, roles in rows:
        described[figure] = {
            name: (not bracket, "list of" in source, re.search(r"[a-z_]+/[a-z-]+|[a-z_]+(?=/[A-Z])", source)[0])
            for part in roles.split(";")
            if not part.startswith("none")
            for names, source in [part.split(": ")]
            for bracket, name in re.findall(r"(\(?)`(\w+)`", names)
        }
    found = {
        figure: {name: (role.needed, role.several, role.takes) for name, role in signature.roles.items()}
        for figure, signature in figure_signatures().items()
    }
    assert described == found


@pytest.mark.parametrize("page", ["README.md", "docs/definitions.md", "docs/differences.md", "docs/clusters.md"])
def test_the_modules_that_a_page_names_exist(page):
    named = re.findall(r"`([a-z_]+/[\w/]+\.py)`", (ROOT / page).read_text())
    assert named
    assert [name for name in named if not any((root / name).is_file() for root in (PACKAGE, ROOT))] == []


def test_the_files_of_a_run_are_named():
    run = {
        "analyses": list(REQUESTS),
        "record": {"layers": True, "sketch": 1, "flatness": 1},
        "walk": None,
        "parent": "p",
        "windows_of": None,
    }
    for file in Study("s", "r", {}, {"r": run}, {}).analyses("r"):
        assert f"`{file}.nc`" in TEXT


def test_user_defined_images_are_read_as_described(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(CODE[0], {})
    images = npz.load(path="my.npz")
    assert images.train.shape == (100, 3, 8, 8)
    assert images.test.shape == (20, 3, 8, 8)
    assert images.classes == 3


def test_user_defined_loaders_and_networks_are_called_as_described(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(CODE[0], {})
    (tmp_path / "described.py").write_text(CODE[1].replace("open_as_you_like", "np.load") + "\nimport numpy as np\n")
    monkeypatch.syspath_prepend(tmp_path)
    specs = {
        kind: registry.resolve(kind, name, {})
        for kind, name in (("model", "described:build"), ("dataset", "described:load"))
    }
    specs["dataset"]["arguments"]["path"] = "my.npz"
    run = {"subset": None, "label_noise": 0, "normalise": True, "dtype": "float32", "seed": 0}
    run |= {f"{kind}_spec": spec for kind, spec in specs.items()}
    images = problem.load_images(run)
    np.testing.assert_array_equal(images.train, npz.load(path="my.npz").train)
    assert problem.build(run, images)[1].out_features == 3


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda page: page.name)
def test_tables_have_a_line_for_each_row(page):
    for line in page.read_text(encoding="utf-8").splitlines():
        assert "| --- |" not in line or re.fullmatch(r" *\|( -{3}:? \|)+", line), line
