import numpy as np
import pytest
import xarray as xr
from scipy.stats import laplace, norm, t
from sgdwalk.analyses import tails
from sgdwalk.heavy_tails import alternatives
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.heavy_tails.stable import gaussian_edge
from sgdwalk.storage import contracts, netcdf

SAMPLES, STEPS = 3000, 100
ALPHA = {0: 1.3, 1: 1.8}


def pool(gradient, step, start, steps):
    """gradients.nc of windows of `steps` steps, with pooled gradients only."""
    windows = len(gradient)
    return xr.Dataset(
        {
            "gradient": (("window", "sample"), gradient),
            "step": (("window", "sample"), step),
            "window_start": ("window", start),
            "window_steps": ("window", np.full(windows, steps)),
            "layer_gradient": (("window", "layer", "layer_sample"), np.full((windows, 1, 60), np.nan)),
            "layer_step": (("window", "layer_sample"), step[:, :60]),
            "tracked_gradient": (("window", "step_in_window", "tracked"), np.full((windows, steps, 1), np.nan)),
            "tracked_parameter": ("tracked", [0]),
            "tracked_layer": ("tracked", ["all"]),
        },
        {"window": np.arange(windows), "layer": ["all"]},
    )


@pytest.fixture(scope="module")
def gradients():
    """Two stable windows, one with padding and zeros, then NaN only, zeros only, an infinity, a Gaussian."""
    rng = np.random.default_rng(4)
    g = np.stack([stable.sample(SAMPLES, ALPHA.get(w, 1.5), 0, 2e-6, 1e-6, rng) for w in range(6)])
    g[2, :500], g[2, 500:1500] = np.nan, 0
    g[3], g[4] = np.nan, 0
    g[5, 7] = np.inf
    g = np.vstack([g, 2e-6 * rng.normal(size=(1, SAMPLES))])
    start = STEPS * np.arange(7)
    step = np.sort(rng.integers(0, STEPS, (7, SAMPLES)), axis=1) + start[:, None]
    return pool(g.astype(np.float32), step, start, STEPS)


@pytest.fixture(scope="module")
def result(gradients):
    return tails.compute(gradients, copies=20)


def test_a_short_last_window_is_left_out(gradients):
    first = gradients.isel(window=slice(2)).assign(window_steps=("window", [STEPS, STEPS - 1]))
    assert tails.compute(first, copies=5).window.values.tolist() == [0]


def test_alpha_of_each_window_is_inside_its_interval(result):
    for window, alpha in {**ALPHA, 2: 1.5}.items():
        row = result.sel(window=window)
        assert row.alpha_low < alpha < row.alpha_high
        assert row.alpha_high - row.alpha_low < 0.25
        assert row.scale == pytest.approx(2e-6, rel=0.1)
        assert row.location == pytest.approx(1e-6, abs=2e-7)
        assert row.status == "ok"


def test_windows_without_a_fit_have_a_status(result):
    assert list(result.status.values[3:6]) == ["not finite", "all zeros", "not finite"]
    bad = result.isel(window=slice(3, 6))
    for name in [
        *tails.STABLE,
        *tails.SKEW,
        *tails.EDGE,
        *tails.ALTERNATIVE_PARAMETERS,
        "gradient_quantile",
        "law_quantile",
        "vuong_z",
        "log_likelihood_ratio",
        "density",
        "tail_density",
    ]:
        assert np.isnan(bad[name]).all(), name


