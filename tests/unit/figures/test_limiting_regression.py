"""Linear regression: spirals, displacement, noise, shares."""

import numpy as np
import pytest
from figure_data import draw, entries, regression
from sgdwalk.figures import limiting_regression


def both(data):
    return {"independent": data, "shuffled": data}


def test_the_region_is_where_a_gaussian_has_its_95_percent():
    mean, covariance = np.array([1.0, -2.0]), np.array([[2.0, -0.6], [-0.6, 0.5]])
    outline = limiting_regression.region(mean, covariance).T
    away = outline - mean
    radius = np.einsum("ki,ij,kj->k", away, np.linalg.inv(covariance), away)
    np.testing.assert_allclose(radius, 5.991, rtol=1e-9)
    drawn = np.random.default_rng(0).multivariate_normal(mean, covariance, 20_000) - mean
    share = (np.einsum("ki,ij,kj->k", drawn, np.linalg.inv(covariance), drawn) <= radius[0]).mean()
    assert abs(share - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 20_000)
    assert np.ptp(limiting_regression.region(mean, np.diag([0.0, 1.0]))[0]) == 0


def test_the_spiral_is_the_first_mode_of_each_momentum():
    data = regression()
    data["mean"][:] = np.arange(data["mean"].size).reshape(data["mean"].shape)
    drawn = draw("limiting_regression", both(data))
    for k, letter in enumerate("abc"):
        lines = [line.get_xydata() for line in drawn.panels[letter].lines]
        assert any(np.array_equal(xy, data["mean"].values[k, :, 0, 0]) for xy in lines)
        assert drawn.panels[letter].get_xlabel() == "position, mode 1"


@pytest.mark.slow
def test_the_band_is_that_along_the_path_and_196_standard_deviations_wide():
    data = regression()
    data.covariance_theory[0] *= 100
    band = draw("limiting_regression", both(data)).panels["d"].collections[0].get_paths()[0].vertices
    assert np.isclose(np.ptp(band[band[:, 0] == 0, 1]), 2 * 1.96 * 0.2)


def test_missing_momenta_are_stated_and_more_than_three_are_left_out():
    few = draw("limiting_regression", both(regression(momentum=[0.9])))
    assert few.notes == ["b, e, c, f: no further momentum in this study"]
    many = draw("limiting_regression", both(regression(momentum=[0.5, 0.9, 0.99, 0.999])))
    assert entries(many, "g") == ["0.5", "0.9", "0.99", "independent", "shuffled"]


@pytest.mark.slow
def test_noise_is_shown_relative_to_the_residual():
    data = regression()
    data.gradient_variance[:] = data.eigenvalue * data.squared_residual
    points, line = draw("limiting_regression", both(data)).panels["h"].lines
    np.testing.assert_allclose(points.get_ydata(), line.get_ydata())
