"""The toy walk over surfaces: what is shown, measured, and averaged."""

import numpy as np
import pytest
import xarray as xr
from sgdwalk.analyses import toy, toy_noiseless, toy_phases
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.landscapes import random_surfaces, surface_walks, walk_stages
from sgdwalk.landscapes.surface_files import read_heights
from sgdwalk.storage import netcdf
from sgdwalk.trajectory.student_mean import finite_mean, student_mean

SMALL = {"walkers": 8, "surfaces": 3, "steps": 100, "levels": 5, "smoothing": 2.0, "descent_lag": 5, "basin_lag": 20}


@pytest.mark.parametrize("name", ["fractal", "random", "flat", "given"])
def test_the_result_satisfies_its_contract_and_is_reproducible(name, tmp_path):
    heights = np.random.default_rng(0).standard_normal((20, 20))
    xr.Dataset({"surface": (("x", "y"), heights)}).to_netcdf(tmp_path / "mine.nc")
    given = SMALL | {"surface_file": str(tmp_path / "mine.nc"), "landscape": name}
    first, again = (toy.compute(seed=3, **given) for _ in range(2))
    assert first.identical(again)
    assert not first.position.equals(toy.compute(seed=4, **given).position)
    netcdf.write(first, tmp_path / "toy.nc", toy.CONTRACT, {})
    np.testing.assert_allclose(
        first.loss, surface_walks.interpolate(first.surface.values, first.position.values), atol=1e-5
    )
    assert (first.sizes["replicate"], first.sizes["start"], first.sizes["stage"]) == (3, 2, 5)
    if name == "given":
        np.testing.assert_allclose(first.surface, heights, rtol=1e-6)
    if name == "flat":
        assert np.isnan([first.alpha, first.kurtosis, first.ratio_share]).all()
        assert first.status == "all zeros"
    else:
        assert first.gradient_density.sum() * np.diff(first.gradient_bin)[0] == pytest.approx(1, abs=0.01)
        assert first.alpha_low < first.alpha < first.alpha_high


def test_each_surface_is_measured_as_one_by_hand():
    found = toy.compute(landscape="fractal", seed=5, hurst=0.8, start_positions=[[0.5, 0.5]], **SMALL)
    assert list(found.start.values) == ["random", "high", "given"]
    for k in (0, 2):
        surface, start, noise = (np.random.default_rng([5, k, purpose]) for purpose in range(3))
        heights = random_surfaces.landscape("fractal", 5, surface, hurst=0.8)
        begin = [surface_walks.starts(kind, heights, 8, start, [[0.5, 0.5]]) for kind in found.start.values]
        path, gradient = surface_walks.walk(heights, np.concatenate(begin), 100, 0.02, 0.01, noise)
        for n, part in enumerate(np.split(path, 3)):
            one = walk_stages.measure(part, *walk_stages.entries(part, 0.3), 5, 20)
            np.testing.assert_array_equal(found.exponent_each[k, n], one.exponent)
        single = gradient[1, :, 0]
        ratio = (
            stable.fit(single).log_likelihood
            - np.log(
                np.exp(-((single - single.mean()) ** 2) / (2 * single.var())) / np.sqrt(2 * np.pi * single.var())
            ).sum()
        )
        assert found.likelihood_ratio[k, 1, 0] == pytest.approx(ratio)
        pooled = gradient[:8].ravel()
        assert found.kurtosis_each[k] == pytest.approx(((pooled - pooled.mean()) ** 4).mean() / pooled.var() ** 2)
        assert found.alpha_each[k] == stable.fit(pooled).alpha
    mean, _, half = student_mean(found.exponent_each.sel(start="high", stage="whole").values)
    whole = found.sel(start="high", stage="whole")
    np.testing.assert_allclose(
        [whole.exponent, whole.exponent_low, whole.exponent_high], mean + half * np.array([0, -1, 1])
    )
    assert (found.position[:, 0] != 0.5).all()  # what is shown starts at random


def test_landscapes_of_one_seed_share_starts_and_noise():
    flat, convex = (toy.compute(landscape=name, seed=1, **SMALL) for name in ("flat", "convex"))
    np.testing.assert_array_equal(flat.position[:, 0], convex.position[:, 0])
    kick = np.diff(flat.position, axis=1)[:, 0]
    felt = np.diff(convex.position, axis=1)[:, 0] + 0.02 * convex.gradient.values[:, 0]
    inside = np.abs(convex.position.values[:, 1]).max(axis=1) < 0.99
    np.testing.assert_allclose(kick[inside], felt[inside], atol=1e-12)


def test_periodic_walls_show_positions_in_the_square_and_measure_unfolded_paths():
    found = toy.compute(landscape="flat", walls="periodic", **SMALL | {"noise": 0.2, "walkers": 40})
    assert np.abs(found.position).max() <= 1
    assert float(found.exponent.sel(start="random", stage="whole")) == pytest.approx(1, abs=0.05)


def test_convex_walkers_roll_superdiffusively_and_settle():
    found = toy.compute(landscape="convex", levels=6, surfaces=2).sel(start="random")
    rolling, settled = found.exponent.sel(stage="descent"), found.exponent.sel(stage="basin")
    assert rolling > 1.5 > 1 > settled
    assert np.linalg.norm(found.position[:, -1], axis=-1).max() < 0.4


