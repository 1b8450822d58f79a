"""The Hessian of the training loss, snapshot by snapshot.

The largest eigenvalues and the trace; on request the smallest, the spectral density and the sharpness of minibatches.
"""

import sys
from itertools import islice
from typing import Any

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import LOSS, PER_LOSS, Contract, variable
from sgdwalk.trajectory.student_mean import student_mean

CONTRACT = Contract(
    "hessian",
    {
        "epoch": variable("epoch", "epoch", "epochs done"),
        "step": variable("epoch", "step", "steps done"),
        "rank": variable("rank", "1", "rank of the eigenvalue, largest first"),
        "eigenvalue": variable("epoch rank", LOSS, "eigenvalue of the Hessian"),
        "residual": variable("epoch rank", LOSS, "|Hv - eigenvalue v| of the unit eigenvector v"),
        "converged": variable(
            "epoch rank", "1", "whether the residuals up to this rank and of the next five are within the tolerance"
        ),
        "low_rank": variable("low_rank", "1", "rank of the eigenvalue, smallest first"),
        "smallest": variable("epoch low_rank", LOSS, "eigenvalue of the Hessian, from the smallest on"),
        "smallest_residual": variable("epoch low_rank", LOSS, "|Hv - smallest v| of the unit eigenvector v"),
        "smallest_converged": variable("epoch low_rank", "1", "the same as converged, from the smallest on"),
        "trace": variable("epoch", LOSS, "trace of the Hessian"),
        "trace_error": variable("epoch", LOSS, "standard error of the trace"),
        "trace_low": variable("epoch", LOSS, "trace of the Hessian, lower end of the 95 % interval"),
        "trace_high": variable("epoch", LOSS, "trace of the Hessian, upper end of the 95 % interval"),
        "loss": variable("epoch", LOSS, "training loss of the images that the Hessian is taken over"),
        "node": variable("epoch probe node", LOSS, "node of the quadrature of the spectrum"),
        "node_weight": variable("epoch probe node", "1", "share of the eigenvalues at the node"),
        "curvature": variable("epoch point", LOSS, "curvature that the spectral density is taken at"),
        "density": variable("epoch point", PER_LOSS, "spectral density: share of the eigenvalues per curvature"),
        "density_error": variable("epoch point", PER_LOSS, "standard error of the density, between probes"),
        "density_width": variable("epoch", LOSS, "standard deviation of the Gaussian that smooths the density"),
        "batch_sharpness": variable("epoch", LOSS, "batch sharpness: mean of g.Hg / |g|^2 over minibatches"),
        "batch_sharpness_low": variable("epoch", LOSS, "batch sharpness, lower end of the 95 % interval"),
        "batch_sharpness_high": variable("epoch", LOSS, "batch sharpness, upper end of the 95 % interval"),
        "noise": variable("epoch", "1", "trace of the covariance of a minibatch gradient"),
        "noise_low": variable("epoch", "1", "trace of the covariance, lower end of the 95 % interval"),
        "noise_high": variable("epoch", "1", "trace of the covariance, upper end of the 95 % interval"),
        "threshold": variable("epoch", LOSS, "curvature above which steps grow (2 / learning rate of vanilla SGD)"),
    },
    version=2,
)

POINTS = 500  # of the spectral density
TRACE = ("trace", "trace_error", "trace_low", "trace_high")


