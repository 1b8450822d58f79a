"""The Hessian of a network's loss as an operator: its extreme eigenvalues and its trace."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch
from hessian_eigenthings import CurvatureOperator
from hessian_eigenthings import trace as hutchinson
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode

from sgdwalk import quantiles
from sgdwalk.landscapes.batch_norm import batch_norm
from sgdwalk.landscapes.krylov import Krylov, Ritz
from sgdwalk.training.batch_norm_mode import set_modes

BETWEEN = 4  # products between two looks at the eigenvalues
SYMMETRIC = 1e-3  # largest asymmetry of a Hessian; float32 gives the networks of docs/models.md 1e-6 and less
GUARDS = 5  # further eigenvalues that must converge for one to count: an eigenvalue that is missed shifts all below it


def hessian(model: nn.Module, state: dict, batches: list, objective, batch_norm: str) -> "MeanHessian":
    """Hessian of the mean loss over equal batches, at the weights `state` (a state dict).

    batches: pairs of inputs and labels. objective(outputs, labels): the loss. batch_norm: 'batch' or 'stored'.
    """
    model.load_state_dict(state)
    set_modes(model, batch_norm)

    def loss(network, batch):
        return objective(network(batch[0]), batch[1])

    return (OneBatchHessian if len(batches) == 1 else MeanHessian)(model, batches, loss)


class SecondDerivatives(TorchFunctionMode):
    """Functions whose second derivatives torch has wrong, or takes long over.

    Weight norm by its formula, v g / |v|, since the fused kernel's are not symmetric; batch norm as in batch_norm.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        replaced = {torch._weight_norm: weight_norm, functional.batch_norm: own_batch_norm}
        return replaced.get(function, function)(*args, **(kwargs or {}))


def own_batch_norm(x, mean, variance, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5) -> torch.Tensor:
    """That of torch, in place of which it stands, without a change of the running mean and variance."""
    if training:
        return batch_norm(x, weight, bias, eps)
    return functional.batch_norm(x, mean, variance, weight, bias, eps=eps)


def weight_norm(v: torch.Tensor, g: torch.Tensor, dim: int = 0) -> torch.Tensor:
    """V g / |v|, the norm over all dimensions but `dim`."""
    return v * (g / torch.norm_except_dim(v, 2, dim))


def plain_recurrence(model: nn.Module) -> AbstractContextManager:
    """Without cuDNN for a network with recurrent layers; for all others it stays as it is."""
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    return torch.backends.cudnn.flags(enabled=False) if recurrent else nullcontext()


class MeanHessian(CurvatureOperator):
    """Hessian of the mean loss over equal batches, zero for a parameter that the loss does not depend on.

    model: its trained parameters are the arguments of the loss. batches: what loss(model, batch) takes.
    """

    def __init__(self, model: nn.Module, batches: Sequence, loss: Callable[[nn.Module, Any], torch.Tensor]):
        self.model, self.batches, self.loss = model, batches, loss
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.sizes = [p.numel() for p in self.parameters]

    @property
    def size(self) -> int:
        """Number of trained parameters."""
        return sum(self.sizes)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.parameters[0].device

    @property
    def dtype(self) -> torch.dtype:
        """That of the parameters."""
        return self.parameters[0].dtype

    def matvec(self, v: torch.Tensor) -> torch.Tensor:
        """H v for a flat vector v."""
        return sum(self.product(self.gradient(batch), v) for batch in self.batches) / len(self.batches)

    def gradient(self, batch) -> tuple[torch.Tensor, ...]:
        """Gradient of a batch's loss, a tensor per parameter, with its graph.

        Attention and recurrent layers are computed step by step: fused kernels have no second derivative.
        """
        with sdpa_kernel(SDPBackend.MATH), SecondDerivatives(), plain_recurrence(self.model):
            loss = self.loss(self.model, batch)
        return torch.autograd.grad(loss, self.parameters, create_graph=True, materialize_grads=True)

    def product(self, gradient: tuple[torch.Tensor, ...], v: torch.Tensor, again: bool = False) -> torch.Tensor:
        """Flat derivative of gradient . v; again: keep the graph for another product.

        Of the sum itself: torch imports a package for symbols, a quarter of a second, where it is given v instead.
        """
        along = torch.cat([part.reshape(-1) for part in gradient]) @ v
        parts = torch.autograd.grad(along, self.parameters, retain_graph=again, materialize_grads=True)
        return torch.cat([part.reshape(-1) for part in parts])


