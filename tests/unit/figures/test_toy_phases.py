"""The phase diagram of the toy model: marks stand where a claim holds, and say whether it holds on the null as well."""

import numpy as np
from figure_data import draw, toy_phases
from sgdwalk.figures.toy_phases import DOT, RING, STAR


def marks(axes, look):
    """Cells (column, row) that have a mark."""
    wanted = (look["color"], look["marker"])
    lines = [line for line in axes.lines if (line.get_color(), line.get_marker()) == wanted]
    return {(x, y) for line in lines for x, y in zip(*line.get_data(), strict=True)}


def test_a_claim_holds_by_its_whole_interval_and_beyond_its_null_by_that_of_the_contrast():
    data = toy_phases()  # Hurst exponents 0.5, 1.0, 1.5; step sizes 0.01, 0.02; claims > 1, < 1, < 1.9
    for name, middle in (("value", [2.5, 2.5, 2.5]), ("contrast", [0.0, 0.0, 0.0])):
        for end, shift in (("", 0), ("_low", -0.1), ("_high", 0.1)):
            data[f"{name}{end}"][:] = np.array(middle)[:, None, None] + shift
    data.value_low[0] = 0.9  # the first claim holds nowhere but here
    data.value_low[0, 2, 1] = data.value_low[0, 0, 0] = 1.05
    data.contrast_low[0, 2, 1] = 0.05
    data.value_high[1, 2, 1] = 0.95
    data.contrast_low[1, 2, 1] = 0.05  # not below, as the second claim says
    data.value_high[2, 2, 1] = 1.8
    data.contrast_high[2, 2, 1] = -0.05
    panels = draw("toy_phases", {"phases": data}).panels
    assert (marks(panels["a"], DOT), marks(panels["a"], RING)) == ({(1, 2)}, {(0, 0)})
    assert (marks(panels["b"], DOT), marks(panels["b"], RING)) == (set(), {(1, 2)})
    assert (marks(panels["c"], DOT), marks(panels["c"], RING)) == ({(1, 2)}, set())
    assert (marks(panels["d"], DOT), marks(panels["d"], RING)) == (set(), {(1, 2)})
    np.testing.assert_array_equal(panels["d"].images[0].get_array(), [[1, 0], [0, 0], [0, 3]])
    assert marks(panels["a"], STAR) == {(1, 1.25)}


def test_the_published_point_is_left_out_of_a_grid_that_does_not_hold_it():
    panels = draw("toy_phases", {"phases": toy_phases(step_sizes=(0.001, 0.01))}).panels
    assert not any(marks(axes, STAR) for axes in panels.values())
