"""The Hessian of a network's loss as an operator: largest eigenvalues and trace."""

import sys
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from hessian_eigenthings import CurvatureOperator, HessianOperator
from hessian_eigenthings import trace as hutchinson
from scipy.stats import t as student
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from sgdwalk.landscapes.krylov import Krylov, Ritz
from sgdwalk.training.batch_norm_mode import set_modes

BETWEEN = 4  # products between two looks at the eigenvalues
SYMMETRIC = 1e-3  # largest asymmetry of a Hessian; float32 gives the networks of docs/models.md 1e-6 and less
GUARDS = 5  # further eigenvalues that must converge for one to count: an eigenvalue that is missed shifts all below it


def hessian(model: nn.Module, state: dict, batches: list, objective, batch_norm: str) -> HessianOperator:
    """Hessian of the mean loss over equal batches, at the weights `state` (a state dict).

    batches: pairs of inputs and labels. objective(outputs, labels): the loss. batch_norm: 'batch' or 'stored'.
    """
    model.load_state_dict(state)
    set_modes(model, batch_norm)

    def loss(network, batch):
        return objective(network(batch[0]), batch[1])

    return (OneBatchHessian if len(batches) == 1 else MeanHessian)(model, batches, loss)


class PlainWeightNorm(TorchFunctionMode):
    """Weight norm by its formula, v g / |v|: torch's fused kernel has wrong second derivatives (not symmetric)."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        return (weight_norm if function is torch._weight_norm else function)(*args, **(kwargs or {}))


def weight_norm(v: torch.Tensor, g: torch.Tensor, dim: int = 0) -> torch.Tensor:
    """V g / |v|, the norm over all dimensions but `dim`."""
    return v * (g / torch.norm_except_dim(v, 2, dim))


def plain_recurrence(model: nn.Module) -> AbstractContextManager:
    """Without cuDNN for a network with recurrent layers; for all others it stays as it is."""
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    return torch.backends.cudnn.flags(enabled=False) if recurrent else nullcontext()


class MeanHessian(HessianOperator):
    """Hessian of the mean loss over equal batches, zero for a parameter that the loss does not depend on."""

    def matvec(self, v: torch.Tensor) -> torch.Tensor:
        """H v for a flat vector v."""
        return sum(self.product(self.gradient(batch), v) for batch in self.dataloader) / len(self.dataloader)

    def gradient(self, batch) -> tuple[torch.Tensor, ...]:
        """Gradient of a batch's loss, a tensor per parameter, with its graph.

        Attention and recurrent layers are computed step by step: fused kernels have no second derivative.
        """
        with sdpa_kernel(SDPBackend.MATH), PlainWeightNorm(), plain_recurrence(self.model):
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


def check_second_derivative(operator: HessianOperator, name: str, seed: int) -> None:
    """Raise ValueError that names the network where torch has no second derivative of its loss, or a wrong one.

    A function of the network's own without one, and some of torch's, are left out of the product without an error. A
    Hessian without them is not symmetric: |u.Hv - v.Hu| / (|Hu| + |Hv|), of random normal u and v (seed), is then of
    the order of the part that is missing, and else of that of rounding errors.
    """
    random = torch.Generator().manual_seed(seed)
    u, v = (torch.randn(operator.size, generator=random).to(operator.device, operator.dtype) for _ in range(2))
    wrong = f"model = '{name}': its loss must have second derivatives"
    try:
        hu, hv = operator.matvec(u).detach().double(), operator.matvec(v).detach().double()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # NotImplementedError is one
        raise ValueError(f"{wrong}: {' '.join(str(error).split())}") from error
    scale = torch.linalg.vector_norm(hu) + torch.linalg.vector_norm(hv)
    if (u.double() @ hv - v.double() @ hu).abs() > SYMMETRIC * scale:
        raise ValueError(f"{wrong}: torch's are not symmetric, so that one of its functions has none or a wrong one")


def top_eigenvalues(
    operator: HessianOperator, count: int, tolerance: float, most_products: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(eigenvalue, residual, converged), each [rank], algebraically largest first.

    Lanczos from a random start (seed; see krylov): the space grows until all eigenvalues have converged, or until it
    has `most_products` dimensions. An eigenvalue lambda has converged where its own residual |Hv - lambda v|, of the
    unit vector v, is at most tolerance |lambda|, and so are the residuals of all larger ones and of the next GUARDS. A
    residual says that there is an eigenvalue near lambda, but not which: those between two values appear late, and
    lower ranks move down when they do. NaN for weights or products that are not finite, and for ranks that the space
    does not reach. An exhausted space contains each eigenvalue once: one vector of a null space, so that ranks below
    zero cannot be determined.
    """
    top, converged = search(operator, count, tolerance, most_products, seed)
    return padded(top.value, count, np.nan), padded(top.residual, count, np.nan), converged


