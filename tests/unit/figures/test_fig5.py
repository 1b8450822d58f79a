"""Fig. 5: gradients and losses, and what it leaves open."""

import numpy as np
import pytest
from figure_data import build, draw, entries, tails, with_interval
from sgdwalk.figures import style


@pytest.mark.parametrize("count", [1, 3, 9])
def test_every_group_of_layers_is_named(count):
    data = tails(layer=[f"{k}-linear" for k in range(count)], **with_interval("layer_alpha", 1.2))
    drawn = draw("fig5_checks", {"tails": data, "fluctuations": None})
    assert entries(drawn, "b") == [*map(str, range(count))]


@pytest.mark.parametrize(("p", "hollow"), [(0.01, 0), (0.2, 4)])
def test_alternatives_without_a_significant_difference_are_hollow(p, hollow):
    drawn = draw("fig5_checks", {"tails": tails(gaussian_p=p, vuong_p=0.01), "fluctuations": None})
    white = [line for line in drawn.panels["d"].lines if line.get_markerfacecolor() == "white"]
    assert sum(len(line.get_xdata()) for line in white) == hollow
    assert "d: not significant (p ≥ 0.05)" in [handle.get_label() for handle in drawn.marks]


def test_points_without_a_fit_are_counted_with_their_reason():
    data = tails()
    data["status"] = ("window", ["not finite", "ok", "ok", "ok"])
    drawn = draw("fig5_checks", {"tails": data, "fluctuations": None})
    assert "a: pooled: 1 of 4 have no fit (not finite)" in drawn.notes


def test_the_density_is_drawn_over_all_of_its_bins_and_names_its_window():
    data = tails()
    panel = (drawn := draw("fig5", {"tails": data, "fluctuations": None})).panels["a"]
    assert panel.get_xlim() == (data.bin[0], data.bin[-1])
    assert drawn.headings[panel] == "window at step 30"
    assert (
        drawn.headings[drawn.panels["c"]].replace("\xa0", " ") == "window at step 90; stable law: α = 1.40 [1.26, 1.54]"
    )


def test_the_windows_of_the_loss_have_the_colours_of_the_other_figures():
    data = tails()
    drawn = draw("fig5", {"tails": data, "fluctuations": build("fluctuations", step=np.arange(120))})
    assert entries(drawn, "e") == ["all", "0", "30", "90"]
    colours = [line.get_color() for line in drawn.panels["e"].lines[1:]]
    np.testing.assert_allclose(colours, [style.WINDOWS(k) for k in (0.0, 1 / 3, 1.0)], atol=0.02)