def test_padding_is_dropped_and_zeros_are_counted(gradients, result):
    assert result.number.values[2] == SAMPLES - 1500
    assert result.zero_share.values[2] == pytest.approx(1000 / 2500)
    assert result.zero_share.values[4] == 1
    assert np.isnan(result.zero_share.values[3])
    g, s = gradients.gradient.values[2, 1500:].astype(float), gradients.step.values[2, 1500:]
    fit = stable.fit(g, blocks=(s - 200) // 10, copies=20)
    assert result.alpha.values[2] == fit.alpha
    assert result.alpha_low.values[2] == fit.alpha_low  # blocks of 10 steps, counted from the window's start
    assert result.effective_number.values[2] == fit.effective_number


def test_the_stable_law_wins_on_stable_data_and_the_gaussian_has_no_p(result):
    row = result.sel(window=0)
    assert (row.log_likelihood_ratio.sel(rival=["gaussian", "laplace"]) > 100).all()
    assert row.vuong_z.sel(rival="laplace") > 3
    assert row.vuong_p.sel(rival="laplace") < 0.01
    assert np.isnan(result.vuong_z.sel(rival="gaussian")).all()
    assert np.isnan(result.vuong_p.sel(rival="gaussian")).all()
    assert (result.gaussian_p.values[:3] < 0.0011).all()
    gauss = result.sel(window=6)
    assert gauss.gaussian_ratio < gauss.gaussian_critical
    assert gauss.gaussian_p > 0.05
    assert abs(gauss.log_likelihood_ratio.sel(rival="gaussian")) < 3  # nested: never far above nothing
    assert gauss.log_likelihood_ratio.sel(rival="laplace") > 50
    assert gauss.gaussian_scale == pytest.approx(2e-6, rel=0.05)


def test_skewness_is_that_of_the_general_fit(gradients, result):
    x, blocks = gradients.gradient.values[1].astype(float), (gradients.step.values[1] - 100) // 10
    fit = stable.fit(x, symmetric=False, blocks=blocks)
    row = result.sel(window=1)
    assert (row.beta, row.beta_low, row.beta_high) == (fit.beta, fit.beta_low, fit.beta_high)
    assert row.beta_low < 0 < row.beta_high


def test_the_test_of_the_gaussian_counts_dependent_gradients_once(gradients, result):
    """A second copy of every gradient in its step changes neither the ratio nor its critical value."""
    window = gradients.isel(window=[1])
    twice = xr.concat([window, window], "sample", data_vars="minimal")
    once, both = (tails.compute(data, copies=50).isel(window=0) for data in (window, twice))
    assert both.effective_number < 0.75 * both.number
    assert both.gaussian_ratio == pytest.approx(float(once.gaussian_ratio), rel=0.45)
    for row, x in ((once, window.gradient.values[0]), (both, twice.gradient.values[0])):
        ratio = 2 * (row.log_likelihood - gaussian_edge.gaussian(x.astype(float))) * row.effective_number / x.size
        assert row.gaussian_ratio == pytest.approx(float(ratio))
        assert row.gaussian_critical == gaussian_edge.critical_value(float(row.effective_number), 0.05)


def test_quantiles_are_those_of_data_and_laws(gradients, result):
    row, x = result.sel(window=0), gradients.gradient.values[0].astype(float)
    q, p = row.gradient_quantile * row.scale + row.location, result.probability.values
    np.testing.assert_allclose([np.mean(x <= v) for v in q.values], p, atol=1 / SAMPLES)
    own = row.law_quantile * row.scale + row.location
    found = stable.cdf(own.sel(law="stable"), float(row.alpha), 0, float(row.scale), float(row.location))
    np.testing.assert_allclose(found, p, rtol=1e-6)
    found = norm.cdf(own.sel(law="gaussian"), row.gaussian_location, row.gaussian_scale)
    np.testing.assert_allclose(found, p, rtol=1e-6)
    found = t.cdf(own.sel(law="student-t"), row.student_degrees, row.student_location, row.student_scale)
    np.testing.assert_allclose(found, p, rtol=1e-6)
    found = laplace.cdf(own.sel(law="laplace"), row.laplace_location, row.laplace_scale)
    np.testing.assert_allclose(found, p, rtol=1e-6)


def test_ratios_are_those_of_the_fits(gradients, result):
    x = gradients.gradient.values[0].astype(float)
    row = result.sel(window=0)
    own = stable.logpdf(x, float(row.alpha), 0, float(row.scale), float(row.location))
    assert row.log_likelihood == pytest.approx(own.sum(), abs=1e-5)
    student = alternatives.student_t(x)
    assert row.student_degrees == student.parameters["degrees"]
    ratio = own.sum() - student.log_likelihood.sum()
    assert row.log_likelihood_ratio.sel(rival="student-t") == pytest.approx(ratio, abs=1e-5)
    blocks = gradients.step.values[0] // 10
    test = alternatives.vuong(own, student.log_likelihood, 3, 3, blocks)
    assert row.vuong_z.sel(rival="student-t") == pytest.approx(test.z, rel=1e-6)


def test_histograms_are_normalised_by_all_values_including_those_outside(gradients, result):
    row = result.sel(window=0)
    z = (gradients.gradient.values[0].astype(float) - float(row.location)) / float(row.scale)
    inside = np.mean(np.abs(z) <= tails.CORE)
    assert inside < 0.99
    assert row.density.sum() * 2 * tails.CORE / row.sizes["bin"] == pytest.approx(inside, rel=1e-12)


def test_histograms_are_densities_of_the_law_of_scale_one(result):
    """Each bin within 5 sd of the count that the law of alpha puts there."""
    width = result.bin.values[1] - result.bin.values[0]
    edges = np.append(result.bin.values - width / 2, result.bin.values[-1] + width / 2)
    ratio = (result.tail_bin.values[1] / result.tail_bin.values[0]) ** 0.5
    tail_edges = np.append(result.tail_bin.values / ratio, result.tail_bin.values[-1] * ratio)
    for window, alpha in ALPHA.items():
        for name, e, factor in [("density", edges, 1), ("tail_density", tail_edges, 2)]:
            expected = SAMPLES * factor * np.diff(stable.cdf(e, alpha))
            found = SAMPLES * result[name].sel(window=window).values * np.diff(e)
            assert (np.abs(found - expected) < 5 * np.sqrt(expected) + 3).all(), name


def test_gradients_correlated_within_a_minibatch_reduce_the_effective_number():
    """Steps that share a scale: the interval must know that 100 steps are not 4000 samples."""
    rng = np.random.default_rng(1)
    step = np.repeat(np.arange(400), 10)
    g = stable.sample(4000, 1.5, rng=rng) * np.exp(rng.normal(size=400))[step]

    def effective(steps):
        return float(tails.compute(pool(g[None], steps[None], [0], 400)).effective_number[0])

    assert effective(step) < 0.75 * effective(rng.permutation(step))


def test_a_file_is_read_as_it_was_written(result, tmp_path):
    netcdf.write(result, tmp_path / "tails.nc", tails.CONTRACT, {"code": "x"})
    back = xr.load_dataset(tmp_path / "tails.nc")
    contracts.check(back, tails.CONTRACT)
    assert list(back.status.values) == list(result.status.values)
    xr.testing.assert_equal(back.drop_vars("status"), result.drop_vars("status"))
    assert all(back[name].attrs["units"] for name in back.variables)
