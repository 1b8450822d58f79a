"""Fluctuations of the minibatch loss: changes, moving variance, avalanches."""

import numpy as np
import xarray as xr

from sgdwalk.contracts import Contract, variable
from sgdwalk.records import STEP

CONTRACT = Contract(
    "fluctuations",
    {
        "step": STEP,
        "loss_change": variable("step", "nat", "change of the minibatch loss |L_{t+1} - L_t|"),
        "moving_variance": variable("step", "nat2", "variance of the minibatch loss over a moving interval"),
        "avalanche_start": variable("avalanche", "step", "first step of the avalanche"),
        "avalanche_duration": variable("avalanche", "step", "steps in the avalanche"),
        "avalanche_size": variable("avalanche", "nat", "sum of the loss changes in the avalanche"),
    },
)


def compute(training: xr.Dataset, *, interval: int = 100) -> xr.Dataset:
    """|L_{t+1} - L_t| [step], variance of the loss over `interval` centred steps, and avalanches.

    An avalanche is a run of steps whose change exceeds one standard deviation of all changes. The moving
    variance is NaN where the interval does not fit in; so is the last step's change.
    """
    loss = training.loss.values
    change = np.append(np.abs(np.diff(loss)), np.nan)
    known = np.diff(loss)[np.isfinite(np.diff(loss))]
    start, stop = avalanches(change > (known.std() if known.size else np.inf))
    sizes = [change[a:b].sum() for a, b in zip(start, stop, strict=True)]
    return xr.Dataset(
        {
            "loss_change": ("step", change),
            "moving_variance": ("step", moving_variance(loss, interval)),
            "avalanche_start": ("avalanche", start),
            "avalanche_duration": ("avalanche", stop - start),
            "avalanche_size": ("avalanche", np.array(sizes, float)),
        },
        coords={"step": training.step},
    )


def moving_variance(values: np.ndarray, interval: int) -> np.ndarray:
    """Sample variance over `interval` values around each; two passes, so that small variances keep their digits."""
    result = np.full(len(values), np.nan)
    if len(values) >= interval:
        view = np.lib.stride_tricks.sliding_window_view(values, interval)
        result[interval // 2 : interval // 2 + len(view)] = view.var(axis=1, ddof=1)
    return result


def avalanches(large: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(start, stop) of each run of True values, stop excluded."""
    edges = np.diff(np.concatenate([[0], large.astype(int), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
