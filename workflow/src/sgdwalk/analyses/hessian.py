"""The largest eigenvalues of the Hessian of the training loss, snapshot by snapshot."""

import sys

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import LOSS, Contract, variable

CONTRACT = Contract(
    "hessian",
    {
        "epoch": variable("epoch", "epoch", "epochs done"),
        "step": variable("epoch", "step", "steps done"),
        "rank": variable("rank", "1", "rank of the eigenvalue, largest first"),
        "eigenvalue": variable("epoch rank", LOSS, "eigenvalue of the Hessian"),
        "residual": variable("epoch rank", LOSS, "|Hv - eigenvalue v| of the unit eigenvector v"),
        "converged": variable("epoch rank", "1", "whether the residual is within the tolerance"),
        "trace": variable("epoch", LOSS, "trace of the Hessian"),
        "trace_error": variable("epoch", LOSS, "standard error of the trace"),
        "loss": variable("epoch", LOSS, "training loss of the images that the Hessian is taken over"),
    },
)


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
    seed: int = 0,
) -> xr.Dataset:
    """Top eigenvalues (algebraically largest) by Lanczos with full reorthogonalisation, and the trace.

    The loss is the mean over `images` random training images, not augmented, in equal batches of
    `batch_size`. batch_norm 'batch' normalises each with its own statistics, as training does; 'stored'
    uses the running ones. The Krylov space grows until every residual |Hv - lambda v| is at most
    `tolerance` times the largest |lambda| found, or `most_products` Hessian-vector products are reached:
    `residual` and `converged` then say how far it came. Trace: Hutchinson's estimator.
    """
    from sgdwalk.landscapes import curvature, trained_networks  # torch, which readers of the file do not need
    from sgdwalk.training.losses import objective

    model, batches = trained_networks.network_and_batches(run, "hessian", images, batch_size, batch_norm, seed)
    shots = trained_networks.snapshots(checkpoints)
    rows = []
    for shot in shots:
        operator = curvature.hessian(model, shot["model"], batches, objective(run), batch_norm)
        top = curvature.top_eigenvalues(operator, eigenvalues, tolerance, most_products, seed)
        rows.append((*top, *curvature.trace(operator, trace_products, seed), curvature.mean_loss(operator)))
        print(f"epoch {shot['epoch']:g}: largest {top[0][0]:.4g}", file=sys.stderr, flush=True)
    value, residual, converged, trace, error, loss = map(np.array, zip(*rows, strict=True))
    return xr.Dataset(
        {
            "step": ("epoch", [shot["step"] for shot in shots]),
            "eigenvalue": (("epoch", "rank"), value),
            "residual": (("epoch", "rank"), residual),
            "converged": (("epoch", "rank"), converged.astype(np.int8)),
            "trace": ("epoch", trace),
            "trace_error": ("epoch", error),
            "loss": ("epoch", loss),
        },
        coords={"epoch": [shot["epoch"] for shot in shots], "rank": np.arange(1, eigenvalues + 1)},
    )