def compute(
    checkpoints: str,
    *,
    run: dict,
    eigenvalues: int = 20,
    images: int = 500,
    batch_size: int = 500,
    batch_norm: str = "batch",
    tolerance: float = 0.01,
    most_products: int = 320,
    trace_products: int = 10,
    smallest: int = 0,
    density_probes: int = 0,
    density_products: int = 80,
    sharpness_batches: int = 0,
    seed: int = 0,
) -> xr.Dataset:
    """Extreme eigenvalues by Lanczos with full reorthogonalisation, trace, density and sharpness at each snapshot.

    checkpoints: the run's folder of checkpoints. run: its settings. eigenvalues, smallest: how many, from the
    algebraically largest and from the smallest on. The loss is the mean over `images` random training images, not
    augmented, in equal batches of `batch_size`. batch_norm: 'batch' normalises each batch with its own statistics, as
    training does; 'stored' uses the running ones. The Krylov space grows until the residual |Hv - lambda v| of every
    eigenvalue, and of the next five, is at most `tolerance` times its own |lambda|, or `most_products` Hessian-vector
    products are reached: `residual` and `converged` say how far it came.
    Trace: Hutchinson's estimator, from `trace_products` products, with Student's interval. Density: stochastic Lanczos
    quadrature, `density_products` products for each of `density_probes` probes. Sharpness and noise: over
    `sharpness_batches` minibatches of the run's size, drawn with replacement and augmented as in its training, with
    Student's intervals. Where one of these numbers is 0 there is none, or NaN. seed: of images, start vector, probes
    and minibatches.

    Returns the data set of CONTRACT; weights that diverged have NaN. FileNotFoundError where there are no
    checkpoints; ValueError for batches that are too small for their own statistics, and for a network whose loss has no
    second derivative, or not the right one, in torch.
    """
    from sgdwalk.landscapes import curvature, trained_networks  # torch, which readers of the file do not need
    from sgdwalk.landscapes.stability import batch_sharpness, threshold
    from sgdwalk.limiting.minibatch_noise import independent_batches
    from sgdwalk.training.losses import objective
    from sgdwalk.training.problem import load_images

    data = load_images(run)
    model, batches = trained_networks.network_and_batches(run, "hessian", images, batch_size, batch_norm, seed, data)
    drawn = independent_batches(run, data, next(model.parameters()), seed) if sharpness_batches else iter(())
    snapshots, rows = trained_networks.snapshots(checkpoints), []
    for snapshot in snapshots:
        operator = curvature.hessian(model, snapshot["model"], batches, objective(run), batch_norm)
        if not rows:
            curvature.check_second_derivative(operator, run["model"], seed)
        ends = curvature.outer_eigenvalues(operator, eigenvalues, smallest, tolerance, most_products, seed)
        rows.append(
            {
                **extremes(*ends),
                **dict(zip(TRACE, curvature.trace(operator, trace_products, seed), strict=True)),
                "loss": curvature.mean_loss(operator),
                **density(operator, density_probes, density_products, seed),
                **means(*batch_sharpness(operator, islice(drawn, sharpness_batches))),
                "step": snapshot["step"],
                "threshold": threshold(run, snapshot["step"], len(data.train)),
            }
        )
        print(f"epoch {snapshot['epoch']:g}: largest {rows[-1]['eigenvalue'][0]:.4g}", file=sys.stderr, flush=True)
    return xr.Dataset(
        {name: (CONTRACT.variables[name].dims, np.array([row[name] for row in rows])) for name in rows[0]},
        coords={
            "epoch": [snapshot["epoch"] for snapshot in snapshots],
            "rank": np.arange(1, eigenvalues + 1),
            "low_rank": np.arange(1, smallest + 1),
        },
    )


def extremes(largest, smallest) -> dict[str, np.ndarray]:
    """The eigenvalues of both ends by the names of the contract."""
    return {
        "eigenvalue": largest.value,
        "residual": largest.residual,
        "converged": largest.converged.astype(np.int8),
        "smallest": smallest.value,
        "smallest_residual": smallest.residual,
        "smallest_converged": smallest.converged.astype(np.int8),
    }


def density(operator, probes: int, products: int, seed: int) -> dict[str, Any]:
    """Quadrature and spectral density of an operator by the names of the contract; without points for no probes."""
    from sgdwalk.landscapes import spectral_density

    nodes, weights = spectral_density.quadrature(operator, probes, products if probes else 0, seed)
    points, width = spectral_density.grid(nodes, POINTS if probes else 0)
    mean, error, _ = student_mean(spectral_density.smoothed(nodes, weights, points, width))
    return {
        "node": nodes,
        "node_weight": weights,
        "curvature": points,
        "density": mean,
        "density_error": error,
        "density_width": width,
    }


def means(sharpness: np.ndarray, squares: np.ndarray) -> dict[str, float]:
    """Batch sharpness and noise with their intervals by the names of the contract."""
    found = {}
    for name, values in (("batch_sharpness", sharpness), ("noise", squares)):
        mean, _, half = student_mean(values)
        found |= {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
    return found
