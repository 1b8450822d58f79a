"""Fig. 3: exponents against batch size and depth."""

import pytest
from figure_data import RUNS, draw, entries, msd, training
from sgdwalk.figures import fig3


@pytest.mark.slow
@pytest.mark.parametrize("figure", ["fig3", "fig4"])
def test_published_exponents_are_shown_only_with_runs_of_their_data_set(figure):
    def labels(dataset):
        data = {"runs": [msd("walk-a", factors={"dataset": dataset})]}
        drawn = draw(figure, data | ({"training": [training("walk-a", dataset=dataset)]} if figure == "fig4" else {}))
        return " ".join(handle.get_label() for handle in drawn.marks) + " ".join(entries(drawn, "a"))

    assert "Chen et al., CIFAR-10" in labels("cifar10")
    assert "Chen et al." not in labels("digits")


def test_published_exponents_are_drawn_at_their_batch_size():
    drawn = draw("fig3", {"runs": [msd("walk-a", factors={"dataset": "cifar10"})]})
    grey = [line for line in drawn.axes[0].lines if line.get_color() == "0.55"]
    assert len(grey) == 24
    assert all(line.get_markerfacecolor() == "none" for line in grey)
    assert (128, 1.359) in [(line.get_xdata()[0], round(line.get_ydata()[0], 3)) for line in grey]


def test_runs_of_equal_factors_are_drawn_side_by_side():
    factors = {"depth": 14, "batch_size": 32, "shortcut": True}
    points = [fig3.Point(factors, []), fig3.Point(factors, []), fig3.Point(factors | {"depth": 20}, [])]
    first, second, alone = fig3.shifts(points, "depth")
    assert first < 0 < second
    assert alone == 0


def test_omitted_runs_are_counted():
    unknown = [msd(f"walk-{k}", factors={"depth": None}) for k in "de"]
    assert draw("fig3", {"runs": [*RUNS, *unknown]}).notes == ["2 runs omitted: depth unknown"]
    assert draw("fig3", {"runs": RUNS}).notes == []


def test_a_network_without_the_option_of_shortcuts_has_another_marker():
    shortcuts = {"walk-a": True, "walk-b": False, "walk-c": None}
    drawn = draw("fig3", {"runs": [msd(run, factors={"shortcut": with_}) for run, with_ in shortcuts.items()]})
    looks = [(line.get_marker(), line.get_mfc() == "white") for line in drawn.axes[0].lines[:3]]
    assert looks == [("o", False), ("s", True), ("^", False)]
    labels = [handle.get_label() for handle in drawn.marks]
    assert labels[:4] == ["with shortcuts", "without shortcuts", "network without this option", "95 % interval"]


def test_no_colour_means_a_depth_and_a_batch_size():
    points = fig3.points_of(RUNS)
    assert not set(fig3.colours(points, "depth").values()) & set(fig3.colours(points, "batch_size").values())
