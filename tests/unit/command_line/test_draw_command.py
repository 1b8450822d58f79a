"""Figures from the command line: which files are drawn, and what is refused."""

import pytest
from result_files import result
from sgdwalk.jobs import draw


@pytest.fixture
def drawn(monkeypatch, place):
    """What the command would have drawn; the study has the files for it."""
    calls = []
    monkeypatch.setattr(draw, "draw_files", lambda *arguments: calls.append(arguments))
    for name in ("a", "b"):
        result(place / f"results/s/runs/{name}/msd.nc", "msd")
    result(place / "mine.nc", "msd")
    result(place / "training.nc")
    return calls


MSD = "results/s/runs/{}/msd.nc"


def test_a_figure_of_a_study_has_the_files_and_the_width_of_figures_yaml(command, drawn):
    assert command("draw", "fig2", "s") == (0, "fig2.pdf\n", "")
    command("draw", "limiting_process", "s", "--output", "x.png", "--output", "x.svg")
    assert drawn == [
        ("fig2", {"base": MSD.format("a")}, ["fig2.pdf"], "double"),
        ("limiting_process", {}, ["x.png", "x.svg"], "single"),
    ]


def test_other_data_for_a_role(command, drawn):
    command("draw", "fig2", "base=mine.nc", "--width", "single")
    command("draw", "fig2", "s", "window=msd/b", "long=")
    command("draw", "fig3", "runs=mine.nc,results/s/runs/a/msd.nc")
    assert [call[1] for call in drawn] == [
        {"base": "mine.nc"},
        {"base": MSD.format("a"), "window": MSD.format("b"), "long": None},
        {"runs": ["mine.nc", MSD.format("a")]},
    ]
    assert [call[3] for call in drawn] == ["single", "double", "double"]


REFUSED = {
    "unknown figure": (("fig9",), "FIGURE = 'fig9': must be one of curvature, ensembles, fig1, "),
    "unknown role": (
        ("fig2", "bass=mine.nc"),
        "'bass=mine.nc': must be ROLE=SOURCE, with a role of base, window, long",
    ),
    "no role": (("fig2", "s", "mine.nc"), "'mine.nc': must be ROLE=SOURCE"),
    "no study": (("fig2", "mine.nc"), "study = 'mine.nc': no config/mine.nc/config.yaml"),
    "no data": (("fig2",), "fig2: role 'base' needs data: base=FILE, or a STUDY that has this figure"),
    "a study without the figure": (("fig3", "s"), "fig3: role 'runs' needs data"),
    "no such file": (("fig2", "base=no.nc"), "fig2.base = 'no.nc': must be a file that exists"),
    "another kind": (("fig2", "base=training.nc"), "fig2.base = 'training.nc': holds training: must hold msd"),
    "no result": (("fig2", "base=config/s/runs.tsv"), "config/s/runs.tsv: not a readable NetCDF file"),
    "a list": (("fig2", "base=mine.nc,mine.nc"), "must be one source, not a list"),
    "another format": (
        ("fig2", "base=mine.nc", "--output", "x.jpg"),
        "--output 'x.jpg': must end with one of .pdf, .svg, .png",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_one_line(case, refused, drawn):
    arguments, message = REFUSED[case]
    assert message in refused("draw", *arguments)
    assert drawn == []


def test_a_file_of_another_version_is_one_line(refused, place):
    result(place / "old.nc", "msd", schema_version=0)
    assert "old.nc: schema version 0 of msd: must be" in refused("draw", "fig2", "base=old.nc")
    assert not (place / "fig2.pdf").exists()
