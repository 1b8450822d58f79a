"""Fluctuations of the minibatch loss: changes, moving variance, avalanches; tails of their sizes and of noise norms."""

import numpy as np
import xarray as xr

from sgdwalk.heavy_tails import power_law_tail
from sgdwalk.storage.contracts import LOSS, LOSS2, Contract, Variable, variable
from sgdwalk.storage.run_files import STEP


def tail(prefix: str, units: str, what: str) -> dict[str, Variable]:
    """The variables of a tail: the entries of power_law_tail.PowerTail under its prefix."""
    texts = {
        "status": ("1", f"ok, or why the {what} have no tail"),
        "number": ("1", f"{what} in the tail"),
        "exponent": ("1", f"exponent of the density of the {what}, a power law"),
        "exponent_low": ("1", f"exponent of the density of the {what}, 2.5 %"),
        "exponent_high": ("1", f"exponent of the density of the {what}, 97.5 %"),
        "smallest": (units, f"where the tail of the {what} begins"),
        "ratio": ("nat", f"log-likelihood ratio of the power law to the exponential in the tail of the {what}"),
        "z": ("1", f"ratio over its standard deviation, {what}: above 0 where the power law is closer"),
        "p": ("1", f"two-sided p-value of the ratio, {what}"),
    }
    return {f"{prefix}_{name}": variable("", units_, text) for name, (units_, text) in texts.items()}


CONTRACT = Contract(
    "fluctuations",
    {
        "step": STEP,
        "loss_change": variable("step", LOSS, "change of the minibatch loss |L_{t+1} - L_t|"),
        "moving_variance": variable("step", LOSS2, "variance of the minibatch loss over a moving interval"),
        "avalanche_start": variable("avalanche", "step", "first step of the avalanche"),
        "avalanche_duration": variable("avalanche", "step", "steps in the avalanche"),
        "avalanche_size": variable("avalanche", LOSS, "sum of the loss changes in the avalanche"),
        **tail("size", LOSS, "avalanche sizes"),
        **tail("noise", "1", "norms of the gradient noise"),
    },
)


def compute(training: xr.Dataset, *, interval: int = 100) -> xr.Dataset:
    """Changes |L_{t+1} - L_t| [step] of the loss, its variance over `interval` centred steps, and avalanches.

    training: loss [step], and noise_norm [step] if recorded. An avalanche is a run of steps whose change exceeds one
    standard deviation of all changes. The moving variance is NaN where the interval does not fit in; so is the last
    step's change. size_*: the tail of the avalanche sizes; noise_*: that of noise_norm, NaN left out; both compare
    a power law with an exponential (power_law_tail.fit). Returns the data set of CONTRACT.
    """
    loss = training.loss.values
    change = np.append(np.abs(np.diff(loss)), np.nan)
    known = np.diff(loss)[np.isfinite(np.diff(loss))]
    start, stop = avalanches(change > (known.std() if known.size else np.inf))
    sizes = np.array([change[a:b].sum() for a, b in zip(start, stop, strict=True)], float)
    noise = training["noise_norm"].values if "noise_norm" in training else np.array([])
    tails = {"size": power_law_tail.fit(sizes), "noise": power_law_tail.fit(noise)}
    entries = {f"{name}_{key}": value for name, found in tails.items() for key, value in vars(found).items()}
    return xr.Dataset(
        {
            "loss_change": ("step", change),
            "moving_variance": ("step", moving_variance(loss, interval)),
            "avalanche_start": ("avalanche", start),
            "avalanche_duration": ("avalanche", stop - start),
            "avalanche_size": ("avalanche", sizes),
        }
        | entries,
        coords={"step": training.step},
    )


def moving_variance(values: np.ndarray, interval: int) -> np.ndarray:
    """Sample variance over `interval` values around each; by two passes, which keep the digits of small variances."""
    result = np.full(len(values), np.nan)
    if len(values) >= interval:
        view = np.lib.stride_tricks.sliding_window_view(values, interval)
        result[interval // 2 : interval // 2 + len(view)] = view.var(axis=1, ddof=1)
    return result


def avalanches(large: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(start, stop) of each run of True values, stop excluded."""
    edges = np.diff(np.concatenate([[0], large.astype(int), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
