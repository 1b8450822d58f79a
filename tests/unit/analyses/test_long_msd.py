import numpy as np
import pytest
import xarray as xr
from sgdwalk.analyses import long_msd
from sgdwalk.storage import contracts
from sgdwalk.trajectory import mean_squared_displacement, scaling_fits
from walks import fbm, slow_msd


def sketch_of(walk, components, rng=None):
    """sketch.nc of a walk [step, parameter] by a Gaussian projection, or of the walk itself."""
    points, error = walk - walk[0], 0.0
    if rng is not None:
        points = points @ rng.standard_normal((walk.shape[1], components)) / np.sqrt(components)
        error = np.sqrt(2 / components)
    return xr.Dataset(
        {"projection": (("step", "component"), points), "relative_error": ((), error)},
        coords={"step": np.arange(len(walk))},
    )


def test_msd_of_an_exact_projection_against_a_double_loop(monkeypatch):
    monkeypatch.setattr(mean_squared_displacement, "BLOCK", 5 * 7)
    walk = fbm(0.6, 60, 5, np.random.default_rng(0))
    result = long_msd.compute(sketch_of(walk, 5))
    contracts.check(result, long_msd.CONTRACT)
    assert (result.lag[0], result.lag[-1]) == (1, 59)
    np.testing.assert_allclose(result.msd, [slow_msd(walk, lag) for lag in result.lag.values], rtol=1e-10)
    np.testing.assert_allclose(result.msd_low, result.msd)


@pytest.mark.parametrize("H", [0.3, 0.75])
def test_exponent_over_the_whole_run(H):
    walk = fbm(H, 800, 200, np.random.default_rng(0))
    result = long_msd.compute(sketch_of(walk, 200))
    np.testing.assert_allclose(result.local_exponent.sel(lag=slice(2, 100)), 2 * H, atol=0.1)


@pytest.mark.parametrize("dimensions", [1, 4, 400])
def test_the_band_covers_the_exact_curve_and_is_not_too_wide(dimensions):
    # 60 sketches of one walk: the scatter of their MSDs is known to 9 %; in 400 dimensions the band may be wider
    walk = fbm(0.5, 200, dimensions, np.random.default_rng(1))
    components, lags = 64, scaling_fits.log_lags(199, 1)
    exact = np.array([slow_msd(walk, lag) for lag in lags])
    wide = np.concatenate([walk, np.zeros((200, 400 - dimensions))], axis=1)
    sketches = [sketch_of(wide, components, np.random.default_rng([s, 2])) for s in range(60)]
    found = xr.concat([long_msd.compute(sketch, per_decade=1) for sketch in sketches], "sketch")
    scatter = (found.msd / exact).std("sketch")
    error = found.relative_error.mean("sketch")
    assert (found.relative_error <= np.sqrt(2 / components) * (1 + 1e-12)).all()
    assert (error > 0.75 * scatter).all()
    if dimensions < 10:
        np.testing.assert_allclose(error, scatter, rtol=0.3)
    held = ((found.msd_low <= exact) & (exact <= found.msd_high)).mean("sketch")
    assert (held > 0.85).all()  # 95 % minus three binomial deviations


def test_a_diverged_run_is_measured_up_to_the_divergence():
    data = sketch_of(fbm(0.5, 50, 5, np.random.default_rng(0)), 5)
    data.projection[30:] = np.nan
    result = long_msd.compute(data)
    assert result.lag[-1] == 29
    assert np.isfinite(result.msd).all()


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_run_that_diverges_at_once_has_no_lags(left):
    data = sketch_of(fbm(0.5, 50, 5, np.random.default_rng(0)), 5)
    data.projection[left:] = np.nan
    result = long_msd.compute(data)
    contracts.check(result, long_msd.CONTRACT)
    assert result.sizes["lag"] == max(left - 1, 0)


def test_the_dimension_is_that_of_the_second_moment_of_all_increments():
    points = fbm(0.5, 40, 6, np.random.default_rng(0))
    moved = points[30:] - points[:-30]
    moment = moved.T @ moved / 10
    expected = np.trace(moment) ** 2 / (moment**2).sum()
    found = long_msd.second_moment_dimension(points, 30, np.random.default_rng(0))
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_run_without_a_sketch_is_refused():
    data = sketch_of(fbm(0.5, 50, 5, np.random.default_rng(0)), 5).isel(component=[])
    with pytest.raises(ValueError, match="must record a sketch"):
        long_msd.compute(data)


def test_the_last_lag_has_a_single_displacement():
    # all displacements over 59 steps are one: the second moment has one direction
    result = long_msd.compute(sketch_of(fbm(0.5, 60, 30, np.random.default_rng(0)), 30, np.random.default_rng(1)))
    assert float(result.sketch_dimension[-1]) == pytest.approx(1)
