"""Figure of flatness: what is set beside what, and what its correlations say."""

import numpy as np
import pytest
from figure_data import draw, flatness
from sgdwalk.figures.flatness import at_snapshots, correlations


def points(axes):
    return sorted(
        tuple(float(line.get_data()[k][0]) for k in (0, 1)) for line in axes.lines if line.get_marker() == "o"
    )


def test_an_exponent_stands_beside_the_sharpness_of_its_window():
    panels = draw("flatness", flatness()).panels
    assert points(panels["e"]) == [(2.0, 0.8), (4.0, 1.1), (5.0, 0.9), (8.0, 1.5)]
    heights = [height for _, height in points(panels["f"])]
    assert heights == [0.8, 1.1, 0.9, 1.5]


def test_snapshots_of_one_window_are_averaged():
    data = flatness()
    hessian = data["hessian"].assign(step=("epoch", [0, 10, 20, 95]))
    windows, largest, _ = at_snapshots(hessian, data["msd"])
    np.testing.assert_array_equal(windows, [0, 3])
    np.testing.assert_allclose(largest, [(8 + 4 + 5) / 3, 2])


@pytest.mark.parametrize(
    ("count", "said"), [(2, "too few windows"), (4, "rank correlation 1.00 [−1.00, 1.00], trends")]
)
def test_few_windows_leave_the_correlation_open(count, said):
    falling = np.linspace(2, 1, count)
    assert said in correlations(falling, falling**2)
