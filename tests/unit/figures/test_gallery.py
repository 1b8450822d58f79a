"""The gallery shows every figure of the default study, with its caption."""

import pytest
from sgdwalk.jobs import gallery
from sgdwalk.study.figure_specs import checked_figures, source_path


@pytest.fixture(scope="module")
def figures():
    return checked_figures(gallery.ROOT / "config" / gallery.STUDY / "figures.yaml")


def test_the_page_is_written_from_the_study(figures):
    assert gallery.PAGE.read_text() == gallery.rendered(figures), "run `make docs`"


def test_every_figure_has_a_picture_and_all_are_small(figures):
    pictures = list(gallery.PICTURES.glob("*.png"))
    assert {path.stem for path in pictures} == set(figures)
    assert sum(path.stat().st_size for path in pictures) < 3e6


def test_a_figure_without_its_data_keeps_its_picture(tmp_path, monkeypatch, capsys, figures):
    monkeypatch.setattr(gallery, "PAGE", tmp_path / "gallery.md")
    monkeypatch.setattr(gallery, "PICTURES", tmp_path / "gallery")
    monkeypatch.setattr(gallery, "checked_figures", lambda _: {"fig7": figures["fig7"]})
    (tmp_path / "gallery").mkdir()
    for name in ("fig7", "gone"):
        (tmp_path / "gallery" / f"{name}.png").touch()
    gallery.main(tmp_path)
    assert (
        "docs/gallery/fig7.png is kept as it is: results/digits/runs/resnet14-a/hessian.nc" in capsys.readouterr().err
    )
    assert [path.name for path in (tmp_path / "gallery").iterdir()] == ["fig7.png"]


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("msd/a", "r/runs/a/msd.nc"),
        ("layers/msd/a", "r/runs/a/layers/msd.nc"),
        ("toy/convex", "r/toy/convex.nc"),
        ("ensemble/g", "r/ensembles/g.nc"),
    ],
)
def test_a_source_has_one_path(source, path):
    assert source_path("r", source) == path
