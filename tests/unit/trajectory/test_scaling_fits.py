import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgdwalk.trajectory import gaussian_walks, scaling_fits


def test_log_lags_are_distinct_integers_from_one_to_the_longest():
    for longest in (2, 16, 400, 8000):
        lags = scaling_fits.log_lags(longest)
        assert lags[0] == 1
        assert lags[-1] == longest
        assert (np.diff(lags) > 0).all()
    spacing = np.diff(np.log10(scaling_fits.log_lags(8000)[-20:]))
    np.testing.assert_allclose(spacing, 1 / 15, rtol=0.05)


@given(st.floats(-1, 3), st.floats(1e-8, 1e8))
def test_power_law_recovers_exponent_without_residue(exponent, scale):
    x = scaling_fits.log_lags(500)
    found, rmse = scaling_fits.power_law(x, scale * x**exponent)
    assert found == pytest.approx(exponent, abs=1e-9)
    assert rmse < 1e-9


def test_power_law_fits_each_curve_evenly_in_log_x():
    x = np.concatenate([np.arange(1, 10), np.arange(10, 1000, 0.5)])  # dense at the top
    bent = np.where(x < 31.6, x**0.5, 31.6**-1.0 * x**1.5)
    found, rmse = scaling_fits.power_law(x, np.stack([bent, x**0.7]))
    # the line of a bend in the middle of the log axis has the mean slope (unweighted, the dense top: 1.5);
    # the sum over few points at the low end stands for an integral only to some per cent
    assert found[0] == pytest.approx(1.0, abs=0.05)
    assert found[1] == pytest.approx(0.7, abs=1e-9)
    assert rmse[0] > 0.03 > rmse[1]


@pytest.mark.parametrize(("short", "long"), [(0.5, 1.6), (1.6, 0.3), (0.9, 1.1)])
def test_two_segments_recovers_a_synthetic_curve(short, long):
    x = scaling_fits.log_lags(800)
    bend = float(x[len(x) // 2])
    truth = scaling_fits.TwoSegments(short, long, bend, -2.5, 0.0)
    found = scaling_fits.two_segments(x, truth(x))
    assert found.crossover == bend
    assert (found.short, found.long, found.level) == pytest.approx((short, long, -2.5), abs=1e-9)
    assert found.rmse < 1e-9
    np.testing.assert_allclose(found(x), truth(x), rtol=1e-9)


def test_two_segments_of_noisy_curves_against_a_brute_force_search():
    x = scaling_fits.log_lags(200)
    rng = np.random.default_rng(3)
    curves = 10 ** (
        np.log10(scaling_fits.TwoSegments(0.4, 1.3, 20.0, 0.0, 0.0)(x)) + 0.05 * rng.standard_normal((3, len(x)))
    )
    ends = np.concatenate([x[:1], np.sqrt(x[1:] * x[:-1]), x[-1:]])  # a point's share: half-way to its neighbours
    weight = np.diff(np.log(ends)) / np.log(x[-1] / x[0])
    for curve, found in zip(curves, scaling_fits.two_segments(x, curves), strict=True):
        best = np.inf
        for bend in x[(x >= 3) & (x <= x[-1] / 3)]:
            basis = np.stack([np.ones(len(x)), np.log10(x), np.maximum(0, np.log10(x / bend))], axis=1)
            normal = basis.T @ (weight[:, None] * basis)
            solution = np.linalg.solve(normal, basis.T @ (weight * np.log10(curve)))
            rmse = np.sqrt(weight @ (np.log10(curve) - basis @ solution) ** 2)
            if rmse < best:
                best, slopes, at = rmse, (solution[1], solution[1] + solution[2]), bend
        assert found.rmse == pytest.approx(best, rel=1e-9)
        assert (found.short, found.long) == pytest.approx(slopes, abs=1e-9)
        assert found.crossover == at


def test_two_segments_of_a_narrow_range_says_so():
    assert scaling_fits.two_segments(np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 4])).rmse == np.inf


@pytest.mark.parametrize("H", [0.25, 0.5, 0.75])
def test_gaussian_walks_have_the_variogram_they_are_given(H):
    k = np.arange(100)
    walks = gaussian_walks.gaussian_walks(k ** (2 * H), 3, 4000, np.random.default_rng(0))
    assert walks.shape == (4000, 100, 3)
    lags = np.array([1, 2, 5, 20, 80])
    for start in (0, 15):  # stationary increments: at any start, not only on average
        moved = ((walks[:, start + lags] - walks[:, [start]]) ** 2).sum(-1)
        # a chi-square with 3 degrees of freedom has relative deviation sqrt(2/3); five standard errors
        np.testing.assert_allclose(moved.mean(0), lags ** (2 * H), rtol=5 * np.sqrt(2 / 3 / 4000))
    np.testing.assert_allclose(gaussian_walks.walk_msd(walks, lags).mean(0), lags ** (2 * H), rtol=0.06)


def test_walk_msd_against_a_double_loop():
    walks = np.random.default_rng(0).standard_normal((2, 12, 3))
    for copy, walk in enumerate(walks):
        for lag in (1, 4, 11):
            slow = np.mean([((walk[t + lag] - walk[t]) ** 2).sum() for t in range(12 - lag)])
            assert gaussian_walks.walk_msd(walks, np.array([lag]))[copy, 0] == pytest.approx(slow)


