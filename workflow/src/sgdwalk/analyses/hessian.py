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
        "converged": variable(
            "epoch rank", "1", "whether the residuals up to this rank and of the next five are within the tolerance"
        ),
        "trace": variable("epoch", LOSS, "trace of the Hessian"),
        "trace_error": variable("epoch", LOSS, "standard error of the trace"),
        "trace_low": variable("epoch", LOSS, "trace of the Hessian, lower end of the 95 % interval"),
        "trace_high": variable("epoch", LOSS, "trace of the Hessian, upper end of the 95 % interval"),
        "loss": variable("epoch", LOSS, "training loss of the images that the Hessian is taken over"),
    },
)

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
    seed: int = 0,
) -> xr.Dataset:
    """Algebraically largest eigenvalues by Lanczos with full reorthogonalisation, and the trace, at each snapshot.

    checkpoints: the run's folder of checkpoints. run: its settings. eigenvalues: how many. The loss is the mean over
    `images` random training images, not augmented, in equal batches of `batch_size`. batch_norm: 'batch' normalises
    each batch with its own statistics, as training does; 'stored' uses the running ones. The Krylov space grows
    until the residual |Hv - lambda v| of every eigenvalue, and of the next five, is at most `tolerance` times its own
    |lambda|, or `most_products` Hessian-vector products are reached: `residual` and `converged` say how far it came.
    Trace: Hutchinson's estimator, from `trace_products` products, with Student's interval. seed: of images, start
    vector and probes.

    Returns the data set of CONTRACT; weights that diverged have NaN. FileNotFoundError where there are no
    checkpoints; ValueError for batches that are too small for their own statistics, and for a network whose loss has no
    second derivative, or not the right one, in torch.
    """
    from sgdwalk.landscapes import curvature, trained_networks  # torch, which readers of the file do not need
    from sgdwalk.training.losses import objective

    model, batches = trained_networks.network_and_batches(run, "hessian", images, batch_size, batch_norm, seed)
    snapshots = trained_networks.snapshots(checkpoints)
    rows = []
    for snapshot in snapshots:
        operator = curvature.hessian(model, snapshot["model"], batches, objective(run), batch_norm)
        if not rows:
            curvature.check_second_derivative(operator, run["model"], seed)
        top = curvature.top_eigenvalues(operator, eigenvalues, tolerance, most_products, seed)
        rows.append((*top, *curvature.trace(operator, trace_products, seed), curvature.mean_loss(operator)))
        print(f"epoch {snapshot['epoch']:g}: largest {top[0][0]:.4g}", file=sys.stderr, flush=True)
    value, residual, converged, *traces, loss = map(np.array, zip(*rows, strict=True))
    return xr.Dataset(
        {
            "step": ("epoch", [snapshot["step"] for snapshot in snapshots]),
            "eigenvalue": (("epoch", "rank"), value),
            "residual": (("epoch", "rank"), residual),
            "converged": (("epoch", "rank"), converged.astype(np.int8)),
            **{name: ("epoch", values) for name, values in zip(TRACE, traces, strict=True)},
            "loss": ("epoch", loss),
        },
        coords={"epoch": [snapshot["epoch"] for snapshot in snapshots], "rank": np.arange(1, eigenvalues + 1)},
    )