def top_eigenpairs(
    operator: HessianOperator, count: int, tolerance: float, most_products: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(eigenvalue, residual, converged), each [rank], as `top_eigenvalues` finds them, and vector [rank, parameter].

    The vectors are orthonormal to float32's rounding. There are fewer than `count` ranks where the Krylov space does
    not reach all of them. ValueError for weights or products that are not finite.
    """
    top, converged = search(operator, count, tolerance, most_products, seed)
    if not len(top.value):
        raise ValueError("the Hessian has no eigenvectors: weights, or its products, are not finite")
    reached = min(count, len(top.value))
    return top.value[:reached], top.residual[:reached], converged[:reached], orthonormal(top.vectors[:reached])


def search(
    operator: HessianOperator, count: int, tolerance: float, most_products: int, seed: int
) -> tuple[Ritz, np.ndarray]:
    """(the largest eigenpairs and some of the next, converged [rank]) of `top_eigenvalues`; no pairs where unknown."""
    unknown = Ritz(np.empty(0), np.empty(0), torch.empty(0, operator.size)), np.zeros(count, bool)
    if not all(torch.isfinite(p).all() for p in operator.model.parameters()):
        return unknown
    random = torch.Generator().manual_seed(seed)
    start = torch.randn(operator.size, generator=random).to(operator.device, operator.dtype)
    space = Krylov(operator, start, min(most_products, operator.size))
    space.grow(2 * count)
    while space.finite:
        top = space.largest(count + GUARDS)
        found = guarded(padded(top.residual <= tolerance * np.abs(top.value), count + GUARDS, False))
        converged = padded(np.isfinite(top.value), count, False) if space.exhausted else found[:count]
        if converged.all() or space.exhausted or len(space) == space.most:
            return top, converged
        print(f"{len(space)} products: {converged.sum()} of {count} converged", file=sys.stderr, flush=True)
        space.grow(len(space) + BETWEEN)
    return unknown


def orthonormal(vectors: torch.Tensor) -> np.ndarray:
    """Almost orthonormal vectors [rank, parameter], made so in float64 in the order of their ranks; float32."""
    vectors = vectors.double()
    factor = torch.linalg.cholesky(vectors @ vectors.T)
    return torch.linalg.solve_triangular(factor, vectors, upper=False).float().cpu().numpy()


def padded(values: np.ndarray, length: int, filler: float) -> np.ndarray:
    """The first `length` values, with `filler` for those that are missing."""
    return np.append(values, np.full(max(0, length - len(values)), filler))[:length]


def guarded(within: np.ndarray) -> np.ndarray:
    """Which ranks have converged, [rank]: those that are `within` tolerance with all larger ones and the next GUARDS.

    within [rank]: of the largest eigenvalues; the last GUARDS ranks are never among those that have converged.
    """
    first_outside = int(np.argmin(np.append(within, False)))
    return np.arange(len(within)) < first_outside - GUARDS


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
