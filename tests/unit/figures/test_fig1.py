"""Fig. 1: the loss surface and its dimension."""

import numpy as np
import pytest
from figure_data import dimension, draw, entries, landscape, lettered, words
from matplotlib.colors import LogNorm, Normalize
from sgdwalk.figures import fig1


@pytest.mark.parametrize(
    ("values", "kind", "middle"),
    [([1.0, 100.0], LogNorm, 10.0), ([1.0, 9.0], Normalize, 5.0), ([-1.0, 100.0], Normalize, 49.5)],
)
def test_contours_are_logarithmic_for_positive_losses_over_more_than_a_decade(values, kind, middle):
    norm, levels = fig1.colours(np.ma.masked_invalid(values))
    assert type(norm) is kind
    assert levels[fig1.LEVELS // 2] == pytest.approx(middle)


def test_a_constant_surface_has_increasing_levels():
    assert (np.diff(fig1.colours(np.ma.masked_invalid([2.0, 2.0]))[1]) > 0).all()


def test_the_dimension_has_its_interval_and_a_surface_without_one_its_reason():
    assert (
        entries(lettered(draw("fig1", {"surface": None, "dimension": dimension()}), "c"))[-1] == "D = 2.30 [2.07, 2.53]"
    )
    drawn = draw("fig1", {"surface": None, "dimension": dimension("not finite")})
    assert "no dimension: the surface is not finite" in words(drawn)


def test_the_note_on_the_path_gives_the_largest_fraction_in_the_plane():
    assert any("at most 20 % of their" in text for text in words(draw("fig1", {"surface": landscape()})))
