"""The Hessian of a network's loss as an operator: largest eigenvalues and their vectors, trace."""

import sys

import numpy as np
import torch
from hessian_eigenthings import CurvatureOperator, HessianOperator, LanczosTridiag, lanczos_tridiagonal
from hessian_eigenthings import trace as hutchinson
from scipy.stats import t as student
from torch import nn

from sgdwalk.training.batch_norm_mode import set_modes

GROWTH = 1.25  # of the Krylov space between two attempts
GUARDS = 5  # further eigenvalues that must converge for one to count: an eigenvalue that is missed shifts all below it
ROUNDINGS = 8  # relative size of a beta that is noise, in machine epsilons: an exhausted space leaves a few at most


def hessian(model: nn.Module, state: dict, batches: list, objective, batch_norm: str) -> HessianOperator:
    """Hessian of the mean loss over equal batches, at the weights `state` (a state dict).

    batches: pairs of inputs and labels. objective(outputs, labels): the loss. batch_norm: 'batch' or 'stored'.
    """
    model.load_state_dict(state)
    set_modes(model, batch_norm)

    def loss(network, batch):
        return objective(network(batch[0]), batch[1])

    return (OneBatchHessian if len(batches) == 1 else MeanHessian)(model, batches, loss)


class MeanHessian(HessianOperator):
    """Hessian of the mean loss over equal batches, zero for a parameter that the loss does not depend on."""

    def matvec(self, v: torch.Tensor) -> torch.Tensor:
        """H v for a flat vector v."""
        return sum(self.product(self.gradient(batch), v) for batch in self.dataloader) / len(self.dataloader)

    def gradient(self, batch) -> tuple[torch.Tensor, ...]:
        """Gradient of a batch's loss, a tensor per parameter, with its graph."""
        loss = self.loss_fn(self.model, batch)
        return torch.autograd.grad(loss, self._param_list, create_graph=True, materialize_grads=True)

    def product(self, gradient: tuple[torch.Tensor, ...], v: torch.Tensor, again: bool = False) -> torch.Tensor:
        """Flat derivative of gradient . v; again: keep the graph for another product."""
        parts = torch.autograd.grad(
            gradient, self._param_list, grad_outputs=self._split(v), retain_graph=again, materialize_grads=True
        )
        return torch.cat([part.reshape(-1) for part in parts])


class OneBatchHessian(MeanHessian):
    """Hessian over a single batch: the graph of the gradient is made once and used for every product."""

    kept = None

    def matvec(self, v: torch.Tensor) -> torch.Tensor:
        """H v for a flat vector v."""
        if self.kept is None:
            (batch,) = self.dataloader
            self.kept = self.gradient(batch)
        return self.product(self.kept, v, again=True)


class Remembered(CurvatureOperator):
    """An operator that keeps its products, so that Lanczos, restarted with more steps, repeats none."""

    def __init__(self, operator: CurvatureOperator):
        self.operator, self.products, self.position = operator, [], 0

    size = property(lambda self: self.operator.size)
    device = property(lambda self: self.operator.device)
    dtype = property(lambda self: self.operator.dtype)

    def matvec(self, v: torch.Tensor) -> torch.Tensor:
        """Product number `position`: Lanczos from the same start needs the same ones in the same order."""
        if self.position == len(self.products):
            self.products.append(self.operator.matvec(v))
        self.position += 1
        return self.products[self.position - 1]


def top_eigenvalues(
    operator: HessianOperator, count: int, tolerance: float, most_products: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(eigenvalue, residual, converged), each [rank], algebraically largest first.

    Lanczos with full reorthogonalisation from a random start (seed); the Krylov space grows until all eigenvalues
    have converged, or until it has `most_products` dimensions. An eigenvalue lambda has converged where its own
    residual |Hv - lambda v|, of the unit vector v, is at most tolerance |lambda|, and so are the residuals of all
    larger ones and of the next GUARDS. A residual says that there is an eigenvalue near lambda, but not which: those
    between two values appear late, and lower ranks move down when they do. Residuals come from the products
    themselves: with v = sum_j s_j q_j, Hv = sum_j s_j H q_j. NaN for weights or products that are not finite, and
    for ranks that the space does not reach. An exhausted space contains each eigenvalue once: one vector of a null
    space, so that ranks below zero cannot be determined.
    """
    return search(operator, count, tolerance, most_products, seed)[:3]


def top_eigenpairs(
    operator: HessianOperator, count: int, tolerance: float, most_products: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(eigenvalue, residual, converged), each [rank], as `top_eigenvalues` finds them, and vector [rank, parameter].

    The vectors are orthonormal to float32's rounding. There are fewer than `count` ranks where the Krylov space does
    not reach all of them. ValueError for weights or products that are not finite.
    """
    *found, krylov = search(operator, count, tolerance, most_products, seed)
    if krylov is None:
        raise ValueError("the Hessian has no eigenvectors: weights, or its products, are not finite")
    reached = np.isfinite(found[0])
    vector = ritz_vectors(krylov, int(reached.sum()))
    return *(part[reached] for part in found), vector


def search(
    operator: HessianOperator, count: int, tolerance: float, most_products: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, LanczosTridiag | None]:
    """The eigenvalues of `top_eigenvalues`, and the Krylov space that they are from, None where they are unknown."""
    unknown = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, bool), None
    if not all(torch.isfinite(p).all() for p in operator.model.parameters()):
        return unknown
    remembered = Remembered(operator)
    start = torch.randn(operator.size, generator=torch.Generator().manual_seed(seed)).to(
        operator.device, operator.dtype
    )
    limit = min(most_products, operator.size)
    steps = min(2 * count, limit)
    while True:
        remembered.position = 0
        krylov = until_exhausted(lanczos_tridiagonal(remembered, start, steps, reorthogonalize=True))
        if not torch.isfinite(krylov.alphas).all():
            return unknown
        exhausted = krylov.iterations < steps or krylov.last_beta <= noise(krylov) or steps == operator.size
        lowest = -noise(krylov) if exhausted and krylov.iterations < operator.size else -np.inf
        value, residual = ritz(krylov, remembered.products, count + GUARDS, lowest)
        found = np.isfinite(value) if exhausted else guarded(residual <= tolerance * np.abs(value))
        value, residual, converged = value[:count], residual[:count], found[:count]
        if converged.all() or steps >= limit or exhausted:
            return value, residual, converged, krylov
        print(f"{steps} products: {converged.sum()} of {count} converged", file=sys.stderr, flush=True)
        steps = min(max(steps + 1, int(GROWTH * steps)), limit)


