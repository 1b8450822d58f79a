from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgdwalk.analyses import toy
from sgdwalk.storage import netcdf
from walks import slow_msd

SMALL = {"walkers": 12, "steps": 300, "levels": 5, "smoothing": 2.0, "descent_lag": 5, "basin_lag": 20}
X = np.linspace(-1, 1, 65)


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


def test_interpolation_and_gradient_against_the_bilinear_surface():
    rng = np.random.default_rng(0)
    surface = rng.standard_normal((17, 17))
    h = 1 / 8
    points = rng.uniform(-1 + h, 1 - h, (30, 2))
    slopes = [toy.interpolate(s, points) for s in toy.gradients(surface)]
    for n, (x, y) in enumerate(points):
        assert toy.interpolate(surface, points)[n] == pytest.approx(bilinear(surface, x, y))
        along_x = (bilinear(surface, x + h, y) - bilinear(surface, x - h, y)) / (2 * h)
        along_y = (bilinear(surface, x, y + h) - bilinear(surface, x, y - h)) / (2 * h)
        assert slopes[0][n] == pytest.approx(along_x, abs=1e-9)
        assert slopes[1][n] == pytest.approx(along_y, abs=1e-9)


def test_noiseless_descent_of_a_paraboloid_has_its_closed_form():
    start = np.array([[0.9, -1.0], [-0.3, 0.77], [0.0, 0.013]])
    k, eta = 3.0, 0.05
    position, gradient = toy.walk(paraboloid(k), start, 60, eta, 0.0, np.random.default_rng(0))
    expected = start[:, None] * (1 - eta * k) ** np.arange(60)[:, None]
    np.testing.assert_allclose(position, expected, atol=1e-12)
    np.testing.assert_allclose(gradient, k * expected, atol=1e-11)


def test_noisy_walk_on_a_paraboloid_has_the_variance_of_the_discrete_process():
    k, eta, noise = 4.0, 0.1, 0.05
    start = np.zeros((400, 2))
    position, _ = toy.walk(paraboloid(k), start, 300, eta, noise, np.random.default_rng(1))
    settled = position[:, 50:]
    rate = 1 - eta * k
    assert settled.var() == pytest.approx(noise**2 / (1 - rate**2), rel=0.02)
    correlation = (settled[:, 1:] * settled[:, :-1]).mean() / settled.var()
    assert correlation == pytest.approx(rate, abs=0.01)


@given(st.floats(-30, 30))
def test_reflection_is_repeated_mirroring(x):
    folded = x
    while abs(folded) > 1:
        folded = 2 - folded if folded > 1 else -2 - folded
    assert toy.reflect(np.array(x)) == pytest.approx(folded, abs=1e-12)


def test_walkers_stay_inside_the_walls():
    rng = np.random.default_rng(0)
    steep = 50 * rng.standard_normal((33, 33))
    position, gradient = toy.walk(steep, rng.uniform(-1, 1, (20, 2)), 200, 0.02, 0.5, rng)
    assert np.abs(position).max() <= 1
    assert np.abs(position).max() > 0.95
    assert np.isfinite(gradient).all()


def test_entry_is_the_first_step_after_which_the_walker_stays():
    position = np.zeros((3, 100, 2))
    position[0, :37] = 0.5
    position[0, 10:20] = 0
    position[1, :, 0] = np.linspace(-1, 1, 100)
    position[2, 99] = 0.6
    inside = (position[1, -10:, 0].mean() - position[1, :, 0]) > 0.2
    assert toy.last_entry(position, 0.2).tolist() == [37, inside.sum(), 100]


def test_msd_of_each_stage_against_a_direct_loop():
    rng = np.random.default_rng(4)
    position = rng.standard_normal((9, 80, 2)).cumsum(axis=1)
    entry = np.array([0, 3, 10, 12, 20, 40, 50, 70, 80])
    found = toy.diffusion(position, entry, 5, 10, rng)
    parts = {
        "descent": [p[:e] for p, e in zip(position, entry, strict=True) if e >= 10],
        "basin": [p[e:] for p, e in zip(position, entry, strict=True) if 80 - e >= 20],
        "whole": list(position),
    }
    for stage, longest in [("descent", 5), ("basin", 10), ("whole", 10)]:
        at = found.sel(stage=stage)
        expected = [
            np.mean([slow_msd(p, lag) for p in parts[stage]]) if lag <= longest else np.nan for lag in found.lag.values
        ]
        np.testing.assert_allclose(at.msd, expected)
        assert (at.walkers_used, at.first_lag, at.last_lag) == (len(parts[stage]), 1, longest)


