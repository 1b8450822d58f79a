"""The parts that figures share."""

import matplotlib
import numpy as np
import pytest
from figure_data import RUNS, build
from matplotlib.figure import Figure
from sgdwalk.figures import page, style, ticks


def panel(width="double"):
    """A page of one panel, and the panel."""
    with page.settings(width):
        drawn, panels = style.panels("a", 2)
    return drawn, panels["a"]


def test_labels_of_axes_have_units():
    data = RUNS[0]
    assert style.name(data.lag) == "lag (steps)"
    assert style.name(data.msd) == "time-averaged MSD"
    assert style.name(build("msl").msl) == "mean squared loss difference (nat²)"


def test_a_power_law_is_drawn_through_the_curve():
    _, axes = panel()
    x = np.arange(1.0, 50)
    style.power_line(axes, x, 3 * x**1.5, 1.5, (2, 20))
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [2, 20])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), 3 * np.array([2, 20]) ** 1.5)


def test_first_fifth_and_last_window():
    assert style.first_fifth_last(list(range(10))) == [0, 2, 9]
    assert style.first_fifth_last([3, 4]) == [3, 4]
    assert style.first_fifth_last([5]) == [5]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (1.0, 20.0, ["1", "2", "5", "10", "20"]),
        (0.01, 90.0, ["0.01", "0.1", "1", "10"]),
        (1e-7, 1e-2, ["10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²"]),
        (1.0, 1.4, ["1", "1.05", "1.1", "1.15", "1.2", "1.25", "1.3", "1.35", "1.4"]),
    ],
)
def test_ticks_of_a_logarithmic_axis(low, high, labels):
    drawn, axes = panel()
    axes.plot([low, high], [1, 2])
    axes.set(xscale="log", xlim=(low, high))
    with page.settings():
        drawn.settle()
        places = [tick for tick in axes.get_xticks() if low * 0.999 < tick < high * 1.001]
        assert [axes.xaxis.get_major_formatter()(tick) for tick in places] == labels


def test_negative_powers_of_ten_have_their_sign():
    assert [ticks.decade(x) for x in (-1000.0, 0.0, 0.01, 2.5)] == ["−10³", "0", "10⁻²", "2.5"]


@pytest.mark.parametrize(("width", "columns"), [("double", 3), ("single", 2)])
def test_a_grid_has_fewer_columns_at_single_width(width, columns):
    with page.settings(width):
        drawn, panels = style.panels("abc\ndef", 4)
        for axes in panels.values():
            axes.plot([1, 2])
        drawn.settle()
    assert {axes.get_subplotspec().get_gridspec().ncols for axes in panels.values()} == {columns}


def test_an_unknown_width_is_refused():
    with pytest.raises(ValueError, match=r"^width = 'wide': must be one of single, double$"), page.settings("wide"):
        pass


def test_settings_of_the_user_are_neither_used_nor_changed():
    with matplotlib.rc_context({"text.usetex": True, "figure.facecolor": "black", "font.size": 30}):
        with page.settings("single"):
            assert not matplotlib.rcParams["text.usetex"]
            assert matplotlib.rcParams["figure.facecolor"] == "white"
            assert Figure().get_figwidth() == page.WIDTHS["single"]
        assert matplotlib.rcParams["text.usetex"]
        assert matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize(
    ("words", "lines", "best"),
    [("a bb ccc", 1, ["a bb ccc"]), ("a bb ccc", 2, ["a bb", "ccc"]), ("aaaa b c d", 2, ["aaaa", "b c d"])],
)
def test_a_label_is_broken_into_lines_of_similar_length(words, lines, best):
    assert page.balanced(words.split(), lines) == best


def test_the_run_of_an_imported_walk_has_no_network():
    data = build(
        "msd", {"run": "mine", "run_settings": '{"walk": "w.nc", "model": "resnet14", "batch_size": 9, "window": 40}'}
    )
    assert style.describe(data).replace("\xa0", " ") == "mine: T = 40"


def test_only_what_all_runs_share_is_said_of_all():
    assert style.describe_common(RUNS).replace("\xa0", " ") == "all runs: T = 31"
    assert style.describe_common(RUNS[:1]).replace("\xa0", " ") == "all runs: resnet14, batch 32, T = 31"


def test_panels_of_one_quantity_get_the_limits_that_show_all():
    with page.settings():
        _, panels = style.panels("abc", 2)
    for axes, top in zip(panels.values(), (2, 3, 9), strict=True):
        axes.set(xlim=(0, 1), ylim=(1, top))
    panels["c"].remove()
    style.same_axes(panels.values())
    assert panels["a"].get_ylim() == panels["b"].get_ylim() == (1, 3)
