import numpy as np
import pytest
from sgdwalk.landscapes import variogram
from sgdwalk.landscapes.random_surfaces import fractional_brownian_surface
from surfaces import bowl, kinked, surface


def slow_variogram(z, distance):
    """Over all pairs along an axis or a diagonal at that distance, each direction weighing the same."""
    by_direction = {}
    for i in range(len(z)):
        for j in range(len(z)):
            for k in range(i, len(z)):
                for m in range(len(z)):
                    di, dj = k - i, m - j
                    forward = (di > 0 or dj > 0) and (di == 0 or dj == 0 or abs(di) == abs(dj))
                    if forward and np.isclose(np.hypot(di, dj), distance):
                        key = (np.sign(di), np.sign(dj))
                        by_direction.setdefault(key, []).append((z[k, m] - z[i, j]) ** 2)
    return np.mean([np.mean(squares) for squares in by_direction.values()])


def test_variogram_against_a_slow_loop():
    z = np.random.default_rng(0).standard_normal((15, 15)).cumsum(axis=0)
    scale, squares = variogram.variogram(z)
    np.testing.assert_allclose(scale, [1, np.sqrt(2), 2, 2 * np.sqrt(2), 3, 4])
    np.testing.assert_allclose(squares, [slow_variogram(z, s) for s in scale])


@pytest.mark.parametrize("n", [25, 51])
@pytest.mark.parametrize(("D", "bias"), [(2.2, 0.05), (2.5, 0.03), (2.8, 0.02)])
def test_variogram_recovers_known_dimensions(n, D, bias):
    rng = np.random.default_rng(1)
    read = [
        variogram.variogram_dimension(*variogram.variogram(fractional_brownian_surface(n, 3 - D, rng)))
        for _ in range(80)
    ]
    assert np.mean(read) == pytest.approx(D, abs=bias)
    assert np.std(read) < 0.1


def test_exact_power_law_gives_its_exponent():
    scale = np.array([1.0, np.sqrt(2), 2, 3])
    assert variogram.variogram_dimension(scale, 7 * scale**0.8) == pytest.approx(2.6)
    assert np.isnan(variogram.variogram_dimension(scale, 0 * scale))


def test_the_dimension_by_octave_follows_a_bend():
    scale = np.arange(1.0, 17)
    squares = np.where(scale < 3, scale**1.2, 3**0.8 * scale**0.4)
    assert variogram.octaves(scale).tolist() == [1, 2, 4, 8]
    by_octave = variogram.octave_dimension(scale, squares)
    np.testing.assert_allclose(by_octave[[0, 2, 3]], [2.4, 2.8, 2.8])
    assert 2.4 < by_octave[1] < 2.8
    assert variogram.extrapolated_dimension(by_octave) == pytest.approx(4.8 - by_octave[1])


def test_an_octave_is_that_of_the_grid_of_every_second_point():
    z = surface(41, 2.4)
    scale, squares = variogram.variogram(z)
    nested = [variogram.variogram(z[i::2, j::2])[1][:3] for i in (0, 1) for j in (0, 1)]
    np.testing.assert_allclose(squares[np.isin(scale, [2, 2 * np.sqrt(2), 4])], np.mean(nested, axis=0), rtol=0.02)


@pytest.mark.parametrize("D", [2.1, 2.5, 2.8])
def test_the_dimension_at_distance_0_is_that_of_a_self_affine_surface(D):
    read = [variogram.readings(surface(51, D, seed))[1] for seed in range(40)]
    assert np.mean(read) == pytest.approx(D, abs=0.03)
    assert np.std(read) < 0.05


@pytest.mark.parametrize("n", [25, 51])
@pytest.mark.parametrize("smooth", [bowl, kinked])
def test_a_smooth_surface_has_at_most_dimension_2_at_distance_0(smooth, n):
    over_all, limit = variogram.readings(np.log10(smooth(n)))
    assert limit < 2.01
    assert over_all > limit + 0.01
