import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgdwalk.landscapes import random_surfaces


def rng(seed=0):
    return np.random.default_rng(seed)


@given(st.integers(1, 6), st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_diamond_square_has_zero_borders_and_repeats(levels, seed):
    heights = random_surfaces.diamond_square(levels, 3.0, rng(seed), borders="zero")
    assert heights.shape == (2**levels + 1, 2**levels + 1)
    assert not np.concatenate([heights[0], heights[-1], heights[:, 0], heights[:, -1]]).any()
    assert heights[1:-1, 1:-1].all()
    again = random_surfaces.diamond_square(levels, 3.0, rng(seed), borders="zero")
    np.testing.assert_array_equal(heights, again)


def test_free_borders_have_three_neighbours_and_their_corners_are_0():
    heights = random_surfaces.diamond_square(6, 3.0, rng())
    assert not heights[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert np.count_nonzero([heights[0], heights[-1], heights[:, 0], heights[:, -1]]) == 4 * 63
    last, found = 64, []
    for side in (2, 4, 8):
        half = side // 2
        for k in range(half, last, side):
            for turned in (heights, heights[::-1], heights.T, heights.T[::-1]):
                near = turned[0, k - half], turned[0, k + half], turned[half, k]
                found.append((turned[0, k] - np.mean(near)) / (3.0 * side / last))
    assert np.abs(found).max() <= 0.5
    assert np.std(found) == pytest.approx(1 / np.sqrt(12), rel=0.1)


def displacements(heights, side):
    """Of centres and of inner edge middles from the means of their four neighbours, point by point."""
    half, last = side // 2, len(heights) - 1
    found = []
    for i in range(0, last + 1, half):
        for j in range(0, last + 1, half):
            odd_i, odd_j = (i // half) % 2, (j // half) % 2
            if odd_i and odd_j:
                near = [(i + a, j + b) for a in (-half, half) for b in (-half, half)]
            elif (odd_i or odd_j) and 0 < i < last and 0 < j < last:
                near = [(i - half, j), (i + half, j), (i, j - half), (i, j + half)]
            else:
                continue
            found.append(heights[i, j] - np.mean([heights[p] for p in near]))
    return np.array(found)


@pytest.mark.parametrize("hurst", [0.3, 1.0])
def test_diamond_square_displaces_by_a_uniform_width_that_falls_per_level(hurst):
    heights = random_surfaces.diamond_square(7, 3.0, rng(), hurst=hurst)
    for level in range(7):
        width = 3.0 / 2 ** (level * hurst)
        found = displacements(heights, 2 ** (7 - level))
        assert np.abs(found).max() <= width / 2
        if level >= 3:
            assert found.std() == pytest.approx(width / np.sqrt(12), rel=0.1)
            assert abs(found.mean()) < 4 * width / np.sqrt(12 * len(found))


def hurst_of(surfaces, lags):
    """Half of the slope of the mean variogram along both axes, on logarithmic axes."""

    def squared(z, lag):
        return ((z[lag:] - z[:-lag]) ** 2).mean() + ((z[:, lag:] - z[:, :-lag]) ** 2).mean()

    variogram = [np.mean([squared(z, lag) for z in surfaces]) for lag in lags]
    return np.polyfit(np.log(lags), np.log(variogram), 1)[0] / 2


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.7])
def test_the_mean_variogram_has_the_hurst_exponent(hurst):
    exact = [random_surfaces.fractional_brownian_surface(257, hurst, rng(seed)) for seed in range(4)]
    assert hurst_of(exact, [1, 4, 16]) == pytest.approx(hurst, abs=0.05)
    displaced = [random_surfaces.diamond_square(10, 3.0, rng(seed), hurst=hurst) for seed in range(2)]
    assert hurst_of(displaced, [8, 16, 32]) == pytest.approx(hurst, abs=0.06)  # over many surfaces .30, .47, .66


def test_the_hurst_exponent_may_vary_in_space():
    found = random_surfaces.landscape("varying", 9, rng(), hurst=0.9, hurst_end=0.2)
    smooth, rough = (hurst_of([part], [1, 2, 4]) for part in (found[:100], found[-100:]))
    assert smooth == pytest.approx(0.75, abs=0.12)
    assert rough == pytest.approx(0.3, abs=0.1)
    constant = random_surfaces.diamond_square(5, 3.0, rng(), hurst=np.full((33, 33), 0.4))
    np.testing.assert_array_equal(constant, random_surfaces.diamond_square(5, 3.0, rng(), hurst=0.4))


def test_random_keeps_the_heights_but_not_their_order():
    heights = random_surfaces.diamond_square(6, 3.0, rng())
    shuffled = random_surfaces.random(heights, 0.0, rng(1))
    np.testing.assert_array_equal(np.sort(shuffled.ravel()), np.sort(heights.ravel()))
    assert abs(np.corrcoef(shuffled[1:].ravel(), shuffled[:-1].ravel())[0, 1]) < 0.06


def test_random_is_smoothed_by_the_given_gaussian():
    heights = random_surfaces.diamond_square(8, 3.0, rng())
    smooth = random_surfaces.random(heights, 8.0, rng(1))
    assert smooth.std() / heights.std() == pytest.approx(1 / (2 * np.sqrt(np.pi) * 8), rel=0.15)
    lagged = np.corrcoef(smooth[8:].ravel(), smooth[:-8].ravel())[0, 1]
    assert lagged == pytest.approx(np.exp(-(8**2) / (4 * 8**2)), abs=0.06)


def test_the_published_power_keeps_signs():
    heights = random_surfaces.diamond_square(5, 3.0, rng())
    plain, powered = (random_surfaces.random(heights, 2.0, rng(1), power) for power in (1.0, 0.7))
    np.testing.assert_allclose(powered, np.sign(plain) * np.abs(plain) ** 0.7)


def test_convex_is_a_paraboloid_as_high_as_the_fractal_surface():
    heights = random_surfaces.diamond_square(6, 3.0, rng())
    bowl = random_surfaces.convex(heights)
    assert bowl.std() == pytest.approx(heights.std())
    curvature = np.diff(bowl, 2, axis=0) * 32**2
    np.testing.assert_allclose(curvature, curvature[0, 0], rtol=1e-9)
    np.testing.assert_allclose(bowl, bowl.T)
    assert bowl.min() == bowl[32, 32] == 0


def test_a_cone_is_as_high_as_the_fractal_surface_and_equally_steep():
    heights = random_surfaces.diamond_square(6, 3.0, rng())
    cone = random_surfaces.cone(heights)
    assert cone.std() == pytest.approx(heights.std())
    np.testing.assert_allclose(np.diff(cone[32, 32:]), cone[32, 33])
    assert cone[32 + 3, 32 + 4] == pytest.approx(5 * cone[32, 33])


@pytest.mark.parametrize("name", random_surfaces.LANDSCAPES)
def test_landscape_is_made_from_the_same_fractal_surface(name):
    given = rng(3).standard_normal((33, 33))
    heights = random_surfaces.diamond_square(5, 3.0, rng(7), hurst=0.8)
    of_surface = {"hurst": 0.8, "smoothing": 2.0, "given": given}
    found = random_surfaces.landscape(name, 5, rng(7), **of_surface)
    spread = {"random": heights.std() / 7, "flat": 0, "given": given.std()}
    if name != "varying":
        assert found.std() == pytest.approx(spread.get(name, heights.std()), rel=0.15)
    assert np.array_equal(found, heights) == (name == "fractal")
    np.testing.assert_array_equal(found, random_surfaces.landscape(name, 5, rng(7), **of_surface))
    if name not in ("random", "flat"):
        assert random_surfaces.landscape(name, 5, rng(7), height_sd=0.25, **of_surface).std() == pytest.approx(0.25)


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match="unknown landscape 'hill': one of fractal"):
        random_surfaces.landscape("hill", 3, rng())
    for heights in (None, np.zeros((4, 4)), np.zeros((9, 8)), np.full((9, 9), np.nan)):
        with pytest.raises(ValueError, match="n x n finite heights"):
            random_surfaces.landscape("given", 3, rng(), given=heights)
    with pytest.raises(ValueError, match="borders = 'open': must be one of free, zero"):
        random_surfaces.diamond_square(3, 1.0, rng(), borders="open")
    with pytest.raises(ValueError, match="levels"):
        random_surfaces.diamond_square(0, 1.0, rng())
    with pytest.raises(ValueError, match="H must"):
        random_surfaces.fractional_brownian_surface(9, 1.0, rng())


