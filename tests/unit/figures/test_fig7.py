"""Fig. 7: eigenvalues of the Hessian."""

import numpy as np
import pytest
from figure_data import draw, spectrum
from sgdwalk.figures import fig7


@pytest.mark.parametrize(("count", "ticks"), [(2, [1, 2]), (8, [1, 2, 4, 6, 8]), (20, [1, 5, 10, 15, 20])])
def test_the_colour_bar_labels_existing_ranks(count, ticks):
    *_, bar = draw("fig7", {"hessian": [spectrum(count), spectrum(2)]}).axes
    assert [text.get_text() for text in bar.get_yticklabels()] == [str(tick) for tick in ticks]


def test_any_number_of_ranks_has_tick_labels():
    assert [fig7.ranks(count) for count in (5000, 5001)] == [[1, *range(1000, 5001, 1000)], [1, 5001]]


def test_a_rank_has_the_same_colour_in_each_panel():
    few, many, _ = draw("fig7", {"hessian": [spectrum(2), spectrum(8)]}).axes
    second = [axes.lines[3].get_color() for axes in (few, many)]
    np.testing.assert_array_equal(*second)


def test_one_eigenvalue_needs_no_colour_bar():
    assert len(draw("fig7", {"hessian": [spectrum(1)]}).axes) == 1


def test_panels_have_one_scale():
    drawn = draw("fig7", {"hessian": [spectrum(4), spectrum(4).assign(eigenvalue=-spectrum(4).eigenvalue)]})
    first, second = drawn.panels.values()
    assert first.get_yscale() == second.get_yscale() == "symlog"
    assert first.get_ylim() == second.get_ylim()


def test_hollow_markers_are_explained_where_there_are_any():
    assert not draw("fig7", {"hessian": [spectrum(4)]}).marks
    (mark,) = draw("fig7", {"hessian": [spectrum(4), spectrum(4, converged=[1, 1, 1, 0])]}).marks
    assert mark.get_label() == "not converged"
