import numpy as np
import pytest
import torch
from operators import Known
from sgdwalk.landscapes.krylov import Krylov


def symmetric(size, seed=0):
    half = np.random.default_rng(seed).standard_normal((size, size))
    return half + half.T


def space(operator, most, dtype=torch.float64):
    return Krylov(operator, torch.randn(operator.size, generator=torch.Generator().manual_seed(0), dtype=dtype), most)


def test_the_pairs_are_those_of_the_operator_projected_on_the_powers():
    matrix = symmetric(30)
    found = space(Known(matrix), 12)
    found.grow(12)
    powers = [found.basis.parts()[0][0].numpy()]
    for _ in range(11):
        powers.append(matrix @ powers[-1] / np.linalg.norm(matrix @ powers[-1]))
    basis = np.linalg.qr(np.array(powers).T)[0]
    values, weights = np.linalg.eigh(basis.T @ matrix @ basis)
    top = found.outermost(4)
    np.testing.assert_allclose(top.value, values[::-1][:4], rtol=1e-8)
    vectors = (basis @ weights[:, ::-1][:, :4]).T
    np.testing.assert_allclose(np.abs(np.sum(top.vectors.numpy() * vectors, axis=1)), 1, rtol=1e-8)
    residuals = np.linalg.norm(vectors @ matrix - top.value[:, None] * vectors, axis=1)
    np.testing.assert_allclose(top.residual, residuals, rtol=1e-6)


@pytest.mark.parametrize("side", [1, -1])
def test_residuals_are_known_without_the_vectors(side):
    found = space(Known(symmetric(60)), 40)
    found.grow(40)
    pairs, (value, residual) = found.outermost(6, side), found.bounds(6, side)
    np.testing.assert_array_equal(value, pairs.value)
    np.testing.assert_allclose(residual, pairs.residual, rtol=1e-6, atol=1e-12)


def test_a_space_grows_where_it_stopped_and_repeats_no_product():
    parts, whole = (space(Known(symmetric(40)), 20) for _ in range(2))
    for size in (3, 3, 11, 30):
        parts.grow(size)
    whole.grow(20)
    assert len(parts) == parts.operator.taken == 20
    np.testing.assert_array_equal(parts.outermost(5).value, whole.outermost(5).value)


@pytest.mark.parametrize(("dtype", "rounding"), [(torch.float32, 3e-6), (torch.float64, 1e-14)])
def test_the_basis_stays_orthonormal(dtype, rounding):
    found = space(Known(torch.logspace(-6, 3, 300, dtype=dtype), dtype), 150, dtype)
    found.grow(150)
    basis = torch.cat(found.basis.parts())
    np.testing.assert_allclose(basis @ basis.T, np.eye(150), atol=rounding)


def test_a_space_is_exhausted_when_it_holds_every_eigenvalue_once():
    found = space(Known(np.diag([3.0, 3, 2, 2, -1, 0, 0, 0])), 8)
    found.grow(8)
    assert found.exhausted
    assert len(found) == 4
    top = found.outermost(8)
    np.testing.assert_allclose(top.value, [3, 2, 0], atol=1e-12)  # below zero nothing is known of the null space
    np.testing.assert_allclose(top.residual, 0, atol=1e-12)

    below = found.outermost(8, -1)
    np.testing.assert_allclose(below.value, [-1, 0], atol=1e-12)


def test_the_quadrature_is_exact_for_polynomials_below_twice_its_size():
    matrix = symmetric(30)
    found = space(Known(matrix), 6)
    found.grow(6)
    nodes, weights = found.quadrature()
    start = found.basis.parts()[0][0].numpy()
    for power in range(12):
        form = start @ np.linalg.matrix_power(matrix, power) @ start
        np.testing.assert_allclose((weights * nodes**power).sum(), form, rtol=1e-9, atol=1e-9)
    assert abs((weights * nodes**12).sum() - start @ np.linalg.matrix_power(matrix, 12) @ start) > 1


def test_a_product_that_is_not_finite_ends_the_growth():
    found = space(Known(np.full((5, 5), np.nan)), 5)
    found.grow(5)
    assert not found.finite
    assert len(found) == 1


def test_memory_is_taken_for_the_vectors_that_there_are():
    found = space(Known(symmetric(100)), 90)
    found.grow(40)
    assert [len(part) for part in found.basis.parts()] == [32, 9]  # one vector is waiting for its product
    assert [len(part) for part in found.products.parts()] == [32, 8]
    whole = torch.cat(found.products.parts())
    weights = torch.ones(2, 40, dtype=torch.float64)
    np.testing.assert_allclose(found.products.combined(weights), weights @ whole, rtol=1e-12)
