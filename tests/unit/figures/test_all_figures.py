"""What holds for every figure: reproducible bytes, labels, margins, notes in place of missing data."""

import matplotlib
import pytest
from figure_data import EMPTY, WHOLE, draw, spectrum, svg, words
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sgdwalk.figures import style

FIGURES = [*(f"fig{k}" for k in range(1, 9)), "ensembles", "limiting_regression", "limiting_process"]
READING = [figure for figure in FIGURES if WHOLE[figure]]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_has_the_same_bytes_each_time_and_labelled_axes(figure):
    drawn, first = svg(figure, WHOLE[figure])
    assert first == svg(figure, WHOLE[figure])[1]
    for axes in drawn.axes:
        filled = axes.axison and (axes.lines or axes.collections or axes.images)
        if filled and axes.get_label() != "<colorbar>":
            assert axes.get_xlabel(), f"{figure}: a panel without an x label"
            named = [label.get_text() for label in axes.get_yticklabels() if label.get_text().isalpha()]
            assert axes.get_ylabel() or named, f"{figure}: a panel without a y label"


@pytest.mark.parametrize("figure", FIGURES)
def test_everything_lies_inside_the_figure(figure):
    drawn = draw(figure, WHOLE[figure])
    with matplotlib.rc_context(style.RC):
        style.settle(drawn)
        inside = drawn.get_tightbbox(FigureCanvasAgg(drawn).get_renderer())
    assert inside.min.min() > 0
    assert (inside.max < drawn.get_size_inches()).all()


@pytest.mark.parametrize("figure", READING)
def test_missing_runs_are_stated_in_the_panels(figure):
    nothing = dict.fromkeys(WHOLE[figure])
    drawn = draw(figure, nothing)
    assert any("not in this study" in text for text in words(drawn))
    lists = {role: [] for role, value in WHOLE[figure].items() if isinstance(value, list)}
    draw(figure, nothing | lists)


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_runs_without_finite_values_are_drawn(figure):
    svg(figure, EMPTY[figure])


@pytest.mark.parametrize(("figure", "panels"), [("fig1", "ac"), ("fig5", "ae"), ("fig6", "bc")])
def test_figures_of_one_run_name_it_above_the_first_panel_of_each_file(figure, panels):
    titles = {axes.get_title("left"): axes.get_title("right") for axes in draw(figure, WHOLE[figure]).axes}
    assert [titles[letter] for letter in panels] == ["walk-a", "walk-a"]


def test_figures_of_many_panels_have_a_letter_for_each():
    assert style.letters(54)[50:] == ["Y", "Z", "aa", "ab"]
    names = [axes.get_title("left") for axes in draw("fig7", {"hessian": [spectrum(1)] * 53}).axes]
    assert names == style.letters(53)
    names = [axes.get_title("left") for axes in draw("ensembles", {"groups": [None] * 18}).axes]
    assert names == style.letters(54)
