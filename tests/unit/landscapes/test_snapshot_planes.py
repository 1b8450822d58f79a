"""Planes through snapshots: against plain linear algebra on the weights, walks of known shares, and exact surfaces."""

import numpy as np
import pytest
import torch
from sgdwalk.landscapes import snapshot_planes
from sgdwalk.landscapes.filter_normalised_plane import random_plane
from sgdwalk.landscapes.mean_loss import MeanLoss
from sgdwalk.landscapes.snapshot_surfaces import Snapshots
from sgdwalk.storage.kept_rows import KeptRows
from torch import nn

torch.set_num_threads(1)


def gram(weights):
    """The Gram matrix of weights [snapshot, parameter] about the last ones."""
    away = weights - weights[-1]
    return away @ away.T


def walk(snapshots=7, dimension=40, seed=0):
    return np.random.default_rng(seed).normal(size=(snapshots, dimension)).cumsum(axis=0)


def test_components_are_those_of_a_singular_value_decomposition_of_the_weights():
    weights = walk()
    _, s, v = np.linalg.svd(weights - weights.mean(axis=0), full_matrices=False)
    variance, coefficients = snapshot_planes.principal_components(gram(weights))
    np.testing.assert_allclose(variance, s[:-1] ** 2, rtol=1e-10)
    np.testing.assert_allclose(snapshot_planes.explained(gram(weights)), s[:-1] ** 2 / (s**2).sum(), rtol=1e-10)
    np.testing.assert_allclose(coefficients.sum(axis=1), 0, atol=1e-12)
    directions = coefficients @ weights
    signs = np.sign((weights[0] - weights[-1]) @ v[:2].T)
    np.testing.assert_allclose(directions, signs[:, None] * v[:2], atol=1e-10)


@pytest.mark.parametrize("origin", [6, 2])
def test_coordinates_are_projections_of_the_weights(origin):
    weights = walk()
    _, coefficients = snapshot_planes.principal_components(gram(weights))
    place, share = snapshot_planes.coordinates(gram(weights), coefficients, origin)
    away = weights - weights[origin]
    expected = coefficients @ weights @ away.T
    np.testing.assert_allclose(place, expected, atol=1e-9)
    known = np.arange(7) != origin
    np.testing.assert_allclose(share[known], ((expected**2).sum(0)[known] / (away**2).sum(1)[known]), rtol=1e-9)
    assert np.isnan(share[origin])


def test_the_plane_of_three_snapshots_contains_them():
    weights, three = walk(), [1, 5, 3]
    coefficients = snapshot_planes.through_three(gram(weights), three)
    directions = coefficients @ weights
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-12)
    place, share = snapshot_planes.coordinates(gram(weights), coefficients, 3)
    np.testing.assert_allclose(place.T[three] @ directions, weights[three] - weights[3], atol=1e-10)
    np.testing.assert_allclose(share[[1, 5]], 1, rtol=1e-10)
    np.testing.assert_allclose(place[:, 1], [np.linalg.norm(weights[1] - weights[3]), 0], atol=1e-10)
    assert place[1, 5] > 0
    others = [k for k in range(7) if k not in three]
    assert (share[others] < 0.99).all()


def test_equal_orthogonal_steps_have_the_shares_of_a_random_walk():
    count = 200
    squared = np.minimum(np.arange(count)[:, None], np.arange(count)).astype(float)
    shares = snapshot_planes.explained(squared)
    k = np.arange(1, count)
    finite = 6 / (count**2 - 1) / (2 * np.sin(k * np.pi / (2 * count))) ** 2  # exact for any number of snapshots
    np.testing.assert_allclose(shares, finite, rtol=1e-8)
    np.testing.assert_allclose(shares[:5], snapshot_planes.random_walk_shares(5), rtol=1e-2)


def test_a_random_walk_in_many_dimensions_explains_what_the_null_does():
    steps = np.random.default_rng(3).normal(size=(9, 30_000)) * np.geomspace(30, 1, 9)[:, None]
    found = gram(np.concatenate([np.zeros((1, 30_000)), steps.cumsum(axis=0)]))
    null = snapshot_planes.explained(snapshot_planes.orthogonal_walk(found))
    np.testing.assert_allclose(snapshot_planes.explained(found), null, rtol=0.05)
    assert abs(null[0] - snapshot_planes.random_walk_shares(1)[0]) > 0.05  # unequal steps have other shares


