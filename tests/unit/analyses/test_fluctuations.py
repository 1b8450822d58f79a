import numpy as np
import pytest
import xarray as xr
from sgdwalk.analyses import fluctuations
from sgdwalk.heavy_tails import power_law_tail
from sgdwalk.storage import contracts, netcdf
from sgdwalk.storage.provenance import attributes


def training(loss):
    return xr.Dataset({"loss": ("step", np.asarray(loss, float))}, {"step": np.arange(len(loss))})


def test_against_a_slow_rewrite():
    loss = np.random.default_rng(0).standard_normal(150).cumsum()
    result = fluctuations.compute(training(loss), interval=20)
    contracts.check(result, fluctuations.CONTRACT)
    for t in range(149):
        assert float(result.loss_change[t]) == pytest.approx(abs(loss[t + 1] - loss[t]))
    assert np.isnan(result.loss_change[149])
    for t in range(150):
        part = loss[t - 10 : t + 10]
        if t < 10 or t + 10 > 150:
            assert np.isnan(result.moving_variance[t])
        else:
            assert float(result.moving_variance[t]) == pytest.approx(np.var(part, ddof=1))


def test_small_variances_are_accurate():
    wiggle = 1e-7 * np.random.default_rng(0).standard_normal(60)
    found = fluctuations.moving_variance(1e3 + wiggle, 60)
    assert np.nanmax(found) == pytest.approx(np.var(wiggle, ddof=1), rel=1e-5)


def test_avalanches_by_hand():
    loss = np.array([0, 0, 5, -3, -3, -3, -3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4.0])
    result = fluctuations.compute(training(loss), interval=5)  # changes 5, 8 and 7 pass one deviation, 2.7
    np.testing.assert_array_equal(result.avalanche_start, [1, 6])
    np.testing.assert_array_equal(result.avalanche_duration, [2, 1])
    np.testing.assert_array_equal(result.avalanche_size, [13, 7])


@pytest.mark.parametrize("loss", [np.full(30, np.nan), np.ones(30), [*np.ones(20), *np.full(10, np.nan)]])
@pytest.mark.filterwarnings("ignore:Degrees of freedom")
def test_a_file_without_avalanches_is_written_and_read(tmp_path, loss):
    result = fluctuations.compute(training(loss), interval=10)
    stamp = attributes({}, "code", "run", 0)
    netcdf.write(result, tmp_path / "f.nc", fluctuations.CONTRACT, stamp)
    assert netcdf.read(tmp_path / "f.nc").sizes["avalanche"] == 0


def test_a_run_shorter_than_the_interval_is_nan():
    assert fluctuations.compute(training(np.arange(5.0)), interval=10).moving_variance.isnull().all()


def test_tails_are_those_of_the_sizes_and_of_the_noise():
    rng = np.random.default_rng(1)
    data = training(rng.standard_t(2, 4000)).assign(noise_norm=("step", 2 + rng.exponential(size=4000)))
    data["noise_norm"][:500] = np.nan
    result = fluctuations.compute(data)
    contracts.check(result, fluctuations.CONTRACT)
    for prefix, x in (("size", result.avalanche_size.values), ("noise", data.noise_norm.values)):
        for name, value in vars(power_law_tail.fit(x)).items():
            assert result[f"{prefix}_{name}"] == value
    assert result.size_status == result.noise_status == "ok"
    assert result.noise_ratio < 0


def test_tails_that_cannot_be_fitted_have_a_status():
    result = fluctuations.compute(training(np.random.default_rng(0).normal(size=100)))
    assert (result.size_status, result.noise_status) == ("too few points", "too few points")
    assert np.isnan(result.size_exponent)
    assert np.isnan(result.noise_exponent)
