"""Trace of a known symmetric matrix by Hutchinson's estimate."""

import functools

import numpy as np
import torch
from hessian_eigenthings import CurvatureOperator
from sgdwalk.landscapes import curvature

SIZE = 100
TITLE = "Trace of the Hessian (`hessian.nc`)"
NOTE = (
    f"A random symmetric matrix of {SIZE} rows, and a diagonal one in a random basis, of which three eigenvalues are"
    " fifty times the others, as of trained networks; Student's interval."
)
KINDS = tuple(f"{name}, {products} products" for name in ("random", "outliers") for products in (2, 5, 20))
FAST = ("random, 2 products", "outliers, 5 products")
SHARE = 1


class Known(CurvatureOperator):
    """A symmetric matrix as an operator."""

    def __init__(self, matrix: torch.Tensor):
        self.matrix = matrix

    size = property(lambda self: len(self.matrix))
    device = property(lambda self: self.matrix.device)
    dtype = property(lambda self: self.matrix.dtype)

    def matvec(self, v: torch.Tensor) -> torch.Tensor:
        """The product with a vector."""
        return self.matrix @ v


@functools.cache
def matrix(name: str) -> torch.Tensor:
    """One of the two matrices."""
    half = np.random.default_rng(0).standard_normal((SIZE, SIZE))
    if name == "random":
        return torch.as_tensor(half + half.T)
    basis = np.linalg.qr(half)[0]
    return torch.as_tensor(basis * np.append(np.full(3, 50.0), np.ones(SIZE - 3)) @ basis.T)


def one(kind: str, seed: int) -> dict[str, tuple]:
    """The trace from one set of random vectors."""
    name, products = kind.split(", ")
    estimate, _, low, high = curvature.trace(Known(matrix(name)), int(products.split()[0]), seed)
    return {"trace": (estimate, low, high, np.nan)}


def truths(kind: str) -> dict[str, float]:
    """The sum of the diagonal."""
    return {"trace": float(torch.trace(matrix(kind.split(", ")[0])))}
