"""summary.csv: a row per run with its main exponents, losses and errors."""

import numpy as np
import pandas as pd
import xarray as xr

from sgdwalk.storage import run_files
from sgdwalk.storage.provenance import stored_settings

COLUMNS = ("model", "dataset", "loss", "optimiser", "lr", "batch_size", "augment", "seed", "steps", "window")


def compute(
    training: list[xr.Dataset],
    msd: list[xr.Dataset],
    path: list[xr.Dataset],
    msl: list[xr.Dataset],
    tails: list[xr.Dataset],
) -> pd.DataFrame:
    """A row per run: settings, MSD exponents of the first and the last window with 95 % intervals, tau_0 and the
    start of the second regime (steps), exponents of contour and MSL, alpha of the gradients, what the recorder found
    wrong (status), final losses and errors.

    Each list holds one file per run, in the same order.
    """
    return pd.DataFrame([row(*files) for files in zip(training, msd, path, msl, tails, strict=True)])


def row(training, msd, path, msl, tails) -> dict:
    """The entries of one run."""
    run = stored_settings(training)
    entries = {"run": run["run"]} | {key: run[key] for key in COLUMNS}
    entries["steps"] = training.sizes["step"]
    for which, window in (("first", 0), ("last", -1)):
        entries |= interval(f"{which}_msd_exponent", msd.sel(fit="paper").isel(window=window), "exponent")
        entries |= interval(f"{which}_msd_exponent_long", msd.sel(fit="long").isel(window=window), "exponent")
        entries[f"{which}_tau0"] = float(msd.crossover_lag.sel(fit="paper")[window])
        entries[f"{which}_drift_share"] = float(msd.drift_share[window, msd.sizes["lag"] // 2])
        entries |= interval(f"{which}_path_exponent", path.sel(fit="long").isel(window=window), "exponent")
        entries |= interval(f"{which}_msl_exponent", msl.sel(fit="whole").isel(window=window), "exponent")
        entries |= interval(f"{which}_alpha", tails.isel(window=window), "alpha")
    entries["regime_start"] = float(msd.regime_start)
    entries["diverged_step"] = int(training.diverged_step)
    entries["status"] = run_files.status(training)
    for name in ("train_loss", "train_error", "test_loss", "test_error"):
        entries[name] = float(training[name][-1]) if training.sizes["epoch"] else np.nan
    return entries


def interval(name: str, data: xr.Dataset, variable: str) -> dict[str, float]:
    """An estimate and the ends of its interval, as three entries."""
    return {f"{name}{end}": float(data[f"{variable}{end}"]) for end in ("", "_low", "_high")}
