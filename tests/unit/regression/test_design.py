"""The quadratic loss of a linear regression."""

import numpy as np
import pytest
from designs import gaussian, mirrored
from sgdwalk.data import digits
from sgdwalk.regression import design

RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((40, 5)), RNG.standard_normal((40, 3))


def loss(weights, weight_decay):
    """The loss as it is stated, image by image."""
    errors = [sum((weights @ x - y) ** 2) for x, y in zip(X, Y, strict=True)]
    return sum(errors) / (2 * len(X)) + weight_decay / 2 * (weights**2).sum()


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_the_minimum_and_the_curvatures_are_those_of_the_stated_loss(weight_decay):
    found = design.of_arrays(X, Y, weight_decay)
    vectors = np.linalg.lstsq(X, found.features, rcond=None)[0]
    best = (vectors @ found.minimum).T
    assert (np.diff(found.eigenvalue) < 0).all()
    for direction in range(5):
        for step in (1e-3, -1e-3):
            moved = best.copy()
            moved[1] += step * vectors[:, direction]
            rise = loss(moved, weight_decay) - loss(best, weight_decay)
            assert rise == pytest.approx((found.eigenvalue[direction] + weight_decay) * step**2 / 2, rel=1e-6)
    np.testing.assert_allclose(found.residual, X @ best.T - Y, atol=1e-12)


@pytest.mark.parametrize("made", [gaussian(50, 4, 2, 0.2), mirrored()])
def test_gradient_noise_against_one_gradient_per_image(made):
    away = np.zeros_like(made.minimum)
    moved, size = [0, 2], len(made.features)
    away[moved] = [[0.3, -0.1], [0.2, 0.5]]
    parts = made.gradient_covariance(moved)
    for direction, label in np.ndindex(made.minimum.shape):
        for weights, place in ((np.array([1, 0, 0]), np.zeros_like(away)), (np.array([1, *away[moved, label]]), away)):
            each = [
                made.features[n, direction] * (made.residual[n, label] + made.features[n] @ place[:, label])
                for n in range(size)
            ]
            assert weights @ parts[direction, label] @ weights == pytest.approx(np.var(each), rel=1e-9)
        assert made.gradient_variance()[direction, label] == pytest.approx(parts[direction, label, 0, 0])
        for other in range(len(away)):
            fourth = np.mean([z[direction] ** 2 * z[other] ** 2 for z in made.features])
            expected = fourth - (made.eigenvalue[direction] ** 2 if other == direction else 0)
            assert made.fourth_moments()[direction, other] == pytest.approx(expected)


def test_residuals_that_know_nothing_of_the_features_make_noise_sigma2_h():
    made = gaussian(100_000)
    expected = made.eigenvalue[:, None] * (made.residual**2).mean(axis=0)
    np.testing.assert_allclose(made.gradient_variance(), expected, rtol=0.03)


def test_directions_without_a_gradient_are_left_out():
    doubled = np.concatenate([X, X[:, :2], np.zeros((40, 1))], axis=1)
    found, twice = design.of_arrays(doubled, Y), design.of_arrays(X * [2**0.5, 2**0.5, 1, 1, 1], Y)
    assert found.features.shape == (40, 5)
    np.testing.assert_allclose(found.eigenvalue, twice.eigenvalue)
    np.testing.assert_allclose(found.residual, twice.residual, atol=1e-10)


def test_images_are_normalised_pixels_and_one_hot_classes():
    images = digits.load()
    found = design.of_images(images, 0.0)
    pixels = (images.train.reshape(1597, 64) - images.mean[0]) / images.std[0]
    assert found.eigenvalue.sum() == pytest.approx((pixels**2).sum() / 1597)
    fitted = found.features @ found.minimum
    expected = np.array([[label == k for k in range(10)] for label in images.train_labels])
    np.testing.assert_allclose(fitted - found.residual, expected, atol=1e-9)
