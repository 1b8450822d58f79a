"""Each fault that the referee looks for is found on a page that has it, and none on a page without faults."""

import numpy as np
import pytest
import referee
from matplotlib.lines import Line2D
from sgdwalk.figures import page, style

FAULTS = (
    "text_over_text", "text_over_data", "legend_over_data", "outside", "small", "empty", "labels_too_long",
    "far_from_data", "unequal_axes", "unexplained",
)  # fmt: skip


def drawn(spoil=None, late=None):
    """A page of two panels that `spoil` (before the layout) or `late` (after it) may change."""
    with page.settings():
        figure, axes = style.panels("ab", 2)
        for panel in axes.values():
            panel.plot(np.arange(10), np.arange(10) ** 2, color=style.BLUE, label="squares")
            panel.set(xlabel="number", ylabel="square")
            style.key(panel)
        style.same_axes(axes.values())
        if spoil:
            spoil(figure, axes["a"])
        figure.settle()
        if late:
            late(figure, axes["a"])
        figure.canvas.draw()
        return {name: getattr(referee, name)(figure) for name in FAULTS}


def cover(figure, axes):
    axes.legend(handles=[Line2D([], [], color=style.BLUE, label="squares " * 9)] * 4, loc="center")


SPOILED = {
    "text_over_text": {"late": lambda figure, axes: axes.set_title("a long heading over the key", loc="left", pad=3)},
    "text_over_data": {"late": lambda figure, axes: axes.text(0.5, 0.3, "word word word", transform=axes.transAxes)},
    "legend_over_data": {"late": cover},
    "outside": {"late": lambda figure, axes: figure.text(0.99, 0.01, "too far to the right")},
    "small": {"late": lambda figure, axes: axes.xaxis.label.set_fontsize(5)},
    "empty": {"spoil": lambda figure, axes: [line.remove() for line in list(axes.lines)]},
    "labels_too_long": {"late": lambda figure, axes: axes.set_ylabel("a label that is longer than " * 2)},
    "far_from_data": {"spoil": lambda figure, axes: axes.set_ylim(-300, 90)},
    "unequal_axes": {"spoil": lambda figure, axes: axes.set_xlim(-1, 12)},
    "unexplained": {"spoil": lambda figure, axes: axes.axhline(30, color="0.3", linestyle=":")},
}


def test_a_page_without_faults_has_none():
    assert drawn() == {name: [] for name in FAULTS}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault):
    assert drawn(**SPOILED[fault])[fault]


def test_mathematical_text_is_small():
    assert drawn(late=lambda figure, axes: axes.set_xlabel("$10^{-3}$"))["small"] == ["$10^{-3}$"]


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ({"color": style.BLUE}, {"color": style.RED}, True),  # equally dark
        ({"color": style.BLUE, "linestyle": "-"}, {"color": style.RED, "linestyle": ":"}, False),
        ({"color": "#00C000"}, {"color": "#C08000"}, True),  # green and orange to a deuteranope
        ({"color": "black"}, {"color": "0.7"}, False),
    ],
)
def test_looks_that_only_their_hue_tells_apart_are_found(first, second, alike):
    assert bool(referee.told_apart({"first": first, "second": second})) == alike
