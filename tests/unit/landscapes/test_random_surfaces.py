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
    heights = random_surfaces.diamond_square(levels, 3.0, rng(seed))
    assert heights.shape == (2**levels + 1, 2**levels + 1)
    assert not np.concatenate([heights[0], heights[-1], heights[:, 0], heights[:, -1]]).any()
    assert heights[1:-1, 1:-1].all()
    np.testing.assert_array_equal(heights, random_surfaces.diamond_square(levels, 3.0, rng(seed)))


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


def test_diamond_square_displaces_by_a_uniform_width_that_halves_per_level():
    heights = random_surfaces.diamond_square(7, 3.0, rng())
    for level in range(7):
        width = 3.0 / 2**level
        found = displacements(heights, 2 ** (7 - level))
        assert np.abs(found).max() <= width / 2
        if level >= 3:
            assert found.std() == pytest.approx(width / np.sqrt(12), rel=0.1)
            assert abs(found.mean()) < 4 * width / np.sqrt(12 * len(found))


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


def test_convex_is_a_paraboloid_as_high_as_the_fractal_surface():
    heights = random_surfaces.diamond_square(6, 3.0, rng())
    bowl = random_surfaces.convex(heights)
    assert bowl.std() == pytest.approx(heights.std())
    curvature = np.diff(bowl, 2, axis=0) * 32**2
    np.testing.assert_allclose(curvature, curvature[0, 0], rtol=1e-9)
    np.testing.assert_allclose(bowl, bowl.T)
    assert bowl.min() == bowl[32, 32] == 0


@pytest.mark.parametrize("name", random_surfaces.LANDSCAPES)
def test_landscape_is_made_from_the_same_fractal_surface(name):
    heights = random_surfaces.diamond_square(5, 3.0, rng(7))
    again = random_surfaces.landscape(name, 5, 3.0, 2.0, rng(7))
    spread = {"fractal": heights.std(), "convex": heights.std(), "random": heights.std() / 7}
    assert again.std() == pytest.approx(spread[name], rel=0.15)
    assert np.array_equal(again, heights) == (name == "fractal")


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match="flat"):
        random_surfaces.landscape("flat", 3, 1.0, 1.0, rng())
    with pytest.raises(ValueError, match="levels"):
        random_surfaces.diamond_square(0, 1.0, rng())
    with pytest.raises(ValueError, match="H must"):
        random_surfaces.fractional_brownian_surface(9, 1.0, rng())


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
