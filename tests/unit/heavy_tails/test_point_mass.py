import numpy as np
import pytest
from sgdwalk.heavy_tails import gradient_views, point_mass
from sgdwalk.heavy_tails.stable import distribution as stable


def rounded(spacing, seed, alpha=1.2, points=2000):
    return np.round(stable.sample(points, alpha, rng=[seed, 9]) / spacing) * spacing


@pytest.mark.parametrize("spacing", [0.02, 0.1])
def test_zeros_that_are_small_values_rounded_are_kept(spacing):
    kept = [point_mass.continuous(x) for x in (rounded(spacing, seed) for seed in range(40))]
    assert np.mean([mask.all() for mask in kept]) >= 0.85  # two standard deviations of the number of zeros


def test_a_point_mass_at_zero_is_left_out_and_the_rounded_zeros_are_not():
    for seed in range(20):
        x = rounded(0.1, seed)
        zeros = (x == 0).sum()
        kept = point_mass.continuous(np.append(np.zeros(400), x))
        assert kept[400:][x != 0].all()
        left = kept.sum() - (x != 0).sum()
        assert abs(left - zeros) < 5 * np.sqrt(2 * zeros)  # the expected number, from a count of about as many


def test_zeros_of_a_density_without_rounding_are_a_point_mass():
    for seed in range(20):
        x = stable.sample(1000, 1.5, rng=[seed, 4])
        kept = point_mass.continuous(np.append(x, np.zeros(30)))
        assert kept[:1000].all()
        assert kept[1000:].sum() <= 5  # the least distance from 0 in place of a spacing: half a zero is expected


def test_the_expected_zeros_by_hand():
    # 200 values, of which the nearest ten or more, those at 1 and 2, are 16 within 2 of zero: 16 / 4 per spacing
    sizes = np.concatenate([np.full(8, 1.0), np.full(8, 2.0), np.linspace(3, 50, 184)])
    expected, error = point_mass.expected_zeros(sizes)
    assert expected == 4
    assert error == pytest.approx(np.sqrt(4 + 16 / 16))
    assert point_mass.continuous(np.append(sizes, np.zeros(8))).all()  # 8 = 4 + 2 x 2 standard deviations, rounded
    assert point_mass.continuous(np.append(sizes, np.zeros(9))).sum() == 200 + 4


@pytest.mark.parametrize(("x", "kept"), [([], 0), ([0.0, 0.0], 2), ([1.0, 2.0], 2)])
def test_samples_of_zeros_alone_or_without_any_are_kept(x, kept):
    assert point_mass.continuous(np.array(x)).sum() == kept


def test_rounding_does_not_bias_alpha():
    """Without the rounded zeros the density has a hole at its centre, which reads as lighter tails."""
    exact, used, dropped = [], [], []
    for seed in range(25):
        x, y = stable.sample(2000, 1.2, rng=[seed, 9]), rounded(0.1, seed)
        exact.append(stable.fit(x).alpha)
        used.append(gradient_views.fitted(y)["alpha"])
        dropped.append(stable.fit(y[y != 0]).alpha)
    assert np.mean(used) == pytest.approx(np.mean(exact), abs=0.004)
    assert np.mean(dropped) - np.mean(exact) > 0.015
