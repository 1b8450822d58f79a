import numpy as np
import pytest
import torch
from hessian_eigenthings import CurvatureOperator
from sgdwalk.landscapes.krylov import Krylov


class Matrix(CurvatureOperator):
    """The operator of a symmetric matrix; counts its products."""

    def __init__(self, matrix):
        self.matrix, self.taken = torch.as_tensor(matrix), 0

    size = property(lambda self: len(self.matrix))
    device = property(lambda self: self.matrix.device)
    dtype = property(lambda self: self.matrix.dtype)

    def matvec(self, v):
        self.taken += 1
        return self.matrix @ v


def symmetric(size, seed=0):
    half = np.random.default_rng(seed).standard_normal((size, size))
    return half + half.T


def space(operator, most, dtype=torch.float64):
    return Krylov(operator, torch.randn(operator.size, generator=torch.Generator().manual_seed(0), dtype=dtype), most)


def test_the_pairs_are_those_of_the_operator_projected_on_the_powers():
    matrix = symmetric(30)
    found = space(Matrix(matrix), 12)
    found.grow(12)
    powers = [found.basis.parts()[0][0].numpy()]
    for _ in range(11):
        powers.append(matrix @ powers[-1] / np.linalg.norm(matrix @ powers[-1]))
    basis = np.linalg.qr(np.array(powers).T)[0]
    values, weights = np.linalg.eigh(basis.T @ matrix @ basis)
    top = found.largest(4)
    np.testing.assert_allclose(top.value, values[::-1][:4], rtol=1e-8)
    vectors = (basis @ weights[:, ::-1][:, :4]).T
    np.testing.assert_allclose(np.abs(np.sum(top.vectors.numpy() * vectors, axis=1)), 1, rtol=1e-8)
    residuals = np.linalg.norm(vectors @ matrix - top.value[:, None] * vectors, axis=1)
    np.testing.assert_allclose(top.residual, residuals, rtol=1e-6)


def test_a_space_grows_where_it_stopped_and_repeats_no_product():
    parts, whole = (space(Matrix(symmetric(40)), 20) for _ in range(2))
    for size in (3, 3, 11, 30):
        parts.grow(size)
    whole.grow(20)
    assert len(parts) == parts.operator.taken == 20
    np.testing.assert_array_equal(parts.largest(5).value, whole.largest(5).value)


@pytest.mark.parametrize(("dtype", "rounding"), [(torch.float32, 3e-6), (torch.float64, 1e-14)])
def test_the_basis_stays_orthonormal(dtype, rounding):
    found = space(Matrix(torch.diag(torch.logspace(-6, 3, 300, dtype=dtype))), 150, dtype)
    found.grow(150)
    basis = torch.cat(found.basis.parts())
    np.testing.assert_allclose(basis @ basis.T, np.eye(150), atol=rounding)


def test_a_space_is_exhausted_when_it_holds_every_eigenvalue_once():
    found = space(Matrix(np.diag([3.0, 3, 2, 2, -1, 0, 0, 0])), 8)
    found.grow(8)
    assert found.exhausted
    assert len(found) == 4
    top = found.largest(8)
    np.testing.assert_allclose(top.value, [3, 2, 0], atol=1e-12)  # below zero nothing is known of the null space
    np.testing.assert_allclose(top.residual, 0, atol=1e-12)


def test_a_product_that_is_not_finite_ends_the_growth():
    found = space(Matrix(np.full((5, 5), np.nan)), 5)
    found.grow(5)
    assert not found.finite
    assert len(found) == 1


def test_memory_is_taken_for_the_vectors_that_there_are():
    found = space(Matrix(symmetric(100)), 90)
    found.grow(40)
    assert [len(part) for part in found.basis.parts()] == [32, 9]  # one vector is waiting for its product
    assert [len(part) for part in found.products.parts()] == [32, 8]
    whole = torch.cat(found.products.parts())
    weights = torch.ones(2, 40, dtype=torch.float64)
    np.testing.assert_allclose(found.products.combined(weights), weights @ whole, rtol=1e-12)
