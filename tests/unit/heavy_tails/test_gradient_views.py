import numpy as np
import pytest
import xarray as xr
from sgdwalk.analyses import tails
from sgdwalk.heavy_tails import alternatives, gradient_views
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.storage import netcdf

T, LAYERS, EPOCHS = 120, ["stem", "head"], 3


@pytest.fixture(scope="module")
def gradients():
    """Gaussian in each layer and at each parameter, of different scales; the last window has no gradients."""
    rng = np.random.default_rng(3)
    start = T * np.arange(3)
    layer = rng.normal(size=(3, 2, 900)) * np.array([1e-7, 1e-5])[:, None]
    layer[1, 0] = 0
    tracked = rng.normal(size=(3, T, 8)) * np.geomspace(1e-8, 1e-4, 8)
    tracked[1, :, 7] = stable.sample(T, 1.2, 0, 1e-5, rng=rng)
    tracked[1, :90, 3] = 0
    pool = np.concatenate([layer[0, 0], layer[0, 1]])
    pooled = np.stack([rng.permutation(pool) for _ in range(3)])
    pooled[2], layer[2], tracked[2] = np.nan, np.nan, np.nan
    return xr.Dataset(
        {
            "gradient": (("window", "sample"), pooled),
            "step": (("window", "sample"), np.sort(rng.integers(0, T, (3, 1800)), axis=1) + start[:, None]),
            "window_start": ("window", start),
            "window_steps": ("window", [T, T, T]),
            "layer_gradient": (("window", "layer", "layer_sample"), layer),
            "layer_step": (("window", "layer_sample"), np.sort(rng.integers(0, T, (3, 900)), axis=1) + start[:, None]),
            "tracked_gradient": (("window", "step_in_window", "tracked"), tracked),
            "tracked_parameter": ("tracked", np.arange(8)),
            "tracked_layer": ("tracked", [0, 0, 0, 0, 1, 1, 1, 1]),
            "epoch_step": ("epoch", [120, 240, 360]),
            "mean_gradient": (("epoch", "mean_sample"), rng.normal(size=(EPOCHS, 600))),
            "noise": (("epoch", "mean_sample"), stable.sample((EPOCHS, 600), 1.3, rng=rng)),
        },
        {"window": np.arange(3), "layer": LAYERS},
    )


@pytest.fixture(scope="module")
def result(gradients):
    return tails.compute(gradients, copies=15)


def test_pooling_layers_of_different_scales_creates_heavy_tails(result):
    """The three views disagree, and only the pool is heavy-tailed: the layers and the parameters are Gaussian."""
    assert result.alpha_high[0] < 1.5
    assert result.gaussian_p[0] < 0.0011
    assert (result.layer_alpha_high.values[0] == 2).all()
    assert result.time_alpha_high[0] == 2
    assert result.time_alpha[0] > 1.9
    assert np.nanmedian(result.tracked_alpha[0]) > 1.9


def test_the_mixture_by_layer_fits_pooled_gaussian_layers_better_than_the_stable_law(gradients, result):
    row = result.sel(window=0, rival="mixture")
    assert row.log_likelihood_ratio < -20
    assert row.vuong_z < -3
    x, spreads = gradients.gradient.values[0], gradients.layer_gradient.values[0].std(axis=1)
    fit = alternatives.scale_mixture(x, spreads)
    assert row.log_likelihood_ratio == pytest.approx(float(row.log_likelihood) - fit.log_likelihood.sum(), abs=1e-6)
    assert row.mixture_location == fit.parameters["location"]