def test_means_are_over_what_is_finite_and_nan_where_that_is_little():
    values = np.array([[1.0, np.nan, 2.0], [3.0, np.nan, np.nan], [8.0, 1.0, 4.0]])
    mean, half = finite_mean(values)
    np.testing.assert_allclose(mean, [4, np.nan, 3])
    np.testing.assert_allclose(half[0], student_mean(values[:, 0])[2])
    assert np.isnan(half[1])


@pytest.mark.parametrize(
    "variables", [None, {"height": (("x", "y"), np.zeros((9, 9)))}, {"surface": (("x", "y"), np.zeros((9, 8)))}]
)
def test_a_file_without_heights_is_refused_by_name(variables, tmp_path):
    path = tmp_path / "mine.nc"
    if variables:
        xr.Dataset(variables).to_netcdf(path)
    with pytest.raises(ValueError, match=r"surface_file = '.*mine.nc': must be a NetCDF file with a variable surface"):
        read_heights(str(path))


def test_phases_are_the_toy_walk_by_hurst_exponent_and_step_size(tmp_path):
    small = {"surfaces": 2, "walkers": 12, "steps": 150, "levels": 5, "descent_lag": 5, "basin_lag": 10, "seed": 2}
    found = toy_phases.compute(hurst=[1.2, 0.6], step_sizes=[0.05, 0.01], **small)
    netcdf.write(found, tmp_path / "phases.nc", toy_phases.CONTRACT, {})
    assert (list(found.hurst), list(found.step_size)) == ([0.6, 1.2], [0.01, 0.05])
    rough = random_surfaces.landscape("fractal", 5, np.random.default_rng([2, 1, 0]), hurst=0.6)
    for name, surface in (("value", rough), ("null", random_surfaces.convex(rough))):
        rng = np.random.default_rng([2, 1, 1])
        start = surface_walks.starts("random", surface, 24, rng)
        path, gradient = surface_walks.walk(surface, start, 150, np.repeat([0.01, 0.05], 12), 0.01, rng)
        one = walk_stages.measure(path[12:], *walk_stages.entries(path[12:], 0.3), 5, 10)
        alpha = stable.fit(gradient[12:].ravel()[::5]).alpha
        each = found[f"{name}_each"].sel(replicate=1, hurst=0.6, step_size=0.05)
        np.testing.assert_array_equal(each, [one.exponent[0], one.exponent[2], alpha])
    np.testing.assert_allclose(found.contrast_each, found.value_each - found.null_each)
    np.testing.assert_allclose(found.height_sd[0], np.mean([rough.std(), _height_sd(0)]))
    assert found.null.sel(quantity="descent").values.min() > 1.4


def _height_sd(k):
    return random_surfaces.landscape("fractal", 5, np.random.default_rng([2, k, 0]), hurst=0.6).std()


def test_noiseless_walks_are_gradient_descent_in_grid_steps_written_out(tmp_path):
    small = {"surfaces": 2, "walkers": 3, "steps": 24, "levels": 5, "seed": 4}
    found = toy_noiseless.compute(hurst=[0.6, 0.3], learning_rates=[20.0, 10.0], **small)
    netcdf.write(found, tmp_path / "noiseless.nc", toy_noiseless.CONTRACT, {})
    rng = np.random.default_rng([4, 1, 1])
    heights = random_surfaces.fractional_brownian_surface(33, 0.6, rng) / 32**0.6
    begin = 16 * (surface_walks.starts("random", heights, 6, rng) + 1)
    slopes, walked = np.gradient(heights, edge_order=2), np.zeros((6, 24, 2))
    for k, here in enumerate(begin):
        sign, free = np.ones(2), np.zeros(2)
        for t in range(24):
            walked[k, t] = free
            i, j = np.minimum(here.astype(int), 31)
            weights = np.outer([1 - here[0] + i, here[0] - i], [1 - here[1] + j, here[1] - j])
            slope = np.array([(weights * part[i : i + 2, j : j + 2]).sum() for part in slopes])
            step = -(10.0 if k < 3 else 20.0) * slope
            here, free = here + step, free + sign * step
            while ((here < 0) | (here > 32)).any():
                sign = np.where((here < 0) | (here > 32), -sign, sign)
                here = np.where(here < 0, -here, np.where(here > 32, 64 - here, here))
    msd = np.array([((walked[:, 12 + n :] - walked[:, 12:-n]) ** 2).sum(-1).mean(1) for n in range(1, 11)])
    for rate, part in ((10.0, msd[:, :3]), (20.0, msd[:, 3:])):
        line = np.polyfit(np.log(np.arange(1, 11)), np.log(part.mean(axis=1)), 1)
        each = found.sel(replicate=1, hurst=0.6, learning_rate=rate)
        assert each.exponent_each == pytest.approx(line[0], abs=1e-6)
        assert each.resting_each == (part[0] < 1e-6).mean()


def test_noiseless_walkers_at_rest_are_counted():
    resting = toy_noiseless.compute(hurst=[0.9], learning_rates=[1e-9], surfaces=2, walkers=2, steps=50, levels=4)
    assert (float(resting.resting.squeeze()), float(resting.resting_high.squeeze())) == (1.0, 1.0)
    assert float(resting.resting_low.squeeze()) == pytest.approx(0.025**0.5)
