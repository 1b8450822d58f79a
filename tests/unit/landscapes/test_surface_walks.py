"""Walkers on a surface against the equation, a closed form, and other ways to write the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgdwalk.landscapes import surface_walks

X = np.linspace(-1, 1, 65)
FLAT = np.zeros((9, 9))


def rng(seed=0):
    return np.random.default_rng(seed)


def paraboloid(k):
    return k * (X[:, None] ** 2 + X**2) / 2


def bilinear(surface, x, y):
    """Bilinear surface at one point, written out."""
    h = 2 / (len(surface) - 1)
    i, j = (min(int((c + 1) / h), len(surface) - 2) for c in (x, y))
    a, b = (x + 1) / h - i, (y + 1) / h - j
    low = surface[i, j] * (1 - b) + surface[i, j + 1] * b
    high = surface[i + 1, j] * (1 - b) + surface[i + 1, j + 1] * b
    return low * (1 - a) + high * a


def test_interpolation_against_the_bilinear_surface():
    surface, points = rng().standard_normal((17, 17)), rng(1).uniform(-1, 1, (30, 2))
    points[:4] = [[1, 1], [-1, -1], [1, -1], [0.5, 1]]
    expected = [bilinear(surface, x, y) for x, y in points]
    np.testing.assert_allclose(surface_walks.interpolate(surface, points), expected, atol=1e-12)


@pytest.mark.parametrize("width", [None, 0.25, 0.01])
def test_gradient_against_differences_of_the_bilinear_surface(width):
    surface, h = rng().standard_normal((17, 17)), (width or 0.25) / 2
    slope = surface_walks.gradients(surface) if width is None else surface_walks.wide_differences(surface, width)
    points = rng(2).uniform(-1 + h, 1 - h, (30, 2))
    for (x, y), found in zip(points, slope(surface_walks.as_complex(points)), strict=True):
        along_x = (bilinear(surface, x + h, y) - bilinear(surface, x - h, y)) / (2 * h)
        along_y = (bilinear(surface, x, y + h) - bilinear(surface, x, y - h)) / (2 * h)
        assert found == pytest.approx(along_x + 1j * along_y, abs=1e-9)


def test_wide_differences_at_a_wall_are_over_what_lies_inside():
    slope = surface_walks.wide_differences(2 * X[:, None] - 3 * X, 0.1)
    np.testing.assert_allclose(slope(np.array([1 + 1j, -1 - 1j, 0.97 + 0j])), 2 - 3j, atol=1e-12)


@pytest.mark.parametrize("width", [None, 0.02])
def test_noiseless_descent_of_a_paraboloid_has_its_closed_form(width):
    start = np.array([[0.9, -0.8], [-0.3, 0.77], [0.0, 0.013]])
    k, eta = 3.0, np.array([0.05, 0.02, 0.1])
    surface = paraboloid(k)
    position, gradient = surface_walks.walk(surface, start, 60, eta, 0.0, rng(), difference_width=width)
    expected = start[:, None] * (1 - eta * k)[:, None, None] ** np.arange(60)[:, None]
    tolerance = 1e-12 if width is None else 0.03  # a bilinear surface is a paraboloid at its grid points only
    np.testing.assert_allclose(position, expected, atol=tolerance)
    np.testing.assert_allclose(gradient, k * expected, atol=10 * tolerance)


def test_noisy_walk_on_a_paraboloid_has_the_variance_of_the_discrete_process():
    k, eta, noise = 4.0, 0.1, 0.05
    position, _ = surface_walks.walk(paraboloid(k), np.zeros((400, 2)), 300, eta, noise, rng(1))
    settled, rate = position[:, 50:], 1 - eta * k
    assert settled.var() == pytest.approx(noise**2 / (1 - rate**2), rel=0.02)
    assert (settled[:, 1:] * settled[:, :-1]).mean() / settled.var() == pytest.approx(rate, abs=0.01)
    assert abs((settled[..., 0] * settled[..., 1]).mean()) < 0.03 * settled.var()


@given(st.floats(-30, 30))
def test_reflection_is_repeated_mirroring(x):
    folded = x
    while abs(folded) > 1:
        folded = 2 - folded if folded > 1 else -2 - folded
    assert surface_walks.reflect(np.array([x])) == pytest.approx(folded, abs=1e-12)
    assert surface_walks.reflect(np.array([x - 1j * x])) == pytest.approx(folded - 1j * folded, abs=1e-12)


@pytest.mark.parametrize("walls", ["reflect", "redraw", "stop"])
def test_walkers_stay_inside_the_walls_and_none_is_dropped(walls):
    steep = 50 * rng().standard_normal((33, 33))
    start = rng(1).uniform(-1, 1, (20, 2))
    position, gradient = surface_walks.walk(steep, start, 200, 0.02, 0.5, rng(2), walls=walls)
    assert position.shape == gradient.shape == (20, 200, 2)
    assert np.abs(position).max() <= 1
    assert np.isfinite(gradient).all()


def test_walkers_that_stop_have_walked_as_the_others_until_then():
    start = rng(1).uniform(-1, 1, (50, 2))
    stopped, free = (
        surface_walks.walk(FLAT, start, 100, 0.1, 0.1, rng(2), walls=walls)[0] for walls in ("stop", "periodic")
    )
    outside = (np.abs(free) > 1).any(axis=2)
    for k in range(50):
        first = outside[k].argmax() if outside[k].any() else 100
        np.testing.assert_array_equal(stopped[k, :first], free[k, :first])
        assert (stopped[k, first:] == stopped[k, first - 1]).all()
    assert 10 < outside.any(axis=1).sum() < 50


def test_redrawn_noise_is_a_gaussian_cut_at_the_walls():
    start = np.full((4000, 2), 1 - 1e-9)
    position, _ = surface_walks.walk(FLAT, start, 2, 0.1, 0.3, rng(), walls="redraw")
    away = 1 - position[:, 1]
    assert away.min() > 0
    assert away.mean() == pytest.approx(0.3 * np.sqrt(2 / np.pi), rel=0.03)
    trapped, _ = surface_walks.walk(50 * X[:, None] + 0 * X, np.zeros((3, 2)), 4, 1.0, 0.1, rng(), walls="redraw")
    assert not trapped.any()  # the slope alone leads outside, and no noise brings a walker back: it stays


def test_a_periodic_path_is_unfolded_and_feels_the_wrapped_surface():
    wave = np.cos(np.pi * X)[:, None] * np.cos(np.pi * X)
    start = rng().uniform(-1, 1, (30, 2))
    path, gradient = surface_walks.walk(wave, start, 400, 0.02, 0.1, rng(1), walls="periodic")
    assert np.abs(path).max() > 2
    again = surface_walks.gradients(wave)(surface_walks.as_complex(surface_walks.wrap(path)))
    np.testing.assert_allclose(surface_walks.as_complex(gradient), again, atol=1e-12)
    free, _ = surface_walks.walk(FLAT, start, 400, 0.02, 0.1, rng(2), walls="periodic")
    moved = ((free[:, 300:] - free[:, :100]) ** 2).mean()
    assert moved == pytest.approx(300 * 0.1**2, rel=0.2)  # free diffusion: no wall is felt


def test_blocks_of_walkers_change_nothing_without_noise(monkeypatch):
    surface, start = rng().standard_normal((17, 17)), rng(1).uniform(-1, 1, (7, 2))
    whole = surface_walks.walk(surface, start, 20, 0.01, 0.0, rng())
    monkeypatch.setattr(surface_walks, "BLOCK", 3)
    for one, other in zip(whole, surface_walks.walk(surface, start, 20, 0.01, 0.0, rng()), strict=True):
        np.testing.assert_array_equal(one, other)


def test_starts():
    surface = rng().standard_normal((33, 33))
    free = surface_walks.starts("random", surface, 4000, rng())
    assert free.var() == pytest.approx(1 / 3, rel=0.05)
    high = surface_walks.starts("high", surface, 500, rng())
    nearest = np.round((high + 1) * 16).astype(int)
    assert (surface[nearest[:, 0], nearest[:, 1]] >= np.quantile(surface, 0.9)).all()
    assert len(np.unique(high[:, 0])) > 450
    given = surface_walks.starts("given", surface, 3, rng(), [[0.1, 0.2], [0.3, 0.4]])
    assert given.tolist() == [[0.1, 0.2], [0.3, 0.4], [0.1, 0.2]]


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match="walls = 'open': must be one of reflect, redraw, stop, periodic"):
        surface_walks.walk(FLAT, np.zeros((1, 2)), 2, 0.1, 0.1, rng(), walls="open")
    with pytest.raises(ValueError, match="starts = 'given' with 0 positions"):
        surface_walks.starts("given", FLAT, 3, rng())


def test_an_unfolded_path_is_the_walk_on_the_mirrored_surface():
    step = rng(5).normal(0, 0.7, (4, 80, 2))
    folded, sign, free = np.zeros((4, 80, 2)), np.ones((4, 2)), np.zeros((4, 80, 2))
    here, there = rng(6).uniform(-1, 1, (4, 2)), np.zeros((4, 2))
    for t in range(80):
        folded[:, t], free[:, t] = here, there
        there = there + sign * step[:, t]
        moved = here + step[:, t]
        while (np.abs(moved) > 1).any():
            low, high = moved < -1, moved > 1
            sign = np.where(low | high, -sign, sign)
            moved = np.where(low, -2 - moved, np.where(high, 2 - moved, moved))
        here = moved
    np.testing.assert_allclose(surface_walks.unfold(folded, step), free, atol=1e-12)
