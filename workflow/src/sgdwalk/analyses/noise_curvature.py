"""Gradient noise and curvature of a child along its modes, at its checkpoints."""

import sys
from itertools import islice

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import LOSS, Contract, variable

PER_EXAMPLE = "of the gradient, of one example (S times that of independent minibatches)"
CONTRACT = Contract(
    "noise_curvature",
    {
        "snapshot": variable("snapshot", "1", "checkpoint"),
        "mode": variable("mode", "1", "mode: Hessian eigenvector of the start, largest eigenvalue first"),
        "step": variable("snapshot", "step", "steps done"),
        "examples": variable("", "1", "training examples"),
        "eigenvalue": variable("mode", LOSS, "eigenvalue of the mode at the start"),
        "converged": variable("mode", "1", "whether the mode has converged"),
        "trace": variable("snapshot", "1", f"trace of the covariance {PER_EXAMPLE}"),
        "trace_error": variable("snapshot", "1", "standard error of the trace"),
        "variance": variable("snapshot mode", "1", f"variance along the mode {PER_EXAMPLE}"),
        "variance_error": variable("snapshot mode", "1", "standard error of the variance"),
        "curvature": variable("snapshot mode", LOSS, "curvature q.Hq of the training loss along the mode"),
        "curvature_error": variable(
            "snapshot mode", LOSS, "standard error of the curvature (NaN where all images are one batch)"
        ),
        "gradient": variable("snapshot mode", "1", "gradient of the training loss along the mode"),
        "gradient_error": variable("snapshot mode", "1", "standard error of the gradient"),
        "modes_used": variable("snapshot", "1", "modes that have converged and a positive curvature"),
        "exponent": variable("snapshot", "1", "gamma of variance ~ curvature^gamma over these modes"),
        "exponent_low": variable("snapshot", "1", "lower end of the 95 % interval of gamma"),
        "exponent_high": variable("snapshot", "1", "upper end of the 95 % interval of gamma"),
    },
)


def compute(
    checkpoints: str,
    modes: xr.Dataset,
    *,
    run: dict,
    batches: int = 100,
    curvature_batches: int = 8,
    copies: int = 200,
    seed: int = 0,
) -> xr.Dataset:
    """Trace of Sigma, Sigma along each mode, curvature and mean gradient along each mode, at each checkpoint.

    checkpoints: the run's folder of checkpoints. modes: its modes.nc. run: its settings. Noise: from `batches`
    minibatches of the run's size, drawn independently with replacement and augmented as in its training, whatever its
    sampler; batch norm takes the statistics of the batch, dropout is off. Curvature: over random training images,
    not augmented, in `curvature_batches` batches of the run's size, or as many as there are. The loss is without weight
    decay. copies: of the bootstrap behind the interval of gamma (noise_exponent). seed: of batches, images and
    bootstrap.

    Returns the data set of CONTRACT; weights that diverged have NaN. FileNotFoundError where there are no
    checkpoints; ValueError for batches that are too small for their own statistics.
    """
    import torch

    from sgdwalk.landscapes import curvature, trained_networks  # torch, which readers of the file do not need
    from sgdwalk.limiting.minibatch_noise import curvatures, independent_batches, minibatch_noise
    from sgdwalk.training.losses import objective
    from sgdwalk.training.problem import load_images

    size, loss, data = run["batch_size"], objective(run), load_images(run)
    model, fixed = trained_networks.network_and_batches(
        run, "noise_curvature", curvature_batches * size, size, "batch", seed, data
    )
    vectors = torch.from_numpy(modes.vector.values).to(next(model.parameters()))
    drawn = independent_batches(run, data, vectors, seed)
    snapshots, rng, rows = trained_networks.snapshots(checkpoints), np.random.default_rng(seed), []
    for snapshot in snapshots:
        operator = curvature.hessian(model, snapshot["model"], fixed, loss, "batch")
        noise = minibatch_noise(model, islice(drawn, batches), loss, vectors)
        bent = curvatures(operator, vectors)
        rows.append(measured(noise, bent, size) | fitted(noise, bent, modes.converged.values == 1, copies, rng))
        print(f"step {snapshot['step']}: trace {rows[-1]['trace']:.4g}", file=sys.stderr, flush=True)
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return xr.Dataset(
        {
            "step": ("snapshot", [snapshot["step"] for snapshot in snapshots]),
            "examples": ((), len(data.train)),
            **{name: ("mode", modes[name].values) for name in ("eigenvalue", "converged")},
            **{name: (("snapshot", "mode")[: column.ndim], column) for name, column in columns.items()},
        },
        {"snapshot": np.arange(len(snapshots)), "mode": np.arange(len(vectors))},
    )


def measured(noise, curvatures: np.ndarray, batch_size: int) -> dict[str, np.ndarray]:
    """Trace, variances, curvatures and gradients of a checkpoint with their standard errors, by name."""
    found = {}
    for name, part, scale in (
        ("trace", noise.squares, batch_size),
        ("variance", noise.along, batch_size),
        ("curvature", curvatures, 1),
        ("gradient", noise.gradient, 1),
    ):
        found[name] = scale * part.mean(axis=0)
        found[f"{name}_error"] = scale * standard_error(part)
    return found


def standard_error(part: np.ndarray) -> np.ndarray:
    """Of the mean over batches of part [batch, ...]; NaN for a single batch."""
    return part.std(axis=0, ddof=1) / np.sqrt(len(part)) if len(part) > 1 else np.full(part.shape[1:], np.nan)


def fitted(noise, curvatures: np.ndarray, converged: np.ndarray, copies: int, rng) -> dict[str, float]:
    """The exponent gamma of a checkpoint, its interval, and the number of modes that it is of, by name."""
    from sgdwalk.limiting.noise_exponent import interval

    used = converged & (curvatures.mean(axis=0) > 0)
    found = interval(noise.along[:, used], curvatures[:, used], copies, rng) if used.any() else (np.nan,) * 3
    return dict(zip(("exponent", "exponent_low", "exponent_high"), found, strict=True)) | {"modes_used": used.sum()}