@pytest.mark.slow
@pytest.mark.parametrize("H", [0.05, 0.3, 0.75, 0.76, 0.9])
def test_fractional_surface_has_the_variogram_of_its_exponent(H):
    made = rng(3)
    z = np.array([random_surfaces.fractional_brownian_surface(17, H, made) for _ in range(3000)])
    for i, j in [
        ((0, 0), (0, 1)),
        ((16, 16), (15, 15)),
        ((0, 8), (16, 8)),
        ((0, 16), (16, 0)),
        ((3, 2), (7, 5)),
    ]:
        difference = z[(slice(None), *i)] - z[(slice(None), *j)]
        distance = np.hypot(i[0] - j[0], i[1] - j[1])
        assert (difference**2).mean() == pytest.approx(distance ** (2 * H), rel=0.11)
    assert not z[:, 0, 0].any()


@pytest.mark.parametrize("H", [0.02, 0.5, 0.75, 0.76, 0.99])
@pytest.mark.parametrize("n", [11, 25, 51])
def test_embedding_is_a_covariance(n, H):
    radius = 1.0 if H <= 0.75 else 2.0
    amplitude, plane, step = random_surfaces._spectrum(n, H)
    assert step * (n - 1) * np.sqrt(2) <= 1 + 1e-12
    d = step * np.minimum(np.arange(len(amplitude)), len(amplitude) - np.arange(len(amplitude)))
    covariance, _ = random_surfaces._stein_covariance(np.hypot(d[:, None], d), 2 * H, radius)
    np.testing.assert_allclose(np.fft.ifft2(amplitude**2).real * amplitude.size, covariance, atol=1e-9)
    assert plane > 0
