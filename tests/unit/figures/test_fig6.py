"""Fig. 6: path, and loss against distance."""

import numpy as np
from figure_data import WHOLE, draw, entries, msl, path
from sgdwalk.figures import style


def test_bins_of_few_pairs_are_hollow():
    drawn = draw("fig6", WHOLE["fig6"])
    for panel in "bc":
        lines = [line for line in drawn.panels[panel].lines if line.get_marker() in style.WINDOW_MARKERS]
        sizes = {(line.get_markerfacecolor() == "white", len(line.get_xdata())) for line in lines}
        assert sizes == {(True, 3), (False, 13)}, panel


def test_a_missing_exponent_is_no_power_law():
    broken = {"path": path(), "msl": msl()}
    broken["msl"].exponent_low[-1, 1] = np.nan
    broken["path"].exponent[-1] = np.nan
    broken["path"].transverse_exponent_high[-1] = np.nan
    drawn = draw("fig6", broken)
    assert entries(drawn, "b")[2] == "90: no power law, no power law"
    assert entries(drawn, "c")[2] == "90: −1.00 [−0.90, −1.10], no power law"
    assert entries(drawn, "d")[2] == "90: no power law"


def test_power_laws_are_one_line_through_the_crossover_over_the_bins_that_were_fitted():
    data = WHOLE["fig6"]["msl"]
    distance = data.distance[0].values
    inside = distance[(distance >= 0.2) & (distance <= 6) & (data["count"][0].values >= 20)]
    lines = fits(draw("fig6", WHOLE["fig6"]), "c")
    assert len(lines) == 3
    for line in lines:
        np.testing.assert_allclose(line.get_xdata(), [inside[0], 1.0, inside[-1]])
        np.testing.assert_allclose(np.diff(np.log(line.get_ydata())), -np.diff(np.log(line.get_xdata())))


def test_a_bin_of_too_few_pairs_does_not_move_the_line():
    data = msl()
    line = fits(draw("fig6", {"path": None, "msl": data}), "c")[0]
    within = int(np.flatnonzero((data.distance[0] > 0.3) & (data.distance[0] < 3))[0])
    data.msl[0, within], data["count"][0, within] = 1e6, 3
    again = fits(draw("fig6", {"path": None, "msl": data}), "c")[0]
    np.testing.assert_allclose(again.get_ydata(), line.get_ydata(), rtol=0.3)


def test_the_line_of_transverse_distances_goes_through_the_means_that_were_fitted():
    means = np.geomspace(0.1, 10, 6)
    data = path(group_chord2=means, group_transverse2=0.3 * means**1.1)
    drawn = draw("fig6", {"path": data, "msl": None})
    for line in fits(drawn, "d"):
        np.testing.assert_allclose(line.get_ydata(), 0.3 * line.get_xdata() ** 1.1)
        np.testing.assert_allclose(line.get_xdata(), [0.1, 10])


def fits(drawn, letter):
    """The lines of fits in a panel."""
    return [line for line in drawn.panels[letter].lines if line.get_color() == style.BLACK]
