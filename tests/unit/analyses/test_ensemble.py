import numpy as np
import pytest
from scipy.stats import chi2
from scipy.stats import t as student
from sgdwalk.analyses import ensemble, msd
from sgdwalk.storage import contracts
from sgdwalk.trajectory import mean_squared_displacement
from walks import distances_of, diverge, fbm

FAST = {"copies": 20}


def runs(count, *, dimensions=8, diverged=None):
    found = []
    for seed in range(count):
        data = distances_of(*(fbm(0.5, 60, dimensions, np.random.default_rng([seed, w])) for w in range(2)))
        data = diverge(data, 1) if seed == diverged else data
        found.append(msd.compute(data, **FAST).assign_attrs(run=f"s{seed}"))
    return found


def test_averages_and_ergodicity_breaking_against_their_formulas():
    parts = runs(5)
    result = ensemble.compute(parts)
    contracts.check(result, ensemble.CONTRACT)
    curves = np.stack([part.msd.values for part in parts])
    mean = curves.mean(0)
    eb = ((curves - mean) ** 2).sum(0) / 4 / mean**2
    np.testing.assert_allclose(result.ergodicity_breaking, eb, rtol=1e-12)
    np.testing.assert_allclose(result.mean_time_averaged, mean, rtol=1e-12)
    np.testing.assert_allclose(result.ensemble_averaged, np.mean([p.msd_from_start for p in parts], axis=0))
    np.testing.assert_array_equal(result.time_averaged, curves)
    assert list(result.run.values) == ["s0", "s1", "s2", "s3", "s4"]


def test_interval_between_seeds_is_that_of_student():
    parts = runs(4)
    result = ensemble.compute(parts).sel(fit="whole")
    values = np.array([float(part.exponent.sel(fit="whole")[0]) for part in parts])
    half = student.ppf(0.975, 3) * values.std(ddof=1) / 2
    assert float(result.exponent[0]) == pytest.approx(values.mean())
    assert float(result.exponent_low[0]) == pytest.approx(values.mean() - half)
    assert float(result.exponent_high[0]) == pytest.approx(values.mean() + half)


def test_band_of_the_mean_curve_is_that_of_student_for_logarithms():
    parts = runs(4)
    result = ensemble.compute(parts)
    curves = np.log(np.stack([part.msd.values for part in parts]))
    half = student.ppf(0.975, 3) * curves.std(0, ddof=1) / 2
    mean = np.exp(curves).mean(0)
    np.testing.assert_allclose(result.mean_time_averaged_low, mean * np.exp(-half), rtol=1e-9)
    np.testing.assert_allclose(result.mean_time_averaged_high, mean * np.exp(half), rtol=1e-9)


def test_ergodicity_breaking_of_brownian_motion():
    # EB = 4 lag / (3 T D) for D equal dimensions and lag << T (Deng & Barkai 2009, for D = 1)
    dimensions, steps, lag = 2, 200, 5
    template = msd.compute(distances_of(fbm(0.5, steps, dimensions, np.random.default_rng(0))), copies=2)
    steps_of = np.random.default_rng(1).standard_normal((300, steps, dimensions))
    curves = mean_squared_displacement.by_fft(np.cumsum(steps_of, axis=1), template.lag.values)
    parts = [template.assign(msd=(("window", "lag"), curve[None])) for curve in curves]
    found = ensemble.compute([part.assign_attrs(run=str(k)) for k, part in enumerate(parts)])
    assert float(found.ergodicity_breaking[0].sel(lag=lag)) == pytest.approx(
        4 * lag / (3 * steps * dimensions), rel=0.35
    )  # a sample variance of 300 has 8 %; terms of higher order in lag / T are neglected


def gaussian_runs(count, number):
    """msd.nc of `count` runs, in whose `number` windows they are Brownian walks of 60 steps in 20 dimensions."""
    template = msd.compute(distances_of(fbm(0.5, 60, 20, np.random.default_rng(0))), copies=2)
    steps = np.random.default_rng(2).standard_normal((count * number, 60, 20))
    curves = mean_squared_displacement.by_fft(np.cumsum(steps, axis=1), template.lag.values).reshape(number, count, -1)
    windows = template.isel(window=np.zeros(number, int)).assign_coords(
        window=np.arange(number), window_start=("window", 60 * np.arange(number))
    )
    return [windows.assign(msd=(("window", "lag"), curves[:, k])).assign_attrs(run=str(k)) for k in range(count)]


@pytest.mark.parametrize("count", [2, 5])
def test_the_interval_of_ergodicity_breaking_covers_the_parameter(count):
    # at lag 1 the MSD is a mean of 59 x 20 squared Gaussians: EB is 2 / (59 x 20)
    found = ensemble.compute(gaussian_runs(count, 400)).sel(lag=1)
    truth = 2 / (59 * 20)
    inside = (found.ergodicity_breaking_low <= truth) & (truth <= found.ergodicity_breaking_high)
    assert 0.95 - 3.5 * np.sqrt(0.95 * 0.05 / 400) < float(inside.mean()) < 0.95 + 3.5 * np.sqrt(0.95 * 0.05 / 400)
    ratio = (found.ergodicity_breaking_high / found.ergodicity_breaking_low).values
    np.testing.assert_allclose(ratio, chi2.ppf(0.975, count - 1) / chi2.ppf(0.025, count - 1), rtol=1e-9)


def test_ergodicity_breaking_of_a_single_finite_run_has_no_interval():
    result = ensemble.compute(runs(3, diverged=2)[1:])
    for end in ("", "_low", "_high"):
        assert np.isfinite(result[f"ergodicity_breaking{end}"][0]).all()
        assert np.isnan(result[f"ergodicity_breaking{end}"][1]).all()


def test_a_diverged_window_of_one_run_does_not_affect_the_others():
    result = ensemble.compute(runs(4, diverged=2))
    assert (result.runs_used.sel(fit="whole") == [4, 3]).all()
    assert np.isfinite(result.exponent_low.sel(fit="whole")).all()


def test_two_runs_of_which_one_diverged_have_no_interval():
    result = ensemble.compute(runs(2, diverged=1)).sel(fit="whole")
    assert np.isfinite(result.exponent).all()
    assert np.isfinite(result.exponent_low[0])
    assert np.isnan(result.exponent_low[1])


@pytest.mark.filterwarnings("error::FutureWarning")
def test_runs_of_different_length_are_joined():
    parts = runs(3)
    parts[0] = parts[0].isel(window=[0])
    result = ensemble.compute(parts)
    contracts.check(result, ensemble.CONTRACT)
    np.testing.assert_array_equal(result.window_start, [0, 60])
    assert result.runs_used.sel(fit="whole")[1] == 2
