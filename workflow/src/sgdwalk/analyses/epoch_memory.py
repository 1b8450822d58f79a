"""What a child's gradient noise and steps remember, over two epochs."""

import numpy as np
import xarray as xr

from sgdwalk.limiting.child import Child, settled
from sgdwalk.limiting.correlations import autocorrelation, within_epochs
from sgdwalk.limiting.felt_curvature import regress
from sgdwalk.storage.contracts import Contract, variable, with_interval

FEWEST = 20  # steps after the burn-in
CONTRACT = Contract(
    "epoch_memory",
    {
        "lag": variable("lag", "step", "lag"),
        "epoch_batches": variable("", "1", "batches in an epoch"),
        "first_step": variable("", "step", "first step of the series"),
        **with_interval("noise_correlation", "lag", "1", "autocorrelation of the gradient noise, mean over modes"),
        "noise_correlation_predicted": variable("lag", "1", "autocorrelation of the noise of the run's sampler"),
        **with_interval("step_correlation", "lag", "1", "autocorrelation of the steps, mean over modes"),
        "step_correlation_predicted": variable("lag", "1", "autocorrelation of the steps of the exact chain"),
        **with_interval(
            "within_epoch", "", "1", "correlation of the noise of two batches of an epoch, mean over pairs"
        ),
        "within_epoch_predicted": variable("", "1", "correlation of two batches of an epoch of the run's sampler"),
    },
)


def compute(directions: xr.Dataset, noise_curvature: xr.Dataset, *, burn_in: int = 1000) -> xr.Dataset:
    """Autocorrelation at lags up to two epochs of noise and steps along the modes, and that of the run's sampler.

    directions, noise_curvature: files of the run; of the latter the curvatures, for the prediction of the steps, and
    the number of examples N. burn_in: steps, at most a fifth of the run, up to the next beginning of an epoch. Noise:
    gradient along the mode minus constant, trend and curvature times position, fitted in a way that knows the sampler
    (felt_curvature); the fit lowers correlations of independent batches by about 1 / steps. Steps: eta times velocity;
    their mean is not subtracted. Intervals: correlations.

    Predicted noise, averaged over the phases of an epoch of batches S_i: r_l = -(1 - l / N_b) / (N mean(1 / S_i) - 1)
    for 0 < l < N_b, which is -(1 - l / N_b) / (N_b - 1) where S divides N; 0 beyond, and for independent batches.
    Steps: DiscreteChain or ShuffledEpochs, mean over modes. Two batches of full size of an epoch: -S / (N - S).
    Noise that is fresh at every pass, as of augmentation and dropout, moves all of these towards 0.

    Returns the data set of CONTRACT; NaN for a run that diverged, that has no modes, or is too short.
    """
    child, examples = Child.of(directions), int(noise_curvature.examples)
    epoch, steps = child.batches(examples), directions.sizes["step"]
    size = len(epoch)
    first = min(-(-settled(burn_in, steps) // size) * size, steps)
    lags = np.arange(1, max(min(2 * size, (steps - first) // 2), 0) + 1)
    columns = {"noise_correlation_predicted": predicted_noise(child, epoch, lags)}
    columns["step_correlation_predicted"] = predicted_steps(child, noise_curvature, lags)
    within = {"within_epoch": np.nan, "within_epoch_low": np.nan, "within_epoch_high": np.nan}
    found = dict.fromkeys(("noise_correlation", "step_correlation"), (np.full(len(lags), np.nan),) * 2)
    used = directions[["position", "velocity", "gradient"]].to_array().values
    if steps - first >= FEWEST and used.size and np.isfinite(used).all() and child.noisy(examples):
        position, gradient = directions.position.values, directions.gradient.values
        noise = regress(position, gradient, first, child.batch_size, None if child.independent else epoch).noise
        found["noise_correlation"] = autocorrelation(noise, lags, size)
        found["step_correlation"] = autocorrelation(directions.velocity.values[first:], lags, size)
        pair, half = within_epochs(noise, size, int((epoch == child.batch_size).sum()))
        within = {"within_epoch": pair, "within_epoch_low": pair - half, "within_epoch_high": pair + half}
    for name, (value, half) in found.items():
        columns |= {name: value, f"{name}_low": value - half, f"{name}_high": value + half}
    pairs = 0.0 if child.independent else -child.batch_size / (examples - child.batch_size or np.nan)
    scalars = {"epoch_batches": size, "first_step": first, "within_epoch_predicted": pairs} | within
    return xr.Dataset(
        {name: ("lag", column) for name, column in columns.items()} | {n: ((), v) for n, v in scalars.items()},
        {"lag": lags},
    )


def predicted_noise(child: Child, epoch: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Autocorrelation [lag] of the noise of batches drawn by the run's sampler."""
    if child.independent:
        return np.zeros(len(lags))
    spread = epoch.sum() * (1 / epoch).mean() - 1
    return -np.maximum(1 - lags / len(epoch), 0) / (spread or np.nan)


def predicted_steps(child: Child, noise_curvature: xr.Dataset, lags: np.ndarray) -> np.ndarray:
    """Autocorrelation [lag] of the steps of the exact chain, mean over modes; modes below zero count as flat.

    NaN where a curvature is not finite or a mode is unstable.
    """
    rho, examples = np.maximum(noise_curvature.curvature.mean("snapshot").values, 0), int(noise_curvature.examples)
    if not len(rho) or not child.stable(rho).all() or not child.noisy(examples):
        return np.full(len(lags), np.nan)
    theory = child.theory(rho, 1.0, examples)
    return theory.autocorrelation(lags, of="velocity").mean(axis=1)
