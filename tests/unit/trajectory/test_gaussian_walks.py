import numpy as np
import pytest
from sgdwalk.trajectory import gaussian_walks, mean_squared_displacement, scaling_fits


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
    np.testing.assert_allclose(mean_squared_displacement.by_fft(walks, lags).mean(0), lags ** (2 * H), rtol=0.06)


def test_basic_interval_reflects_the_copies_about_the_estimate():
    copies = np.random.default_rng(0).normal(5.5, 1, 200_000)  # biased by +0.5 against a truth of 5
    low, high = gaussian_walks.basic_interval(7.0, 5.0, copies)
    assert (low, high) == pytest.approx((6.5 - 1.96, 6.5 + 1.96), abs=0.03)


def test_basic_interval_of_39_copies_reaches_from_the_first_to_the_last():
    # of 40 draws each is as likely the smallest as the largest: 95 % lie between the ends of the other 39
    assert gaussian_walks.basic_interval(0.0, 0.0, np.arange(39.0)) == pytest.approx((-38, 0))


def test_a_sharp_bend_downwards_is_not_a_valid_variogram():
    fit = scaling_fits.TwoSegments(1.6, 0.4, 20.0, 0.0, 0.0)
    lags = scaling_fits.log_lags(160)
    variogram = np.append(0, fit(np.arange(1, 200)))
    left = gaussian_walks.spectral_variogram(gaussian_walks.increment_spectrum(variogram))
    assert np.abs(np.log10(left[lags] / fit(lags)))[lags <= 40].max() > 0.05
    np.testing.assert_allclose(
        gaussian_walks.spectral_variogram(gaussian_walks.increment_spectrum(np.arange(200) ** 1.5)),
        np.arange(200) ** 1.5,
        rtol=1e-9,
    )


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


def test_basic_interval_ignores_copies_without_a_fit():
    assert gaussian_walks.basic_interval(0.0, 0.0, np.append(np.arange(39.0), np.nan)) == pytest.approx((-38, 0))
    assert np.isnan(gaussian_walks.basic_interval(0.0, 0.0, np.full(3, np.nan))).all()
