"""The parts that figures share."""

import matplotlib
import numpy as np
import pytest
from figure_data import RUNS, build
from matplotlib.figure import Figure
from sgdwalk.figures import style


def test_labels_of_axes_have_units():
    data = RUNS[0]
    assert style.name(data.lag) == "lag (steps)"
    assert style.name(data.msd) == "time-averaged MSD"
    assert style.name(build("msl").msl) == "mean squared loss difference (nat²)"


def test_a_power_law_is_drawn_through_the_curve():
    with matplotlib.rc_context(style.RC):
        _, panels = style.panels("a", 2)
        x = np.arange(1.0, 50)
        style.power_line(panels["a"], x, 3 * x**1.5, 1.5, (2, 20))
    drawn = panels["a"].lines[0]
    np.testing.assert_allclose(drawn.get_xdata(), [2, 20])
    np.testing.assert_allclose(drawn.get_ydata(), 3 * np.array([2, 20]) ** 1.5)


def test_shade_begins_where_any_window_has_too_few_pairs():
    with matplotlib.rc_context(style.RC):
        _, panels = style.panels("a", 2)
        style.unsupported(panels["a"], RUNS[0])
    assert panels["a"].patches[0].get_x() == 11


def test_first_fifth_and_last_window():
    assert style.first_fifth_last(list(range(10))) == [0, 2, 9]
    assert style.first_fifth_last([3, 4]) == [3, 4]
    assert style.first_fifth_last([5]) == [5]


@pytest.mark.parametrize(("high", "ticks"), [(0.2, {0.01, 0.02, 0.05, 0.1, 0.2}), (90.0, {0.01, 0.1, 1.0, 10.0})])
def test_an_axis_of_few_decades_has_ticks_between_its_powers_of_ten(high, ticks):
    axes = Figure().subplots()
    axes.plot([0.01, high], [1, 2])
    axes.set(xscale="log", xlim=(0.009, 1.01 * high))
    style.plain_ticks(axes.xaxis)
    assert {round(tick, 9) for tick in axes.get_xticks() if 0.009 < tick < 1.01 * high} == ticks
