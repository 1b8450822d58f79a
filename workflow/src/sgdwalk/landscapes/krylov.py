"""The Krylov space of a symmetric operator: it grows by one product at a time and tells its eigenvalues at any size."""

from dataclasses import dataclass

import numpy as np
import torch
from hessian_eigenthings import CurvatureOperator

BLOCK = 32  # vectors that memory is taken for at once
ROUNDINGS = 8  # relative size of a beta that is noise, in machine epsilons: an exhausted space leaves a few at most


@dataclass(frozen=True)
class Ritz:
    """Approximate eigenpairs from one end of the spectrum, the outermost first.

    value: eigenvalues [rank]. residual: |Hv - value v| [rank] of the unit vectors v. vectors: v [rank, parameter].
    """

    value: np.ndarray
    residual: np.ndarray
    vectors: torch.Tensor


class Rows:
    """Vectors [row, parameter] that are appended one by one, in blocks: the memory of as many as there are."""

    def __init__(self, like: torch.Tensor):
        self.like, self.blocks, self.count = like, [], 0

    def append(self, vector: torch.Tensor) -> None:
        """Add a row."""
        if self.count == BLOCK * len(self.blocks):
            self.blocks.append(self.like.new_empty(BLOCK, len(self.like)))
        self.blocks[-1][self.count % BLOCK] = vector
        self.count += 1

    def parts(self) -> list[torch.Tensor]:
        """The rows of each block."""
        return [block[: self.count - BLOCK * k] for k, block in enumerate(self.blocks)]

    def last(self) -> torch.Tensor:
        """The row that was appended last."""
        return self.blocks[-1][(self.count - 1) % BLOCK]

    def combined(self, weights: torch.Tensor) -> torch.Tensor:
        """Sums of the first rows, weighted: weights [sum, row] times rows, [sum, parameter]."""
        return sum(w @ part[: w.shape[1]] for w, part in zip(weights.split(BLOCK, 1), self.parts(), strict=False))


class Krylov:
    """The space of q, Hq, H^2 q, ... with an orthonormal basis (Lanczos with full reorthogonalisation).

    operator: symmetric, H. start: q, not zero. most: dimensions that it may grow to.

    exhausted: whether a further product would add nothing but rounding, as all of the operator that `start` has a
    part in lies in the space. finite: False once a product was not finite, after which the space does not grow.
    """

    def __init__(self, operator: CurvatureOperator, start: torch.Tensor, most: int):
        self.operator, self.most = operator, most
        self.basis, self.products = Rows(start), Rows(start)
        self.basis.append(start / torch.linalg.vector_norm(start))
        self.diagonal: list[float] = []
        self.beside: list[float] = []  # beta of each product: of its new direction
        self.exhausted, self.finite = False, True

    def __len__(self) -> int:
        return len(self.diagonal)

    def grow(self, size: int) -> None:
        """Take products until the space has `size` dimensions, is exhausted, or a product is not finite."""
        while len(self) < min(size, self.most) and self.finite and not self.exhausted:
            self._add()

    def _add(self) -> None:
        """The product with the last basis vector, and the direction that it adds."""
        rest = self.operator.matvec(self.basis.last())
        self.products.append(rest)
        self.diagonal.append(float(self.basis.last() @ rest))
        self.finite = np.isfinite(self.diagonal[-1])
        for known in 2 * self.basis.parts():  # the second time takes off what the rounding of the first has left
            rest = rest - (known @ rest) @ known
        self.beside.append(float(torch.linalg.vector_norm(rest)))
        self.exhausted = self.finite and (self.beside[-1] <= self.noise() or len(self) == self.operator.size)
        if len(self) < self.most and not self.exhausted:
            self.basis.append(rest / self.beside[-1])

    def noise(self) -> float:
        """Size of a beta that is only rounding: ROUNDINGS epsilons of the largest element of the projected operator."""
        return ROUNDINGS * torch.finfo(self.basis.like.dtype).eps * np.abs([*self.diagonal, *self.beside]).max()

    def projected(self) -> tuple[np.ndarray, np.ndarray]:
        """(eigenvalues [rank], increasing; eigenvectors [row, rank]) of the operator projected on the space."""
        off = np.diag(self.beside[: len(self) - 1], 1)
        return np.linalg.eigh(np.diag(self.diagonal) + off + off.T)

    def outermost(self, count: int, side: int = 1) -> Ritz:
        """The `count` largest (side 1) or smallest (side -1) eigenpairs of the operator projected on the space.

        Fewer if the space has fewer. Of an exhausted space that is smaller than the operator only those above zero, or
        below it: it contains each eigenvalue once, one vector of a null space. Residuals come from the products
        themselves: with v = sum_j s_j q_j, Hv = sum_j s_j H q_j.
        """
        value, weights = self._outermost(count, side)
        weights = torch.from_numpy(weights.copy()).to(self.basis.like)
        vectors = self.basis.combined(weights)
        gap = self.products.combined(weights) - torch.from_numpy(value).to(vectors)[:, None] * vectors
        return Ritz(value, torch.linalg.vector_norm(gap, dim=1, dtype=torch.float64).cpu().numpy(), vectors)

    def bounds(self, count: int, side: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """(value, residual) [rank] of the same pairs without their vectors: |Hv - value v| = beta |last element of s|.

        As far as the basis is orthonormal; the beta is that of the newest direction.
        """
        value, weights = self._outermost(count, side)
        return value, self.beside[-1] * np.abs(weights[:, -1])

    def _outermost(self, count: int, side: int) -> tuple[np.ndarray, np.ndarray]:
        """(eigenvalues [rank], eigenvectors [rank, row]) of the projected operator, as `outermost` has them."""
        values, weights = self.projected()
        partly = self.exhausted and len(self) < self.operator.size
        found = min(count, int((side * values >= (-self.noise() if partly else -np.inf)).sum()))
        return values[::-side][:found].copy(), weights[:, ::-side][:, :found].T

    def quadrature(self) -> tuple[np.ndarray, np.ndarray]:
        """(nodes, weights) [rank] of Gauss quadrature: q.f(H)q / q.q is about the sum of weight f(node).

        Exact for polynomials f of a degree below twice the size of the space, and for every f once it is exhausted
        (Golub & Welsch 1969).
        """
        nodes, vectors = self.projected()
        return nodes, vectors[0] ** 2
