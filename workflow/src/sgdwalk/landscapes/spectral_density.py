"""The density of all eigenvalues of a symmetric operator, by stochastic Lanczos quadrature."""

import numpy as np
import torch
from hessian_eigenthings import CurvatureOperator

from sgdwalk.landscapes.krylov import Krylov

MARGIN = 3  # widths that a grid reaches beyond the outermost nodes


def quadrature(operator: CurvatureOperator, probes: int, products: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(nodes, weights), each [probe, node]: the measure of each random probe's quadratic forms.

    For a vector v of random signs, v.f(H)v / n is the sum over nodes of weight f(node), its expectation tr f(H) / n,
    the mean of f over the n eigenvalues (Ubaru, Chen & Saad 2017). The weights of a probe add up to 1. products:
    Hessian-vector products for each probe, which are its number of nodes. A probe whose Krylov space is exhausted
    earlier has NaN beyond its nodes, with weight 0; one with a product that is not finite has NaN in both.
    """
    random = torch.Generator().manual_seed(seed)
    found = np.full((2, probes, products), np.nan)
    for probe in range(probes):
        signs = torch.randint(2, (operator.size,), generator=random) * 2 - 1
        space = Krylov(operator, signs.to(operator.device, operator.dtype), min(products, operator.size))
        space.grow(products)
        if space.finite:
            found[1, probe] = 0
            found[:, probe, : len(space)] = space.quadrature()
    return found[0], found[1]


def grid(nodes: np.ndarray, points: int) -> tuple[np.ndarray, float]:
    """(points, width): evenly spaced from below the smallest node to above the largest, and what they are resolved by.

    width: the range of the nodes [probe, node] over the number of a probe. NaN where no node is finite.
    """
    if not np.isfinite(nodes).any():
        return np.full(points, np.nan), np.nan
    low, high = np.nanmin(nodes), np.nanmax(nodes)
    width = max((high - low) / nodes.shape[1], np.finfo(float).eps * max(abs(low), abs(high)))
    return np.linspace(low - MARGIN * width, high + MARGIN * width, points), width


def smoothed(nodes: np.ndarray, weights: np.ndarray, at: np.ndarray, width: float) -> np.ndarray:
    """Density [probe, point] at the points `at`: a Gaussian of this standard deviation at each node, of its weight."""
    distance = (at - np.nan_to_num(nodes)[:, :, None]) / width
    return np.einsum("pn,pna->pa", weights, np.exp(-(distance**2) / 2)) / (width * np.sqrt(2 * np.pi))
