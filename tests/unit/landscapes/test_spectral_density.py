import numpy as np
import pytest
import torch
from hessian_eigenthings import spectral_density as reference
from operators import Known
from scipy.stats import norm
from scipy.stats import t as student
from sgdwalk.landscapes.spectral_density import grid, quadrature, smoothed


def rotated(spectrum, seed=0):
    """A symmetric matrix of these eigenvalues: of a diagonal one all vectors of signs have the same measure."""
    vectors = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(spectrum), len(spectrum))))[0]
    return vectors * spectrum @ vectors.T


def test_a_probe_that_spans_the_space_has_the_measure_of_its_quadratic_form():
    half = np.random.default_rng(0).standard_normal((12, 12))
    matrix = half + half.T
    nodes, weights = quadrature(Known(matrix), 3, 40, 7)
    values, vectors = np.linalg.eigh(matrix)
    signs = torch.randint(2, (3 * 12,), generator=torch.Generator().manual_seed(7)).reshape(3, 12) * 2.0 - 1
    for probe in range(3):
        shares = (vectors.T @ signs[probe].numpy()) ** 2 / 12
        np.testing.assert_allclose(nodes[probe, :12], values, atol=1e-9)
        np.testing.assert_allclose(weights[probe, :12], shares, atol=1e-9)
        assert np.isnan(nodes[probe, 12:]).all()
        assert not weights[probe, 12:].any()
    points, width = grid(nodes, 50)
    slow = [sum(w * norm.pdf(x, node, width) for w, node in zip(shares, values, strict=True)) for x in points]
    np.testing.assert_allclose(smoothed(nodes, weights, points, width)[2], slow, atol=1e-9)


def test_nodes_are_those_of_the_package():
    """hessian-eigenthings draws other probes: the same up to the error of few of them."""
    operator = Known(rotated(np.linspace(-1, 3, 200)))
    nodes, weights = quadrature(operator, 30, 20, 0)
    other = reference(operator, num_runs=30, lanczos_steps=20, seed=5)
    density = smoothed(nodes, weights, other.grid.numpy(), other.sigma)
    error = np.sqrt(2) * density.std(axis=0, ddof=1) / np.sqrt(30)
    assert (
        np.abs(density.mean(axis=0) - other.density.numpy()) <= 4.5 * error + 0.02 * density.mean(axis=0).max()
    ).all()


def test_a_random_matrix_has_the_density_of_a_semicircle():
    half = np.random.default_rng(1).standard_normal((500, 500))
    nodes, weights = quadrature(Known((half + half.T) / np.sqrt(8 * 500)), 8, 40, 0)
    points = np.linspace(-0.85, 0.85, 30)
    density = smoothed(nodes, weights, points, 0.05)
    np.testing.assert_allclose(density.mean(axis=0), 2 / np.pi * np.sqrt(1 - points**2), atol=0.1)


def test_the_error_between_probes_is_that_of_the_density():
    """Of 150 estimates of four probes each."""
    spectrum = np.r_[np.zeros(40), np.linspace(0.5, 1, 20), 4]
    operator = Known(rotated(spectrum))
    exact = norm.pdf(0.75, spectrum, 0.2).mean()
    inside = []
    for seed in range(150):
        found = smoothed(*quadrature(operator, 4, 15, seed), np.array([0.75]), 0.2)[:, 0]
        inside.append(abs(found.mean() - exact) < student.ppf(0.975, 3) * found.std(ddof=1) / np.sqrt(4))
    assert np.mean(inside) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 150))


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_a_multiple_of_the_identity_has_one_node(value):
    nodes, weights = quadrature(Known(np.full(20, value)), 3, 5, 0)
    np.testing.assert_allclose(nodes[:, 0], value)
    np.testing.assert_allclose(weights[:, 0], 1)
    assert np.isnan(nodes[:, 1:]).all()


def test_products_that_are_not_finite_have_no_density():
    nodes, weights = quadrature(Known(np.full(5, np.nan)), 2, 3, 0)
    points, width = grid(nodes, 4)
    assert np.isnan(width)
    assert np.isnan(smoothed(nodes, weights, points, width)).all()
