"""Fig. 6: path, and loss against distance."""

import numpy as np
from figure_data import WHOLE, draw, entries, msl, path


def test_bins_of_few_pairs_are_hollow():
    drawn = draw("fig6", WHOLE["fig6"])
    for panel in "bc":
        lines = [line for line in drawn.axes["abc".index(panel)].lines if line.get_marker() == "o"]
        sizes = {(line.get_markerfacecolor() == "white", len(line.get_xdata())) for line in lines}
        assert sizes == {(True, 3), (False, 13)}, panel


def test_a_missing_exponent_is_no_power_law():
    broken = {"path": path(), "msl": msl()}
    broken["msl"].exponent_low[-1, 1] = np.nan
    broken["path"].exponent[-1] = np.nan
    broken["path"].transverse_exponent_high[-1] = np.nan
    _, b, c, d = draw("fig6", broken).axes
    assert entries(b)[2] == "90: no power law | no power law"
    assert entries(c)[2] == "90: −1.00 [−0.90, −1.10] | no power law"
    assert entries(d)[2] == "90: no power law"


def test_power_laws_of_the_losses_are_drawn_over_the_distances_that_were_fitted():
    c = draw("fig6", WHOLE["fig6"]).axes[2]
    distance = WHOLE["fig6"]["msl"].distance[0].values
    drawn = {tuple(line.get_xdata()[[0, -1]]) for line in c.lines if line.get_marker() == "None"}
    inside = [distance[(distance >= first) & (distance <= last)] for first, last in ((0.2, 1), (1, 6))]
    assert drawn == {tuple(points[[0, -1]]) for points in inside}
