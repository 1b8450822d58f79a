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


@pytest.mark.slow
def test_tails_are_those_of_the_sizes_and_of_the_noise():
    rng = np.random.default_rng(1)
    data = training(rng.standard_t(2, 4000)).assign(noise_norm=("step", 2 + rng.exponential(size=4000)))
    data["noise_norm"][:500] = np.nan
    result = fluctuations.compute(data)
    contracts.check(result, fluctuations.CONTRACT)
    for prefix, x in (("size", result.avalanche_size.values), ("noise", data.noise_norm.values)):
        for name, value in vars(power_law_tail.fit(x, 100, 0)).items():
            assert result[f"{prefix}_{name}"] == value
    assert result.size_status == result.noise_status == "ok"
    assert result.noise_ratio < 0
    assert result.noise_lognormal_p < 0.01


def test_tails_that_cannot_be_fitted_have_a_status():
    result = fluctuations.compute(training(np.random.default_rng(0).normal(size=100)))
    assert (result.size_status, result.noise_status) == ("too few points", "too few points")
    assert np.isnan(result.size_exponent)
    assert np.isnan(result.noise_exponent)


@pytest.mark.slow
def test_independent_losses_have_the_exponent_of_shuffled_ones():
    # of Gaussian losses: 4.1, which is no sign of a power law
    inside, p = [], []
    for seed in range(12):
        result = fluctuations.compute(training(np.random.default_rng(seed).standard_normal(2500)), copies=40)
        assert 3 < result.size_exponent_null < 6
        inside.append(bool(result.size_exponent_null_low <= result.size_exponent <= result.size_exponent_null_high))
        p.append(float(result.size_lognormal_p))
    assert sum(inside) >= 9  # of 95 %, or of a little less in 40 copies
    assert np.mean(np.array(p) < 0.05) >= 0.5


def test_avalanches_whose_sizes_come_from_the_order_of_the_losses_differ_from_shuffled_ones():
    # quiet and loud stretches of Pareto-distributed lengths: an avalanche lasts as long as a loud one
    rng = np.random.default_rng(0)
    lengths = np.ceil(2 * (1 - rng.random(3000)) ** (-1 / 1.2)).astype(int)
    loud = np.repeat(np.arange(3000) % 2 == 0, np.minimum(lengths, 400))
    loss = np.where(loud, np.where(np.arange(len(loud)) % 2, 1.0, -1.0), 0) + 0.01 * rng.standard_normal(len(loud))
    result = fluctuations.compute(training(loss), copies=40)
    assert result.size_exponent < result.size_exponent_null_low


def test_the_null_by_hand():
    loss = np.random.default_rng(3).standard_t(3, 1500)
    loss[700] = np.nan
    result = fluctuations.compute(training(loss), copies=20, seed=5)
    rng, finite, found = np.random.default_rng(5), np.delete(loss, 700), []
    for _ in range(20):
        shuffled = rng.permutation(finite)
        change = np.abs(np.diff(shuffled))
        sizes, size = [], 0.0
        for value in [*change, 0.0]:
            if value > np.diff(shuffled).std():
                size += value
            elif size:
                sizes.append(size)
                size = 0.0
        found.append(power_law_tail.fit(sizes).exponent)
    assert float(result.size_exponent_null) == pytest.approx(np.median(found), rel=1e-6)
    assert float(result.size_exponent_null_high) == pytest.approx(np.quantile(found, 0.975), rel=1e-6)