class OneBatchHessian(MeanHessian):
    """Hessian over a single batch: the graph of the gradient is made once and used for every product."""

    kept = None

    def matvec(self, v: torch.Tensor) -> torch.Tensor:
        """H v for a flat vector v."""
        if self.kept is None:
            (batch,) = self.batches
            self.kept = self.gradient(batch)
        return self.product(self.kept, v, again=True)


def check_second_derivative(operator: MeanHessian, name: str, seed: int) -> None:
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


class Eigenvalues(NamedTuple):
    """From one end of the spectrum, the outermost first: value, residual |Hv - value v|, and converged, each [rank]."""

    value: np.ndarray
    residual: np.ndarray
    converged: np.ndarray


def top_eigenvalues(
    operator: CurvatureOperator, count: int, tolerance: float, most_products: int, seed: int
) -> Eigenvalues:
    """The `count` algebraically largest eigenvalues (see outer_eigenvalues)."""
    return outer_eigenvalues(operator, count, 0, tolerance, most_products, seed)[0]


def outer_eigenvalues(
    operator: CurvatureOperator, largest: int, smallest: int, tolerance: float, most_products: int, seed: int
) -> tuple[Eigenvalues, Eigenvalues]:
    """The algebraically largest and smallest eigenvalues, as many of each as are asked for.

    Lanczos from a random start (seed; see krylov): the space grows until all eigenvalues have converged, or until it
    has `most_products` dimensions. An eigenvalue lambda has converged where its own residual |Hv - lambda v|, of the
    unit vector v, is at most tolerance |lambda|, and so are the residuals of all that lie further out and of the next
    GUARDS. A residual says that there is an eigenvalue near lambda, but not which: those between two values appear
    late, and the ranks after them move when they do. NaN for weights or products that are not finite, and for ranks
    that the space does not reach. An exhausted space contains each eigenvalue once: one vector of a null space, so that
    ranks beyond zero cannot be determined.
    """
    ends = search(operator, (largest, smallest), tolerance, most_products, seed)
    return tuple(
        Eigenvalues(padded(pairs.value, count, np.nan), padded(pairs.residual, count, np.nan), converged)
        for (pairs, converged), count in zip(ends, (largest, smallest), strict=True)
    )


