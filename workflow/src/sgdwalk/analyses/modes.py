"""The leading eigenvectors of the Hessian at the final network of a run's parent, which the run starts from."""

import sys

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import LOSS, Contract, variable

CONTRACT = Contract(
    "modes",
    {
        "vector": variable("mode parameter", "1", "unit eigenvector of the Hessian"),
        "eigenvalue": variable("mode", LOSS, "eigenvalue of the Hessian, largest first"),
        "residual": variable("mode", LOSS, "|Hq - eigenvalue q| of the unit eigenvector q"),
        "converged": variable(
            "mode", "1", "whether the residuals up to this mode and of the next five are within the tolerance"
        ),
    },
)


def compute(
    checkpoints: str,
    training: xr.Dataset,
    alike: xr.Dataset | None = None,
    *,
    run: dict,
    count: int = 30,
    images: int = 5000,
    tolerance: float = 0.01,
    most_products: int = 320,
    seed: int = 0,
) -> xr.Dataset:
    """The `count` algebraically largest eigenpairs H q = rho q of the training loss, without weight decay.

    checkpoints, training: of the parent. run: settings of the child. H is that of the mean loss over `images` random
    training images, not augmented, in equal batches of the child's batch size, each normalised by batch norm with its
    own statistics, as in the child's training. images: at least that batch size. tolerance, most_products, seed: of the
    search (landscapes.curvature.top_eigenvalues). alike: modes of another run with the same H, which are returned as
    they are (study.sweeps.same_start).

    Returns the data set of CONTRACT, with fewer modes where the network has fewer. Raises ValueError for a parent that
    diverged, for batches that are too small for batch norm, and for a network whose loss has no second derivative, or
    not the right one, in torch; FileNotFoundError where its checkpoint is missing.
    """
    if alike:
        return alike.drop_attrs()
    from sgdwalk.landscapes import curvature, trained_networks  # torch, which readers of the file do not need
    from sgdwalk.training import parents
    from sgdwalk.training.losses import objective

    state = parents.load(parents.final_checkpoint(checkpoints, training))["model"]
    model, batches = trained_networks.network_and_batches(run, "modes", images, run["batch_size"], "batch", seed)
    operator = curvature.hessian(model, state, batches, objective(run), "batch")
    curvature.check_second_derivative(operator, run["model"], seed)
    value, residual, converged, vector = curvature.top_eigenpairs(operator, count, tolerance, most_products, seed)
    print(f"{converged.sum()} of {count} modes converged, largest {value[0]:.4g}", file=sys.stderr, flush=True)
    return xr.Dataset(
        {
            "vector": (("mode", "parameter"), vector),
            "eigenvalue": ("mode", value),
            "residual": ("mode", residual),
            "converged": ("mode", converged.astype(np.int8)),
        }
    )
