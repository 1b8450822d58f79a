"""The examples in docstrings run and print what they say; what users call first has one."""

import doctest
import importlib
import pkgutil
import re
import shutil
from pathlib import Path

import pytest
import sgdwalk
import small_results

FIRST = (
    "sgdwalk.analyses.msd.compute",
    "sgdwalk.analyses.msl.compute",
    "sgdwalk.analyses.path.compute",
    "sgdwalk.analyses.tails.compute",
    "sgdwalk.heavy_tails.power_law_tail",
    "sgdwalk.heavy_tails.stable.distribution.fit",
    "sgdwalk.interactive.analysis.analyse",
    "sgdwalk.interactive.results.Results.stacked",
    "sgdwalk.interactive.results.open_run",
    "sgdwalk.interactive.results.open_study",
    "sgdwalk.jobs.draw.draw",
    "sgdwalk.landscapes.random_surfaces",
    "sgdwalk.recorder.squared_distances.squared_distances",
    "sgdwalk.recorder.window_recorder.Recorder",
    "sgdwalk.storage.netcdf.read",
    "sgdwalk.trajectory.distance_geometry.effective_dimension",
    "sgdwalk.trajectory.scaling_fits.two_segments",
    "sgdwalk.trajectory.shorter_windows.cut",
)


def examples():
    """Every docstring of the package that has an example."""
    for module in pkgutil.walk_packages(sgdwalk.__path__, "sgdwalk."):
        found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module.name))
        yield from (test for test in found if test.examples)


EXAMPLES = {test.name: test for test in examples()}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The folder results/digits that examples open."""
    return small_results.make(tmp_path_factory.mktemp("results"))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_it_says(name, results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(results, tmp_path / "results" / "digits")
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said: list[str] = []
    assert runner.run(EXAMPLES[name], out=said.append).failed == 0, "".join(said)


@pytest.mark.slow
def test_the_docs_show_results_in_python_as_they_are(results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(results, tmp_path / "results" / "digits")
    page = (Path(__file__).resolve().parents[2] / "docs" / "files.md").read_text()
    shown = re.search(r"## Results in Python\n\n```python\n(.*?)```", page, re.S)[1]
    names: dict = {}
    exec(shown, names)
    assert names["all_runs"].sizes["run"] == 2
    assert (tmp_path / "msd.pdf").stat().st_size > 1000


@pytest.mark.parametrize("name", FIRST)
def test_what_users_call_first_has_an_example(name):
    assert any(example.startswith(name) for example in EXAMPLES)