def top_eigenpairs(
    operator: CurvatureOperator, count: int, tolerance: float, most_products: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(eigenvalue, residual, converged), each [rank], as `top_eigenvalues` finds them, and vector [rank, parameter].

    The vectors are orthonormal to float32's rounding. There are fewer than `count` ranks where the Krylov space does
    not reach all of them. ValueError for weights or products that are not finite.
    """
    (top, converged), _ = search(operator, (count, 0), tolerance, most_products, seed)
    if not len(top.value):
        raise ValueError("the Hessian has no eigenvectors: weights, or its products, are not finite")
    reached = min(count, len(top.value))
    return top.value[:reached], top.residual[:reached], converged[:reached], orthonormal(top.vectors[:reached])


def search(
    operator: CurvatureOperator, counts: tuple[int, int], tolerance: float, most_products: int, seed: int
) -> list[tuple[Ritz, np.ndarray]]:
    """(outermost eigenpairs and some of the next, converged [rank]) of both ends, as `outer_eigenvalues` finds them.

    counts: how many of the largest, and of the smallest. No pairs where they are unknown.
    """
    unknown = [(Ritz(np.empty(0), np.empty(0), torch.empty(0, operator.size)), np.zeros(n, bool)) for n in counts]
    if not all(torch.isfinite(p).all() for p in operator.model.parameters()):
        return unknown
    random = torch.Generator().manual_seed(seed)
    start = torch.randn(operator.size, generator=random).to(operator.device, operator.dtype)
    space = Krylov(operator, start, min(most_products, operator.size))
    return converge(space, counts, tolerance) or unknown


def converge(space: Krylov, counts: tuple[int, int], tolerance: float) -> list[tuple[Ritz, np.ndarray]] | None:
    """Grow a space until both ends of the spectrum have converged in it, or it cannot grow; see `search`.

    None where a product is not finite.
    """
    space.grow(2 * max(counts))
    sides = tuple(zip(counts, (1, -1), strict=True))
    while space.finite:
        last = space.exhausted or len(space) == space.most
        seen = np.concatenate([within(*space.bounds(ranks(n), side), n, tolerance) for n, side in sides])
        if last or seen.all():  # vectors and true residuals take as long as some products
            ends = [end(space, count, side, tolerance) for count, side in sides]
            if last or all(converged.all() for _, converged in ends):
                return ends
        print(f"{len(space)} products: {seen.sum()} of {seen.size} converged", file=sys.stderr, flush=True)
        space.grow(len(space) + BETWEEN)
    return None


def end(space: Krylov, count: int, side: int, tolerance: float) -> tuple[Ritz, np.ndarray]:
    """(pairs, converged [rank]) of one end of the spectrum in a space: side 1 the largest, -1 the smallest."""
    pairs = space.outermost(ranks(count), side)
    if space.exhausted:
        return pairs, padded(np.isfinite(pairs.value), count, False)
    return pairs, within(pairs.value, pairs.residual, count, tolerance)


def ranks(count: int) -> int:
    """How many pairs decide about the first `count`: GUARDS more, unless none are asked for."""
    return count + GUARDS if count else 0


def within(value: np.ndarray, residual: np.ndarray, count: int, tolerance: float) -> np.ndarray:
    """Which of the first `count` have converged by the residuals of these pairs, [rank]."""
    return guarded(padded(residual <= tolerance * np.abs(value), ranks(count), False))[:count]


def orthonormal(vectors: torch.Tensor) -> np.ndarray:
    """Almost orthonormal vectors [rank, parameter], made so in float64 in the order of their ranks; float32."""
    vectors = vectors.double()
    factor = torch.linalg.cholesky(vectors @ vectors.T)
    return torch.linalg.solve_triangular(factor, vectors, upper=False).float().cpu().numpy()


def padded(values: np.ndarray, length: int, filler: float) -> np.ndarray:
    """The first `length` values, with `filler` for those that are missing."""
    return np.append(values, np.full(max(0, length - len(values)), filler))[:length]


def guarded(within: np.ndarray) -> np.ndarray:
    """Which ranks have converged, [rank]: those `within` tolerance with all before them and the next GUARDS.

    within [rank]: the outermost first; the last GUARDS ranks are never among those that have converged.
    """
    first_outside = int(np.argmin(np.append(within, False)))
    return np.arange(len(within)) < first_outside - GUARDS


def trace(operator: CurvatureOperator, products: int, seed: int) -> tuple[float, float, float, float]:
    """(trace, its standard error, low, high): Hutchinson's estimate from a number of Hessian-vector products.

    The 95 % interval has Student's quantile of products - 1: it is the mean of as many random quadratic forms.
    """
    result = hutchinson(operator, num_matvecs=products, method="hutchinson", seed=seed)
    half = quantiles.student(0.975, products - 1) * result.stderr
    return result.estimate, result.stderr, result.estimate - half, result.estimate + half


@torch.no_grad()
def mean_loss(operator: CurvatureOperator) -> float:
    """The mean loss over the operator's batches."""
    return float(np.mean([float(operator.loss(operator.model, batch)) for batch in operator.batches]))
