"""What holds for every figure: reproducible bytes, both widths, and the faults that a referee would find."""

import importlib
import itertools
from pathlib import Path

import pytest
import referee
from figure_data import WHOLE, draw, settled, smallest_study, spectrum, svg, without_values
from sgdwalk.figures import fig8, page, style
from sgdwalk.study.figure_specs import checked_figures, figure_signatures

pytestmark = pytest.mark.slow
FIGURES = list(WHOLE)
FAULTS = (
    referee.text_over_text, referee.text_over_data, referee.legend_over_data, referee.outside, referee.small,
    referee.empty, referee.labels_too_long, referee.far_from_data, referee.unequal_axes, referee.unexplained,
)  # fmt: skip
CAPTION = {"letter": 4.0, "line": 10.0}  # points, of a caption in 8 points
CONFIG = Path(__file__).resolve().parents[3] / "config"
STUDIES = sorted(path.parent.name for path in CONFIG.glob("*/figures.yaml"))
WHERE = list(itertools.product(FIGURES, page.WIDTHS, ("whole", "smallest")))


def test_every_figure_is_tested():
    assert set(FIGURES) == set(without_values()) == set(smallest_study()) == set(figure_signatures())


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_has_the_same_bytes_each_time(figure):
    assert svg(draw(figure, smallest_study()[figure])) == svg(settled(figure, "double", smallest=True))


@pytest.mark.parametrize(("figure", "width", "study"), WHERE)
def test_a_referee_finds_no_fault(figure, width, study):
    drawn = settled(figure, width, smallest=study == "smallest")
    with page.settings(width):  # which the number of ticks depends on
        drawn.canvas.draw()  # another test may have saved it at another resolution
        assert {fault.__name__: fault(drawn) for fault in FAULTS} == {fault.__name__: [] for fault in FAULTS}


@pytest.mark.parametrize(("figure", "width", "study"), WHERE)
def test_a_figure_is_as_wide_as_its_columns_and_leaves_room_for_its_caption(figure, width, study):
    drawn = settled(figure, width, smallest=study == "smallest")
    assert drawn.get_figwidth() == page.WIDTHS[width]
    assert drawn.get_figheight() < 8


@pytest.mark.parametrize("study", STUDIES)
def test_the_figures_of_a_study_fit_on_a_page_with_their_captions(study):
    for name, spec in checked_figures(CONFIG / study / "figures.yaml").items():
        for width, inches in page.WIDTHS.items():
            lines = -(-len(spec["caption"]) * CAPTION["letter"] // (72 * inches))
            height = settled(name, width, smallest=False).get_figheight() + lines * CAPTION["line"] / 72
            assert height < 9, (name, width)


@pytest.mark.parametrize("figure", [figure for figure in FIGURES if WHOLE[figure]])
def test_what_is_missing_is_named_below_the_panels(figure):
    nothing = dict.fromkeys(WHOLE[figure])
    drawn = draw(figure, nothing)
    assert not drawn.panels
    assert any("not in this study: " in note for note in drawn.notes)
    lists = {role: [] for role, value in WHOLE[figure].items() if isinstance(value, list)}
    assert svg(draw(figure, nothing | lists))


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_runs_without_finite_values_are_drawn(figure):
    svg(draw(figure, without_values()[figure]))


@pytest.mark.parametrize("figure", ["fig1", "fig5", "fig5_checks", "fig6", "path_planes", "walk_models"])
def test_figures_of_one_run_name_it_once_above_all_panels(figure):
    assert (
        settled(figure, "double", smallest=False)._suptitle.get_text().replace("\xa0", " ")
        == "walk-a: resnet14, batch 32, T = 31"
    )


@pytest.mark.parametrize(
    ("figure", "role", "most"),
    [("fig2_others", "runs", 6), ("fig7", "hessian", 6), ("loss_planes", "surfaces", 2), ("ensembles", "groups", 3)],
)
def test_more_sources_than_panels_are_refused(figure, role, most):
    with pytest.raises(ValueError, match=f"^{figure}: {role}: {most + 1} .* {most} (panels|rows)"):
        draw(figure, {role: WHOLE[figure][role][:1] * (most + 1)})


def test_most_panels_have_a_letter_each_and_fit_on_a_page():
    for width, (figure, data) in itertools.product(
        page.WIDTHS,
        {"fig7": {"hessian": [spectrum(3)] * 6}, "ensembles": {"groups": WHOLE["ensembles"]["groups"] * 3}}.items(),
    ):
        drawn = draw(figure, data, width)
        with page.settings(width):
            drawn.settle()
        assert list(drawn.panels) == style.letters(len(drawn.panels))
        assert drawn.get_figheight() < 8


LOOKS = {
    "laws as lines": style.LAWS,
    "laws as markers": {
        law: {"color": style.LAWS[law]["color"], "marker": marker} for law, marker in style.LAW_MARKERS.items()
    },
    "windows": {marker: {"color": style.WINDOWS(place), "marker": marker} for place, marker in zip((0.0, 0.2, 1.0), style.WINDOW_MARKERS, strict=True)},
    "surfaces": fig8.SURFACES,
    "fits of an ensemble": {
        fit: {"color": colour, "marker": marker}
        for fit, (_, colour, marker) in importlib.import_module("sgdwalk.figures.ensembles").FITS.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", LOOKS)
def test_what_stands_together_is_told_apart_in_grey_and_with_deuteranopia(kind):
    assert referee.told_apart(LOOKS[kind]) == []