def test_bootstrap_deviations_shrink_with_the_square_root_of_the_dimension():
    fit = scaling_fits.TwoSegments(1.0, 1.0, 10.0, 0.0, 0.0)
    lags = scaling_fits.log_lags(100)
    boot = gaussian_walks.walk_bootstrap(fit, 200, lags, 16, 100, np.random.default_rng(0))
    narrow, wide = (np.log10(boot.curves(d)).std(0) for d in (16, 1600))
    np.testing.assert_allclose(wide, narrow / 10)
    # the level is one of the fit's: deviations are centred on it but for the bias of a logarithm
    assert np.abs(boot.deviations.mean(0)).max() < 0.1


def test_bootstrap_of_a_ballistic_fit_is_finite():
    fit = scaling_fits.TwoSegments(2.3, 2.0, 10.0, 0.0, 0.0)
    boot = gaussian_walks.walk_bootstrap(fit, 100, scaling_fits.log_lags(80), 1.0, 20, np.random.default_rng(0))
    assert np.isfinite(boot.deviations).all()


def test_basic_interval_reflects_the_copies_about_the_estimate():
    copies = np.random.default_rng(0).normal(5.5, 1, 200_000)  # biased by +0.5 against a truth of 5
    low, high = gaussian_walks.basic_interval(7.0, 5.0, copies)
    assert (low, high) == pytest.approx((6.5 - 1.96, 6.5 + 1.96), abs=0.03)


def test_basic_interval_of_39_copies_reaches_from_the_first_to_the_last():
    # of 40 draws each is as likely the smallest as the largest: 95 % lie between the ends of the other 39
    assert gaussian_walks.basic_interval(0.0, 0.0, np.arange(39.0)) == pytest.approx((-38, 0))


def test_a_curve_that_is_no_walks_does_not_bias_the_bootstrap():
    # a sharp bend downwards: walks cannot follow it, and deviations are from what they can
    fit = scaling_fits.TwoSegments(1.6, 0.4, 20.0, 0.0, 0.0)
    lags = scaling_fits.log_lags(160)
    boot = gaussian_walks.walk_bootstrap(fit, 200, lags, 16, 200, np.random.default_rng(0))
    assert np.abs(boot.deviations.mean(0))[lags <= 40].max() < 0.03
    variogram = np.append(0, fit(np.arange(1, 200)))
    left = gaussian_walks.spectral_variogram(gaussian_walks.increment_spectrum(variogram))
    assert np.abs(np.log10(left[lags] / fit(lags)))[lags <= 40].max() > 0.05
    np.testing.assert_allclose(
        gaussian_walks.spectral_variogram(gaussian_walks.increment_spectrum(np.arange(200) ** 1.5)),
        np.arange(200) ** 1.5,
        rtol=1e-9,
    )


@pytest.mark.parametrize("points", [0, 1, 2])
@pytest.mark.parametrize("crossover", [None, 2.0])
def test_two_segments_of_too_few_points_are_nan(points, crossover):
    found = scaling_fits.two_segments(np.array([1.0, 100])[:points], np.array([1.0, 10])[:points], crossover=crossover)
    assert np.isnan([found.short, found.long, found.crossover, found.level]).all()
    assert found.rmse == np.inf


def test_one_segment_is_the_power_law():
    x = scaling_fits.log_lags(8)
    noisy = 0.02 * x**0.8 * np.exp(0.1 * np.random.default_rng(0).standard_normal(len(x)))
    found = scaling_fits.one_segment(x, noisy)
    assert (found.short, found.rmse) == pytest.approx(scaling_fits.power_law(x, noisy))
    assert found.long == found.short
    np.testing.assert_allclose(scaling_fits.one_segment(x, 0.02 * x**0.8)(x), 0.02 * x**0.8)


@pytest.mark.parametrize("dimension", [3, 64])
def test_distances_of_simulated_walks_have_the_mean_of_the_fit_and_the_spread_of_their_dimension(dimension):
    fit = scaling_fits.TwoSegments(1.0, 1.5, 5.0, 0.3, 0.0)
    rng = np.random.default_rng(0)
    copies = np.stack([d2.copy() for d2 in gaussian_walks.walk_distances(fit, 30, dimension, 3000, rng)])
    for lag in (1, 5, 20):
        found = copies[:, 4, 4 + lag]
        # a chi-square of D degrees of freedom; five standard errors of its mean and some of its deviation
        assert found.mean() == pytest.approx(fit(lag), rel=5 * np.sqrt(2 / dimension / 3000))
        assert found.std() == pytest.approx(fit(lag) * np.sqrt(2 / dimension), rel=0.12)
        assert found.min() > 0
    np.testing.assert_allclose(copies, copies.swapaxes(1, 2), atol=1e-12)


def test_basic_interval_leaves_out_copies_that_could_not_be_fitted():
    assert gaussian_walks.basic_interval(0.0, 0.0, np.append(np.arange(39.0), np.nan)) == pytest.approx((-38, 0))
    assert np.isnan(gaussian_walks.basic_interval(0.0, 0.0, np.full(3, np.nan))).all()