def test_each_layer_is_fitted_separately_with_blocks_of_steps(gradients, result):
    x, step = gradients.layer_gradient.values[1, 1], gradients.layer_step.values[1]
    fit = stable.fit(x, blocks=(step - T) // 10)
    row = result.sel(window=1, layer="head")
    for name in ("alpha", "alpha_low", "alpha_high", "scale", "effective_number", "status"):
        assert row[f"layer_{name}"] == getattr(fit, name)
    dead = result.sel(window=1, layer="stem")
    assert dead.layer_status == "all zeros"
    assert dead.layer_zero_share == 1
    assert np.isnan(dead.layer_alpha)


def test_tracked_parameters_are_fitted_through_time(gradients, result):
    x = gradients.tracked_gradient.values[1]
    fit = stable.fit(x[:, 7], blocks=np.arange(T) // 10)
    assert result.tracked_alpha.values[1, 7] == fit.alpha < 1.6
    assert result.tracked_alpha_low.values[1, 7] == fit.alpha_low
    assert result.tracked_status.values[1, 3] == "too few points"  # 30 that are not zero
    assert result.tracked_zero_share.values[1, 3] == 0.75
    assert list(result.tracked_layer.values) == [0, 0, 0, 0, 1, 1, 1, 1]


def test_time_view_pools_parameters_in_their_own_scales(gradients, result):
    x = np.delete(gradients.tracked_gradient.values[1], 3, axis=1)
    low, middle, high = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
    z, blocks = (x - middle) / ((high - low) / 2), np.repeat(np.arange(T) // 10, 7)
    fit = stable.fit(z.ravel(), blocks=blocks)
    assert result.time_alpha.values[1] == pytest.approx(fit.alpha, abs=1e-6)
    assert result.time_alpha_low.values[1] == pytest.approx(fit.alpha_low, abs=1e-6)
    assert result.time_number.values[1] == 7 * T


def test_epochs_mean_and_noise(gradients, result):
    assert list(result.epoch_step.values) == [120, 240, 360]
    fit = stable.fit(gradients.noise.values[1])
    assert (result.noise_alpha.values[1], result.noise_alpha_low.values[1]) == (fit.alpha, fit.alpha_low)
    assert (result.noise_alpha < 1.6).all()
    assert (result.mean_alpha > 1.9).all()


def test_windows_without_gradients_have_a_status(result):
    last = result.isel(window=2)
    for name in ("status", "time_status"):
        assert last[name] == "not finite"
    assert set(last.layer_status.values) == set(last.tracked_status.values) == {"not finite"}
    for name in ("alpha", "time_alpha", "layer_alpha", "tracked_alpha"):
        assert np.isnan(last[name]).all()


def test_views_are_missing_or_nan_without_recorded_noise_and_layers(gradients, result):
    bare = gradients.drop_vars(["epoch_step", "mean_gradient", "noise"]).assign(
        layer_gradient=np.nan * gradients.layer_gradient
    )
    bare = tails.compute(bare, copies=15)
    assert not [name for name in bare.data_vars if name.startswith(("mean_", "noise_"))]
    assert np.isnan(bare.layer_alpha).all()
    assert np.isnan(bare.log_likelihood_ratio.sel(rival="mixture")).all()
    xr.testing.assert_equal(bare.alpha, result.alpha)


def test_a_file_is_read_as_it_was_written(result, tmp_path):
    netcdf.write(result, tmp_path / "tails.nc", tails.CONTRACT, {"code": "x"})
    back = netcdf.read(tmp_path / "tails.nc")
    assert list(back.layer.values) == LAYERS
    np.testing.assert_array_equal(back.layer_alpha, result.layer_alpha)


@pytest.mark.parametrize(
    ("x", "status"),
    [
        (np.full(80, np.nan), "not finite"),
        (np.append(np.arange(80.0), np.inf), "not finite"),
        (np.full(80, 2e-7), "constant"),
        (np.zeros(80), "all zeros"),
        (np.append(np.zeros(900), np.arange(1, 31)), "too few points"),
        ([], "not finite"),
    ],
)
def test_bad_samples_have_a_status_and_no_numbers(x, status):
    found = gradient_views.fitted(np.asarray(x, float))
    assert found["status"] == status
    assert np.isnan([found[name] for name in ("alpha", "alpha_low", "alpha_high", "scale", "effective_number")]).all()
