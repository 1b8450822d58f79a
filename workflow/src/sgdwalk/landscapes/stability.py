"""How near a training is to the edge of stability: curvature along minibatch gradients, and the most that it may be."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from sgdwalk.landscapes.curvature import MeanHessian
from sgdwalk.limiting.minibatch_noise import Deviations
from sgdwalk.training.schedules import learning_rate


def batch_sharpness(operator: MeanHessian, batches: Iterable) -> tuple[np.ndarray, np.ndarray]:
    """(g.H_B g / |g|^2 [batch], squares [batch - 1]) of independent minibatches.

    g, H_B: gradient and Hessian of the loss of one minibatch B at the operator's weights. squares: squared deviations
    of the gradients, whose mean is the trace of their covariance (see Deviations). batches: what the operator's loss
    takes; its own are not used. A gradient of zero has NaN. Expectation over batches: 'batch sharpness' of Andreyev &
    Beneventano, arXiv 2412.20553.
    """
    sharpness, deviations = [], Deviations()
    for batch in batches:
        parts = operator.gradient(batch)
        gradient = torch.cat([part.detach().reshape(-1) for part in parts])
        product = operator.product(parts, gradient)
        square = torch.linalg.vector_norm(gradient, dtype=torch.float64) ** 2
        sharpness.append(float(gradient.double() @ product.double() / square))
        deviations.add(gradient)
    return np.array(sharpness), np.array([float(square) for square in deviations.squares])


def threshold(run: Mapping[str, Any], step: int, examples: int) -> float:
    """The eigenvalue of the Hessian above which steps along its eigenvector grow, at a run's learning rate.

    2 / eta for vanilla SGD; with momentum beta and weight decay lambda 2 (1 + beta) / eta - lambda, with Nesterov's
    momentum 2 (1 + beta) / ((1 + 2 beta) eta) - lambda, on a quadratic loss without noise (Cohen et al. 2021, appendix
    B). NaN for Adam. step: steps done; eta is that of the last of them. examples: in an epoch.
    """
    if run["optimiser"] != "sgd":
        return np.nan
    epoch = -(-examples // run["batch_size"])
    rate = learning_rate(run, max(step - 1, 0), run["steps"] or run["epochs"] * epoch, epoch)
    beta = run["momentum"]
    return 2 * (1 + beta) / ((1 + 2 * beta if run["nesterov"] else 1) * rate) - run["weight_decay"]