def test_exponents_of_ballistic_and_brownian_walkers():
    rng = np.random.default_rng(2)
    time = np.arange(400)[:, None]
    ballistic = rng.standard_normal((20, 1, 2)) * time
    fast = toy.diffusion(ballistic, np.full(20, 200), 20, 40, rng)
    np.testing.assert_allclose(fast.exponent, 2)
    np.testing.assert_allclose(fast.exponent_high - fast.exponent_low, 0, atol=1e-9)
    brownian = rng.standard_normal((60, 400, 2)).cumsum(axis=1)
    free = toy.diffusion(brownian, np.full(60, 200), 20, 40, rng)
    assert (free.exponent_low < 1).all()
    assert (free.exponent_high > 1).all()
    assert (free.exponent_high - free.exponent_low < 0.3).all()


def test_a_stage_of_too_few_walkers_is_nan():
    rng = np.random.default_rng(2)
    position = rng.standard_normal((8, 60, 2))
    found = toy.diffusion(position, np.array([0, 0, 0, 0, 30, 30, 30, 30]), 10, 10, rng)
    descent = found.sel(stage="descent")
    assert descent.walkers_used == 4
    assert np.isnan([descent.exponent, descent.exponent_low, *descent.msd]).all()
    assert np.isfinite(found.sel(stage=["basin", "whole"]).exponent).all()


def test_stages_create_no_anomalous_exponent_on_a_flat_surface():
    rng = np.random.default_rng(0)
    position, _ = toy.walk(np.zeros((9, 9)), rng.uniform(-1, 1, (100, 2)), 1000, 0.02, 0.01, rng)
    found = toy.diffusion(position, toy.last_entry(position, 0.3), 20, 100, rng)
    np.testing.assert_allclose(found.exponent, 1, atol=0.05)


@pytest.mark.parametrize("name", ["fractal", "random", "convex"])
def test_the_result_satisfies_its_contract_and_is_reproducible(name, tmp_path):
    first, again = (toy.compute(landscape=name, seed=3, **SMALL) for _ in range(2))
    assert first.identical(again)
    assert not first.position.equals(toy.compute(landscape=name, seed=4, **SMALL).position)
    netcdf.write(first, tmp_path / "toy.nc", toy.CONTRACT, {})
    assert first.surface.dtype == np.float32
    np.testing.assert_allclose(first.loss, toy.interpolate(first.surface.values, first.position.values), atol=1e-5)
    bin_width = np.diff(first.gradient_bin)[0]
    assert first.gradient_density.sum() * bin_width == pytest.approx(1)
    assert 0 < first.alpha_low <= first.alpha <= first.alpha_high <= 2


def test_walk_follows_its_equation_step_by_step():
    found = toy.compute(landscape="fractal", seed=5, noise=0.0, **SMALL)
    step = toy.reflect(found.position.values - 0.02 * found.gradient.values)
    np.testing.assert_allclose(step[:, :-1], found.position.values[:, 1:], atol=1e-12)
    assert len(np.unique(found.position.values[:, 0])) == 2 * SMALL["walkers"]


def test_convex_walkers_roll_superdiffusively_and_settle():
    found = toy.compute(landscape="convex", levels=6)
    rolling, settled = found.exponent.sel(stage="descent"), found.exponent.sel(stage="basin")
    assert rolling > 1.5 > 1 > settled
    assert np.linalg.norm(found.position[:, -1], axis=-1).max() < 0.4


def test_tails_pool_all_gradients_with_walkers_as_blocks(monkeypatch):
    @dataclass
    class Fit:
        alpha: float = 1.5
        alpha_low: float = 1.4
        alpha_high: float = 1.6
        scale: float = 1.0
        location: float = 0.0
        status: str = "ok"

    seen = {}
    monkeypatch.setattr(toy.stable, "fit", lambda x, blocks: seen.update(x=x, blocks=blocks) or Fit())
    gradient = np.random.default_rng(0).standard_normal((7, 50, 2)) * np.arange(1, 8)[:, None, None]
    found = toy.tails(gradient)
    for label in range(7):
        np.testing.assert_array_equal(seen["x"][seen["blocks"] == label], gradient[label].ravel())
    assert found.alpha == 1.5
    centred = gradient - gradient.mean()
    assert found.kurtosis == pytest.approx((centred**4).mean() / gradient.var() ** 2)
