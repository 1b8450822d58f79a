"""Fig. 2: mean squared displacement."""

import numpy as np
import pytest
from figure_data import RUNS, WHOLE, build, draw, entries, msd


def test_windows_without_values_are_skipped_and_runs_without_any_named():
    drawn = draw("fig2", WHOLE["fig2"])
    assert entries(drawn, "d") == ["30: 0.80 [0.72, 0.88]", "60: 0.80 [0.72, 0.88]"]
    drawn = draw("fig2_others", WHOLE["fig2_others"])
    assert list(drawn.panels) == ["a"]
    assert drawn.notes == ["b: walk-c has no window with finite values"]


def test_only_the_lags_that_a_window_does_not_support_are_dotted():
    data = RUNS[0].copy(deep=True)
    data.supported[:] = 1
    data.supported[1, 20:] = 0
    lines = draw("fig2", {"base": data}).panels["a"].lines
    dotted = [
        line for line in lines if line._unscaled_dash_pattern == (0, (1, 1)) and np.isfinite(line.get_ydata()).any()
    ]
    (line,) = dotted
    known = np.isfinite(line.get_ydata())
    np.testing.assert_array_equal(line.get_xdata()[known], data.lag[20:])
    np.testing.assert_allclose(line.get_ydata()[known], data.msd[1, 20:])


def test_a_fit_is_drawn_over_the_lags_that_were_fitted_with_its_exponent():
    drawn = draw("fig2", {"base": RUNS[0]})
    fits = [line for line in drawn.panels["a"].lines if line.get_color() == "#000000"]
    assert len(fits) == 3
    for line, start in zip(fits, (4, 3, 1), strict=True):
        x, y = line.get_xdata(), line.get_ydata()
        np.testing.assert_allclose(x, [4, 24])
        np.testing.assert_allclose(y, start * x**1.2)


def test_two_files_for_one_panel_are_refused():
    with pytest.raises(ValueError, match="whole: panel e"):
        draw("fig2", WHOLE["fig2"] | {"long": RUNS[0], "whole": build("long_msd")})


def test_panels_without_a_run_leave_the_page():
    drawn = draw("fig2", {"base": RUNS[0]})
    assert list(drawn.panels) == ["a", "b", "c"]
    assert drawn.notes[0] == "d: not in this study: a run with windows of another length"


def test_a_run_is_named_with_network_batch_and_window_above_its_panel():
    drawn = draw("fig2_others", {"runs": [msd("resnet56-noshort-b1024", factors={"depth": 56, "batch_size": 1024})]})
    assert (
        next(iter(drawn.headings.values())).replace("\xa0", " ")
        == "resnet56-noshort-b1024: resnet56, batch 1024, T = 31"
    )
