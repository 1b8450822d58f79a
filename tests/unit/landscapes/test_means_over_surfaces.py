"""Means and shares over surfaces, with their intervals."""

import numpy as np
import pytest
from sgdwalk.landscapes.means_over_surfaces import with_mean, with_share


def ends(each):
    found = with_share("share", (), np.array(each, float))
    return [float(found[f"share{end}"][1]) for end in ("_low", "", "_high")]


@pytest.mark.parametrize("count", [5, 20])
def test_a_share_without_a_case_has_the_width_that_so_many_trials_leave(count):
    low, mean, high = ends([0] * count)
    assert (low, mean) == (0, 0)
    assert (1 - high) ** count == pytest.approx(0.025)  # what is larger would show no case in fewer than 2.5 %
    assert ends([1] * count)[::-1] == pytest.approx([1 - low, 1 - mean, 1 - high])


def test_a_share_between_has_the_interval_of_a_mean_within_0_and_1():
    each = np.array([0, 0, 0.25, 0.5, 0, 0.75])
    found = with_mean("share", (), each)
    assert ends(each) == pytest.approx([0, each.mean(), found["share_high"][1]])
    assert found["share_low"][1] < 0
    assert ends([0, 0, 0, np.nan]) == pytest.approx([0, 0, 1 - 0.025 ** (1 / 3)])


def test_of_surfaces_without_a_share_there_is_no_interval():
    assert np.isnan(ends([np.nan, np.nan])).all()


def test_shares_of_several_settings_are_those_of_each():
    each = np.array([[0.0, 1.0, 0.2], [0.0, 1.0, 0.4], [0.0, 1.0, 0.6]])
    found = with_share("share", ("setting",), each)
    for k in range(3):
        assert [float(found[f"share{end}"][1][k]) for end in ("_low", "", "_high")] == pytest.approx(ends(each[:, k]))
