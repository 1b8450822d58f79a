"""Fig. 1: the loss surface and its dimension."""

import numpy as np
import pytest
from figure_data import dimension, draw, entries, landscape
from matplotlib.colors import LogNorm, Normalize
from sgdwalk.figures import contours


@pytest.mark.parametrize(
    ("values", "kind", "middle"),
    [([1.0, 100.0], LogNorm, 10.0), ([1.0, 9.0], Normalize, 5.0), ([-1.0, 100.0], Normalize, 49.5)],
)
def test_contours_are_logarithmic_for_positive_losses_over_more_than_a_decade(values, kind, middle):
    norm, levels = contours.colours(np.ma.masked_invalid(values))
    assert type(norm) is kind
    assert levels[contours.LEVELS // 2] == pytest.approx(middle)


def test_a_constant_surface_has_increasing_levels():
    assert (np.diff(contours.colours(np.ma.masked_invalid([2.0, 2.0]))[1]) > 0).all()


def test_the_dimension_has_its_interval_and_a_surface_without_one_its_reason():
    drawn = draw("fig1", {"surface": None, "dimension": dimension(planes=1)})
    assert entries(drawn, "c")[-1] == "fit: D = 2.30 [2.20, 2.40]"
    drawn = draw("fig1", {"surface": None, "dimension": dimension("not finite", leaders=False)})
    assert "c: no dimension: the surface is not finite" in drawn.notes


def test_a_plane_that_is_not_finite_is_left_out_of_the_others():
    drawn = draw("fig1", {"surface": None, "dimension": dimension(planes=1)})
    data = dimension(planes=2)
    data.status[0], data.variogram[0], data.octave_dimension[0] = "flat", np.nan, np.nan
    again = draw("fig1", {"surface": None, "dimension": data})
    for one, same in zip(drawn.panels["c"].lines, again.panels["c"].lines, strict=True):
        np.testing.assert_allclose(one.get_ydata(), same.get_ydata())


@pytest.mark.parametrize(("reach", "panel"), [(0.4, "a"), (0.04, "b"), (0.001, None)])
def test_the_snapshots_are_drawn_where_they_are_not_one_point(reach, panel):
    data = landscape()
    data["path_x"], data["path_y"] = data.path_x * reach / 0.4, data.path_y * reach / 0.4
    drawn = draw("fig1", {"surface": data})
    assert [letter for letter in drawn.panels if "snapshots, projected" in entries(drawn, letter)] == [panel] * (
        panel is not None
    )
    note = f"a: 3 snapshots of the run, projected, lie within {reach:g} of the final weights; at most 20 % of their "
    assert drawn.notes[-1].startswith(note) or drawn.notes[0].startswith(note)


@pytest.mark.parametrize(("lowest", "height"), [(1.0, "log₁₀ loss"), (0.0, "the loss")])
def test_the_variogram_says_what_the_height_is(lowest, height):
    data = landscape()
    data.loss[:, 0, 0] = lowest
    drawn = draw("fig1", {"surface": data, "dimension": dimension()})
    assert drawn.panels["c"].get_ylabel() == f"mean squared difference of {height}"
