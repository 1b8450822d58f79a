"""Limiting displacement: stretches of steps, ratios between seeds, fitted lines, groups."""

import numpy as np
import pytest
from figure_data import CHILDREN, WHOLE, directions, displacement, draw, entries, limiting_ensemble, speed
from sgdwalk.figures import limiting_displacement, style

WHOLE = WHOLE["limiting_displacement"]


def plain(text):
    return text.replace("\xa0", " ")


def test_steps_are_means_of_equally_long_stretches():
    data = directions("child-a")
    data.squared_step[:] = np.arange(60) ** 2
    middle, mean = limiting_displacement.stretches(data)
    lengths = [3] * 10 + [2] * 15
    ends = np.cumsum(lengths)
    slow = [
        (np.mean(range(e - n, e)), np.mean([k**2 for k in range(e - n, e)])) for e, n in zip(ends, lengths, strict=True)
    ]
    np.testing.assert_allclose(np.column_stack([middle, mean]), slow)


def test_the_ratio_has_its_interval_between_seeds():
    files = [speed(run) for run in CHILDREN]
    for data, ratio in zip(files, (0.9, 1.1), strict=True):
        data.ratio[...] = ratio
    drawn = draw("limiting_displacement", WHOLE | {"speed": files})
    half = 12.7062 * 0.1  # Student's quantile of two seeds, times |1.1 - 0.9| / sqrt 2 / sqrt 2
    assert [plain(text) for text in entries(drawn, "a")] == [f"child: 1.00 [−{half - 1:.2f}, {1 + half:.2f}]"]


def test_predictions_are_drawn_where_they_were_made():
    drawn = draw("limiting_displacement", WHOLE)
    found = [
        line for line in drawn.panels["a"].lines if line.get_linewidth() == limiting_displacement.PREDICTED["linewidth"]
    ]
    np.testing.assert_array_equal([line.get_xdata() for line in found], [[10, 20, 30, 40, 59]])


def test_the_fit_from_the_start_is_over_the_last_two_thirds():
    drawn = draw("limiting_displacement", WHOLE)
    (fit,) = [line for line in drawn.panels["b"].lines if line.get_color() == style.BLACK]
    x, y = fit.get_data()
    assert x[0] == 100  # a third of 8 x 37 = 296 steps is 98.7; times are multiples of 10
    assert x[1] == 290
    assert np.isclose(np.diff(np.log(y)) / np.diff(np.log(x)), 1.1)


def test_a_single_run_has_no_interval():
    alone = limiting_ensemble(runs=CHILDREN[:1])
    for name in list(alone.data_vars):
        if name.endswith(("_low", "_high")):
            alone[name][...] = np.nan
    drawn = draw("limiting_displacement", {"groups": [alone], "runs": [displacement("child-a")]})
    assert [plain(text) for text in entries(drawn, "b")] == ["child-a: 1.10"]


def test_groups_are_told_apart_and_named_by_what_their_runs_share():
    other = limiting_ensemble(runs=["other.0", "other.1"])
    drawn = draw("limiting_displacement", {"groups": [limiting_ensemble(), other]})
    assert [text.partition(":")[0] for text in entries(drawn, "b")] == ["child", "other"]
    assert limiting_displacement.name_of(limiting_ensemble(runs=["a", "b"])) == "a"


def test_a_run_of_no_group_and_too_many_groups_are_refused():
    with pytest.raises(ValueError, match=r"^limiting_displacement: speed: 'stray' is in none of the groups \(child\)"):
        draw("limiting_displacement", WHOLE | {"speed": [speed("stray")]})
    with pytest.raises(ValueError, match=r"^limiting_displacement: groups: 4 groups"):
        draw("limiting_displacement", {"groups": [limiting_ensemble()] * 4})
