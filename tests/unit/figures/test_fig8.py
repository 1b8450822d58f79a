"""Fig. 8: toy walks."""

import numpy as np
import pytest
from figure_data import WHOLE, draw, toy
from sgdwalk.figures import fig8


@pytest.mark.parametrize("side", [3, 65])
def test_paths_stay_on_their_surface_at_any_resolution(side):
    data = toy(side=side)
    data.position[:] = 1 - data.position**2 / 10  # in a corner
    for axes in draw("fig8", dict.fromkeys(WHOLE["fig8"], data)).axes:
        for image in axes.images:
            x0, x1, y0, y1 = image.get_extent()
            (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
            assert x0 <= left < right <= x1
            assert y0 <= bottom < top <= y1
            paths = [line.get_xydata() for line in axes.lines] + [
                np.concatenate(c.get_segments()) for c in axes.collections
            ]
            for path_ in paths:
                assert (path_ >= [left, bottom]).all()
                assert (path_ <= [right, top]).all()


def test_the_shown_walker_enters_its_last_minimum_after_the_start():
    data = toy()
    assert fig8.typical_walker(data) == 2  # entries 0, 10, 30, 60, 60, 40 of 60 steps: the median of 10, 30, 40 is 30
