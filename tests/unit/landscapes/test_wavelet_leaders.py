import numpy as np
import pytest
from sgdwalk.landscapes import wavelet_leaders
from surfaces import bowl, kinked, multifractal_walk, surface

N = 257
FILTER = np.array(
    [
        0.3326705529500825,
        0.8068915093110924,
        0.4598775021184914,
        -0.1350110200102546,
        -0.0854412738820267,
        0.0352262918857095,
    ]
)  # db3, Daubechies 1988


def cumulants(heights):
    leaders = wavelet_leaders.leaders(heights)
    return wavelet_leaders.cumulants(wavelet_leaders.block_sums(leaders).sum(axis=0), np.array(list(leaders)))


def mean_cumulants(surfaces):
    found = [cumulants(z) for z in surfaces]
    return np.mean([c.c1 for c in found]), np.mean([c.c2 for c in found])


def slow_leaders(z, last):
    """By sums over the values that each coefficient is made of, and a search among all finer cells by their centres."""
    low, high = FILTER, FILTER[::-1] * [1, -1, 1, -1, 1, -1]
    largest, centres, found, finer = [], [], {}, z
    for octave in range(1, last + 1):
        size = (len(finer) - 6) // 2 + 1
        windows = [[finer[2 * i : 2 * i + 6, 2 * j : 2 * j + 6] for j in range(size)] for i in range(size)]
        one = lambda a, b: np.array([[a @ w @ b for w in row] for row in windows])  # noqa: E731, B023
        largest.append(np.max(np.abs([one(low, high), one(high, low), one(high, high)]), axis=0))
        finer = one(low, low)
        centres.append(2.0**octave * np.arange(size) + 2.5 * (2**octave - 1))
    for octave in range(wavelet_leaders.FIRST, last + 1):
        inner = centres[octave - 1][1:-1]
        reach = 1.5 * 2**octave
        found[octave] = np.array([
            [max(d[np.ix_((c >= x - reach) & (c < x + reach), (c >= y - reach) & (c < y + reach))].max() for d, c in zip(largest[:octave], centres, strict=False)) for y in inner]
            for x in inner
        ])  # fmt: skip
    return found


def test_leaders_against_a_slow_search():
    z = surface(N, 2.5)[:, :N]
    fast = wavelet_leaders.leaders(z)
    assert list(fast) == wavelet_leaders.octaves(N).tolist() == [3, 4]
    small = z[:150, :150]
    slow = slow_leaders(small, 3)[3]
    np.testing.assert_allclose(fast[3][: len(slow), : len(slow)], slow, rtol=1e-9)


@pytest.mark.parametrize("H", [0.3, 0.5, 0.7])
def test_fractional_brownian_surfaces_have_one_exponent(H):
    c1, c2 = mean_cumulants(surface(N, 3 - H, seed) for seed in range(16))
    assert c1 == pytest.approx(H, abs=0.075)  # three standard errors of 16 surfaces
    assert c2 == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("H", "intermittency"), [(0.5, 0.0), (0.5, 0.05), (0.6, 0.1)])
def test_multifractal_walks_have_their_known_cumulants(H, intermittency):
    rng = np.random.default_rng(0)
    c1, c2 = mean_cumulants(multifractal_walk(512, H, intermittency, rng) for _ in range(6))
    assert c1 == pytest.approx(H + intermittency, abs=0.06)
    assert c2 == pytest.approx(-intermittency, abs=0.02 + 0.2 * intermittency)


def test_the_spectrum_is_that_of_the_cumulants():
    """h = c1 + c2 q and D = 2 + c2 q^2 / 2 for lognormal leaders."""
    found = cumulants(multifractal_walk(512, 0.5, 0.05, np.random.default_rng(1)))
    near = np.abs(wavelet_leaders.ORDERS) <= 2
    q = wavelet_leaders.ORDERS[near]
    np.testing.assert_allclose(found.holder[near], found.c1 + found.c2 * q, atol=0.03)
    np.testing.assert_allclose(found.spectrum[near], 2 + found.c2 * q**2 / 2, atol=0.06)


def test_smooth_surfaces_have_exponents_above_1_and_noise_below_0():
    for smooth in (bowl, kinked):
        assert cumulants(np.log10(smooth(N))).c1 > 1.5
    noise = np.random.default_rng(0).standard_normal((N, N))
    assert cumulants(np.log10(bowl(N)) + 0.01 * noise).c1 < -0.5


def test_a_surface_that_wavelets_see_within_rounding_errors_is_left_out():
    rough, precision = surface(N, 2.5), 6e-8
    assert len(wavelet_leaders.measured([bowl(N), rough, rough], precision)) == 2
    assert wavelet_leaders.measured([precision * rough], precision) == []


def test_the_unit_of_height_changes_neither_slope_nor_interval():
    octave, z = wavelet_leaders.octaves(N), surface(N, 2.5)
    one, other = (
        wavelet_leaders.estimate([wavelet_leaders.leaders(k * z + k)], octave, np.random.default_rng(0))
        for k in (1, 1e5)
    )
    for field, same in zip(one, other, strict=True):
        np.testing.assert_allclose(field.c1, same.c1, rtol=1e-6)
        np.testing.assert_allclose(field.spectrum, same.spectrum, rtol=1e-6)


def test_more_planes_give_a_narrower_interval():
    octave = wavelet_leaders.octaves(N)
    leaders = [wavelet_leaders.leaders(surface(N, 2.5, seed)) for seed in range(9)]

    def width(planes):
        value, low, high = wavelet_leaders.estimate(planes, octave, np.random.default_rng(0))
        assert low.c1 < value.c1 < high.c1
        return high.c1 - low.c1

    assert np.mean([width([plane]) for plane in leaders]) / width(leaders) == pytest.approx(3, rel=0.25)


@pytest.mark.parametrize(("points", "octaves"), [(129, [3]), (257, [3, 4]), (513, [3, 4, 5]), (1025, [3, 4, 5, 6])])
def test_octaves_have_enough_leaders_inside_the_surface(points, octaves):
    assert wavelet_leaders.octaves(points).tolist() == octaves