def test_a_walk_that_keeps_its_direction_explains_more_than_the_null():
    steps = np.random.default_rng(4).normal(size=(9, 3000)) + 2
    found = gram(steps.cumsum(axis=0))
    null = snapshot_planes.explained(snapshot_planes.orthogonal_walk(found))
    assert snapshot_planes.explained(found)[0] > 0.95 > 0.75 > null[0]


@pytest.mark.parametrize("weights", [np.outer(np.arange(5.0), np.ones(8)), np.ones((5, 8))])
def test_snapshots_on_a_line_or_a_point_span_no_plane(weights):
    assert np.isnan(snapshot_planes.principal_components(gram(weights))[1][1]).all()
    assert np.isnan(snapshot_planes.through_three(gram(weights), [0, 2, 4])[1]).all()


def test_weights_that_are_not_finite_have_no_components():
    weights = walk()
    weights[3, 5] = np.nan
    variance, coefficients = snapshot_planes.principal_components(gram(weights))
    assert np.isnan(variance).all()
    assert np.isnan(coefficients).all()
    assert np.isnan(snapshot_planes.explained(gram(weights))).all()
    assert np.isnan(snapshot_planes.through_three(gram(weights), [0, 3, 6])).any()


def squared_error(outputs, targets):
    return ((outputs - targets) ** 2).mean()


@pytest.fixture
def quadratic():
    """A linear network on 30 examples, whose squared error is quadratic in its weights, float64; and the examples."""
    torch.manual_seed(5)
    model = nn.Linear(6, 3, bias=False, dtype=torch.float64)
    inputs, targets = torch.randn(30, 6, dtype=torch.float64), torch.randn(30, 3, dtype=torch.float64)
    batches = [(inputs[k : k + 10], targets[k : k + 10]) for k in (0, 10, 20)]
    return model, MeanLoss(squared_error, batches, "stored"), inputs.numpy(), targets.numpy()


def taylor(weights, directions, x, y, inputs, targets):
    """L(w + x a + y b) [x, y] of the mean squared error, from its value, gradient and Hessian at w [output, input]."""
    scale = targets.size
    value = ((inputs @ weights.T - targets) ** 2).mean()
    gradient = 2 * (inputs @ weights.T - targets).T @ inputs / scale
    slope = [(gradient * d).sum() for d in directions]
    curvature = [[2 * ((inputs @ c.T) * (inputs @ d.T)).sum() / scale for c in directions] for d in directions]
    x, y = np.meshgrid(x, y, indexing="ij")
    linear = slope[0] * x + slope[1] * y
    return value + linear + curvature[0][0] * x**2 / 2 + curvature[0][1] * x * y + curvature[1][1] * y**2 / 2


X, Y = np.linspace(-1, 2, 5), np.linspace(-3, 1, 4)


def test_a_random_plane_of_a_quadratic_loss_is_the_analytic_one(quadratic):
    model, loss, *data = quadratic
    plane = random_plane(model, {k: v.clone() for k, v in model.state_dict().items()}, 0)
    directions = [direction[0].numpy() for direction in plane.directions]
    expected = taylor(plane.centre[0].numpy(), directions, X, Y, *data)
    np.testing.assert_allclose(plane.surface(loss, X, Y, KeptRows(), ""), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["components", "three"])
def test_a_plane_through_snapshots_of_a_quadratic_loss_is_the_analytic_one(quadratic, kind):
    model, loss, *data = quadratic
    weights = walk(4, 18, seed=6)
    states = [{"weight": torch.from_numpy(w.reshape(3, 6))} for w in weights]
    path = Snapshots(model, states, {"loss": loss}, KeptRows())
    np.testing.assert_allclose(path.gram, gram(weights), rtol=1e-12)
    three = snapshot_planes.through_three(path.gram, [0, 1, 2])
    coefficients, origin = (
        (snapshot_planes.principal_components(path.gram)[1], 3) if kind == "components" else (three, 2)
    )
    found = path.surfaces(coefficients, origin, X, Y, "")["loss"]
    directions = [(row @ weights).reshape(3, 6) for row in coefficients]
    expected = taylor(weights[origin].reshape(3, 6), directions, X, Y, *data)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    values = [((data[0] @ w.reshape(3, 6).T - data[1]) ** 2).mean() for w in weights]
    np.testing.assert_allclose(path.losses()["loss"], values, rtol=1e-12)
