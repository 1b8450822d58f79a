"""Fig. 5: gradients and losses."""

import pytest
from figure_data import box, draw, entries, lettered, tails, with_interval


@pytest.mark.parametrize(
    "layers", [["0-linear"], ["0-sequential", "1-sequential", "9-linear"], [f"{k}-linear" for k in range(9)]]
)
def test_the_legend_of_layers_does_not_cover_the_word_gaussian(layers):
    data = tails(layer=layers, **with_interval("layer_alpha", 1.2))
    drawn = draw("fig5", {"tails": data, "fluctuations": None})
    drawn.canvas.draw()
    axes = lettered(drawn, "h")
    legend = axes.get_legend().get_window_extent()
    assert not box(axes, "Gaussian").overlaps(legend)
    assert legend.x1 < 1.1 * axes.bbox.x1


@pytest.mark.parametrize(("p", "explained"), [(0.01, False), (0.2, True)])
def test_alternatives_without_a_significant_difference_are_explained(p, explained):
    data = tails(gaussian_p=p, vuong_p=0.01)
    axes = lettered(draw("fig5", {"tails": data, "fluctuations": None}), "k")
    assert ("not significant (p ≥ 0.05)" in entries(axes)) == explained
