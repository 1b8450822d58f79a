"""Roughness of the loss surface."""

import pytest
from figure_data import dimension, draw, entries


def test_a_fine_plane_has_its_spectrum_and_another_one_the_reason_against_it():
    assert entries(draw("fig1_checks", {"dimension": dimension()}), "b") == [
        "orders -5 to 5; bars: 95 % intervals",
        "c1 = 0.50 [0.45, 0.55]",
        "c2 = −0.05 [−0.15, 0.05]",
    ]
    coarse = draw("fig1_checks", {"dimension": dimension(leaders=False)})
    assert "b" not in coarse.panels
    assert "b: no multifractal spectrum: fewer than 257 points a side" in coarse.notes


def test_the_dimension_is_continued_to_distance_0_in_a_line():
    axes = draw("fig1_checks", {"dimension": dimension(planes=1)}).panels["a"]
    assert "at distance 0: 2.30 [2.20, 2.40]" in entries(axes.figure, "a")
    dotted = [line.get_xydata() for line in axes.lines if line.get_linestyle() == ":"]
    assert dotted[1][0].tolist() == pytest.approx([0, 2.28])  # from 2.32 and 2.30