def guarded(within: np.ndarray) -> np.ndarray:
    """Which ranks have converged, [rank]: those that are `within` tolerance with all larger ones and the next GUARDS.

    within [rank]: of the largest eigenvalues; the last GUARDS ranks are never among those that have converged.
    """
    first_outside = int(np.argmin(np.append(within, False)))
    return np.arange(len(within)) < first_outside - GUARDS


def noise(krylov: LanczosTridiag) -> float:
    """Size of a beta that is only rounding: ROUNDINGS epsilons of the largest element of the tridiagonal matrix."""
    largest = torch.cat([krylov.alphas, krylov.betas]).abs().max()
    return ROUNDINGS * torch.finfo(largest.dtype).eps * float(largest)


def until_exhausted(krylov: LanczosTridiag) -> LanczosTridiag:
    """The Krylov space up to the first beta that is noise.

    The vectors after it are normalised noise, no longer orthogonal to those before, and would duplicate
    eigenvalues. The library itself stops at 1e-12, whatever the precision and H.
    """
    small = (krylov.betas <= noise(krylov)).nonzero().flatten().tolist()
    if not small:
        return krylov
    last = small[0]
    return LanczosTridiag(
        krylov.alphas[: last + 1], krylov.betas[:last], krylov.basis[: last + 1], float(krylov.betas[last]), last + 1
    )


def ritz(
    krylov: LanczosTridiag, products: list[torch.Tensor], count: int, lowest: float
) -> tuple[np.ndarray, np.ndarray]:
    """(value, residual norm), each [rank], of the `count` largest Ritz pairs of a Krylov space that are >= `lowest`.

    products: H q_j of the basis vectors q_j. NaN for missing ranks.
    """
    values, vectors = eigh(krylov)
    found = min(count, int((values >= lowest).sum()))
    value, weights = values.flip(0)[:found], vectors.flip(1)[:, :found]
    residual = torch.empty_like(value)
    for rank, weight in enumerate(weights.T.to(products[0].dtype)):
        gap = torch.zeros_like(products[0])
        for w, product, vector in zip(weight, products, krylov.basis, strict=False):
            gap += w * (product - value[rank].to(product.dtype) * vector)
        residual[rank] = torch.linalg.vector_norm(gap, dtype=torch.float64)
    missing = (0, count - len(value))
    pad = torch.nn.functional.pad
    return pad(value, missing, value=np.nan).cpu().numpy(), pad(residual, missing, value=np.nan).cpu().numpy()


def eigh(krylov: LanczosTridiag) -> tuple[torch.Tensor, torch.Tensor]:
    """Eigenvalues [n], in rising order, and eigenvectors [basis vector, n] of the tridiagonal matrix."""
    off = krylov.betas.double()[: len(krylov.alphas) - 1]
    return torch.linalg.eigh(torch.diag(krylov.alphas.double()) + torch.diag(off, 1) + torch.diag(off, -1))


def ritz_vectors(krylov: LanczosTridiag, count: int) -> np.ndarray:
    """Vectors [rank, parameter] of the `count` largest Ritz values, in float32.

    The basis is orthogonal to the precision of the network only: they are made orthonormal in float64, in the order of
    their ranks.
    """
    weights = eigh(krylov)[1].flip(1)[:, :count]
    vector = weights.new_zeros(count, len(krylov.basis[0]))
    for weight, basis in zip(weights, krylov.basis, strict=True):
        vector.addr_(weight, basis.double())
    factor = torch.linalg.cholesky(vector @ vector.T)
    return torch.linalg.solve_triangular(factor, vector, upper=False).float().cpu().numpy()


def trace(operator: CurvatureOperator, products: int, seed: int) -> tuple[float, float, float, float]:
    """(trace, its standard error, low, high): Hutchinson's estimate from a number of Hessian-vector products.

    The 95 % interval has Student's quantile of products - 1: it is the mean of as many random quadratic forms.
    """
    result = hutchinson(operator, num_matvecs=products, method="hutchinson", seed=seed)
    half = student.ppf(0.975, products - 1) * result.stderr
    return result.estimate, result.stderr, result.estimate - half, result.estimate + half


@torch.no_grad()
def mean_loss(operator: HessianOperator) -> float:
    """The mean loss over the operator's batches."""
    return float(np.mean([float(operator.loss_fn(operator.model, batch)) for batch in operator.dataloader]))
