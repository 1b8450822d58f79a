"""Fig. 2: mean squared displacement."""

import numpy as np
import pytest
from figure_data import RUNS, WHOLE, box, build, draw, msd, words


def test_windows_without_values_are_skipped_and_runs_without_any_named():
    drawn = draw("fig2", WHOLE["fig2"])
    assert any(text.startswith("walk-c") for text in words(drawn))
    labels = [text.get_text() for text in drawn.axes[3].get_legend().get_texts()]
    assert labels == ["30: 0.80 [0.72, 0.88]", "60: 0.80 [0.72, 0.88]"]


def test_a_window_that_a_panel_does_not_show_does_not_shade_it():
    hidden = RUNS[0].copy(deep=True)
    hidden.supported[:] = (np.arange(4) != 2)[:, None]
    a, b, *_ = draw("fig2", WHOLE["fig2"] | {"base": hidden}).axes
    assert (len(a.patches), len(b.patches)) == (0, 1)


@pytest.mark.parametrize(
    ("more", "message"),
    [({"others": RUNS * 2}, "others: 6 runs"), ({"long": RUNS[0], "whole": build("long_msd")}, "whole: panel e")],
)
def test_more_runs_than_panels_are_refused(more, message):
    with pytest.raises(ValueError, match=message):
        draw("fig2", WHOLE["fig2"] | more)


def test_there_is_no_row_without_a_run():
    assert not any("another network" in text for text in words(draw("fig2", {"base": RUNS[0], "others": RUNS[:1]})))
    assert any("another network" in text for text in words(draw("fig2", {"base": RUNS[0], "others": RUNS[:2]})))


def test_long_names_of_runs_do_not_cover_the_letters():
    run = msd("resnet56-noshort-b1024")
    drawn = draw("fig2", {"base": run, "window": run, "long": run, "others": [run] * 4})
    drawn.canvas.draw()
    for axes in (axes for axes in drawn.axes if axes.get_title("right")):
        assert not box(axes, axes.get_title("left")).overlaps(box(axes, axes.get_title("right")))
