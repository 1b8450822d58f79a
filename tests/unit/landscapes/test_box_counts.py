import numpy as np
import pytest
from sgdwalk.landscapes import box_counts
from surfaces import surface


def test_box_counts_against_a_slow_count():
    z = surface(13, 2.4)
    box, count = box_counts.box_counts(z)
    assert box.tolist() == [1, 2, 3]
    stretched = 12 * (z - z.min()) / (z.max() - z.min())
    for s, found in zip(box, count, strict=True):
        expected = 0
        for i in range(0, 12, s):
            for j in range(0, 12, s):
                column = stretched[i : i + s + 1, j : j + s + 1]
                expected += int(column.max() // s) - int(column.min() // s) + 1
        assert found == expected


def test_box_counts_ignore_the_unit_of_loss():
    z = surface(25, 2.5)
    np.testing.assert_array_equal(box_counts.box_counts(z)[1], box_counts.box_counts(5 - 8 * -z)[1])


def test_sections_of_known_surfaces():
    tilted = np.add.outer(2.0 * np.arange(25), np.arange(25))
    assert box_counts.section_dimension(tilted) == pytest.approx(1, abs=0.15)
    one_way = np.tile(np.arange(25.0), (25, 1))  # half of its sections are flat
    assert box_counts.section_dimension(one_way) == pytest.approx(box_counts.section_dimension(tilted))
    read = [np.mean([box_counts.section_dimension(surface(25, D, s)) for s in range(20)]) for D in (2.1, 2.5, 2.9)]
    assert 1 < read[0] < read[1] < read[2] < 2
    assert np.isnan(box_counts.section_dimension(np.ones((25, 25))))


def test_section_boxes_against_a_slow_count():
    curve = np.array([[0, 3.5, 1, 8, 2, 2, 7, 6, 0.5]])
    for side in (1, 2):
        parts = [curve[0, k : k + side + 1] for k in range(0, 8, side)]
        expected = sum(int(max(part) // side) - int(min(part) // side) + 1 for part in parts)
        assert box_counts._section_boxes(curve, side).tolist() == [expected]


def test_exact_power_law_gives_its_exponent():
    box = np.array([1, 2, 4])
    assert box_counts.box_dimension(box, 3.0 * box**-2.3) == pytest.approx(2.3)


def test_box_counts_are_biased_low_but_ordered():
    read = [
        np.mean([box_counts.box_dimension(*box_counts.box_counts(surface(25, D, s))) for s in range(20)])
        for D in (2.2, 2.5, 2.8)
    ]
    assert 2 < read[0] < read[1] < read[2] < 2.5
