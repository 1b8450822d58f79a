"""Loss surfaces side by side, and planes through the snapshots of a run."""

import numpy as np
import pytest
from figure_data import draw, entries, landscape, path_planes
from sgdwalk.figures import contours

STEEP, FLAT = np.geomspace(1, 500, 144).reshape(12, 12), np.linspace(2, 3, 144).reshape(12, 12)


def test_both_runs_have_the_same_colours_and_heights():
    drawn = draw("loss_planes", {"surfaces": [landscape(STEEP), landscape(FLAT)]})
    norms = {(c.norm.vmin, c.norm.vmax) for letter in "ab" for c in drawn.panels[letter].collections}
    assert norms == {(1.0, 500.0)}
    for letter in "cd":
        np.testing.assert_allclose(drawn.panels[letter].get_zlim(), np.log10([1, 500]))
        assert drawn.panels[letter].name == "3d"
    assert drawn.notes == ["c, d: the surface above in perspective; height: the logarithm of the loss"]


def test_a_loss_within_a_decade_is_its_own_height():
    drawn = draw("loss_planes", {"surfaces": [landscape(FLAT)]})
    np.testing.assert_allclose(drawn.panels["b"].get_zlim(), [2, 3])
    assert drawn.notes == ["b: the surface above in perspective; height: the loss"]


def test_a_run_that_is_not_finite_leaves_the_panels_of_the_other():
    drawn = draw("loss_planes", {"surfaces": [landscape(np.nan), landscape(STEEP)]})
    assert list(drawn.panels) == ["b", "d"]
    assert "a, c: the surface has no finite values" in drawn.notes


@pytest.mark.parametrize("letter", "ab")
def test_the_path_is_drawn_on_its_planes(letter):
    data = path_planes()
    axes = draw("path_planes", {"planes": data}).panels[letter]
    path = next(line for line in axes.lines if line.get_label() == "snapshots, projected")
    np.testing.assert_array_equal(path.get_xdata(), data.path_x["ab".index(letter)])
    np.testing.assert_array_equal(path.get_ydata(), data.path_y["ab".index(letter)])


def test_the_three_snapshots_are_marked_by_their_epochs():
    drawn = draw("path_planes", {"planes": path_planes()})
    assert entries(drawn, "b")[-1] == "in the plane: epochs 0, 6, 12"
    corners = drawn.panels["b"].lines[-1]
    np.testing.assert_array_equal(corners.get_xdata(), [10, 4, 0])


def test_bars_are_the_variance_explained_and_stand_beside_both_nulls():
    data = path_planes()
    axes = draw("path_planes", {"planes": data}).panels["c"]
    np.testing.assert_allclose([bar.get_height() for bar in axes.patches], data.explained)
    for line, name in zip(axes.lines, ("explained_orthogonal", "explained_random_walk"), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), data[name])


def test_a_plane_that_is_not_there_is_left_out_with_its_reason():
    data = path_planes()
    data["status"] = ("plane", ["ok", "too few snapshots"])
    drawn = draw("path_planes", {"planes": data})
    assert list(drawn.panels) == ["a", "c", "d"]
    assert "b: no plane of three snapshots: too few snapshots" in drawn.notes


def test_without_test_images_the_line_is_that_of_training_images():
    drawn = draw("path_planes", {"planes": path_planes(test=False)})
    assert "test images" not in entries(drawn, "d")
    assert "test images" in entries(draw("path_planes", {"planes": path_planes()}), "d")


def test_the_share_of_the_path_in_each_plane_is_told():
    notes = draw("path_planes", {"planes": path_planes()}).notes
    assert notes == ["a, b: at least 90 % of each squared distance from the origin to a snapshot lies in the plane"]


def test_colours_of_masked_losses_are_those_of_the_finite_ones():
    norm, levels = contours.colours(np.ma.masked_invalid([1.0, 100.0, np.inf, np.nan]))
    assert (norm.vmin, norm.vmax) == (1, 100)
    assert np.isfinite(levels).all()
