"""benchmarks/performance.py and growth.py: what is measured is not tested, but that the page has it all."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = {"coverage", "roughness", "gpu", "performance"}  # pages of their own, a table of docs/definitions.md


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def test_every_benchmark_has_its_place_on_the_page():
    import performance

    scripts = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    assert set(performance.BENCHMARKS) == scripts - ELSEWHERE
    page = performance.PAGE.read_text(encoding="utf-8")
    places = re.findall(r"<!-- (\w+): begin -->", page)
    assert places == [*performance.BENCHMARKS]
    assert places == re.findall(r"<!-- (\w+): end -->", page)
    assert re.findall(r"^## (.+)$", page, re.M) == [title for title, *_ in performance.BENCHMARKS.values()]


def test_peers_are_those_of_the_requirements():
    import performance

    lines = (ROOT / "benchmarks" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {line.partition("==")[0] for line in lines if line[:1] != "#"} == set().union(*performance.PEERS.values())
    assert set(performance.PEERS) <= set(performance.BENCHMARKS)


def test_a_section_names_its_command_and_the_peers_that_are_missing(monkeypatch):
    import performance

    monkeypatch.setattr(performance, "output", lambda name, arguments: ("a table", 2.0, 1.0))
    monkeypatch.setattr(performance, "installed", lambda package: "" if package == "levy-stable" else "1.0")
    found = performance.section("tails", fast=False)
    assert found.startswith("## Stable laws\n\n`python benchmarks/tails.py 200`, 1 s of CPU, 2 s by the clock.\n")
    assert found.endswith("torch 1.0. Not installed, and so not compared with: levy-stable.\n\na table")
    assert "Not installed" not in performance.section("geometry", fast=False)


def test_a_benchmark_that_measured_nothing_leaves_its_old_table(monkeypatch, tmp_path):
    import performance

    monkeypatch.setattr(performance, "output", lambda name, arguments: ("", 2.0, 1.0))
    monkeypatch.setattr(performance, "PAGE", tmp_path / "page.md")
    performance.PAGE.write_text("<!-- results: begin -->\nold\n<!-- results: end -->\n", "utf-8")
    monkeypatch.setattr("sys.argv", ["performance.py", "results"])
    performance.main()
    assert "old" in performance.PAGE.read_text("utf-8")


def test_only_what_stands_between_its_markers_is_replaced(tmp_path):
    import performance

    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- toy: begin -->\nold\n<!-- toy: end -->\nb\n<!-- dag: begin -->\n<!-- dag: end -->\n", "utf-8"
    )
    performance.replace_table(page, "toy", "new")
    performance.replace_table(page, "dag", "more")
    performance.replace_table(page, "toy", "newer")
    assert page.read_text("utf-8") == (
        "a\n<!-- toy: begin -->\n\nnewer\n\n<!-- toy: end -->\nb\n<!-- dag: begin -->\n\nmore\n\n<!-- dag: end -->\n"
    )


def test_a_slope_is_that_of_the_upper_decade():
    import growth

    sizes = (10, 30, 100, 300, 1000)
    assert growth.slope(sizes, [1.0, 1.0, *(np.array(sizes[2:]) ** 1.7)]) == pytest.approx(1.7)


@pytest.mark.parametrize("part", ["distances", "recorder", "msd", "path", "msl", "stable", "hessian", "toy", "theory"])
def test_each_part_of_the_growth_can_be_done(part):
    import growth

    _, sizes, make = growth.PARTS[part]
    assert sizes[-1] >= 100 * sizes[0]
    assert growth.seconds(make(sizes[0]), 1) >= 0
