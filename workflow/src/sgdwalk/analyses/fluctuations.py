"""Fluctuations of the minibatch loss: changes, moving variance, avalanches; tails of their sizes and of noise norms."""

import numpy as np
import xarray as xr

from sgdwalk.heavy_tails import power_law_tail
from sgdwalk.storage.contracts import LOSS, LOSS2, Contract, Variable, variable
from sgdwalk.storage.run_files import STEP
from sgdwalk.trajectory.windows import spacing


def tail(prefix: str, units: str, what: str) -> dict[str, Variable]:
    """The variables of a tail: the entries of power_law_tail.PowerTail under its prefix."""
    texts = {
        "status": ("1", f"ok, or why the {what} have no tail"),
        "number": ("1", f"{what} in the tail"),
        "exponent": ("1", f"exponent of the density of the {what}, a power law"),
        "exponent_low": ("1", f"exponent of the density of the {what}, 2.5 %"),
        "exponent_high": ("1", f"exponent of the density of the {what}, 97.5 %"),
        "smallest": (units, f"where the tail of the {what} begins"),
        "fit_p": ("1", f"p-value of the power law in the tail of the {what}: share of simulated ones that fit it less"),
        "ratio": ("nat", f"log-likelihood ratio of the power law to the exponential in the tail of the {what}"),
        "z": ("1", f"ratio over its standard deviation, {what}: above 0 where the power law is closer"),
        "p": ("1", f"two-sided p-value of the ratio, {what}"),
        "lognormal_ratio": ("nat", f"log-likelihood ratio of the power law to the lognormal in the tail of the {what}"),
        "lognormal_p": ("1", f"p-value of the power law against the lognormal, {what}"),
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
        "size_exponent_null": variable("", "1", "exponent of the avalanche sizes of shuffled losses, median"),
        "size_exponent_null_low": variable("", "1", "exponent of the avalanche sizes of shuffled losses, 2.5 %"),
        "size_exponent_null_high": variable("", "1", "exponent of the avalanche sizes of shuffled losses, 97.5 %"),
        **tail("noise", "1", "norms of the gradient noise"),
    },
)


def compute(training: xr.Dataset, *, interval: int = 100, copies: int = 100, seed: int = 0) -> xr.Dataset:
    """Changes |L_{t+1} - L_t| [step] of the loss, its variance over `interval` centred steps, and avalanches.

    training: loss [step], and noise_norm [step] if recorded. An avalanche is a run of steps whose change exceeds one
    standard deviation of all changes. The moving variance is NaN where the interval does not fit in; so is the last
    step's change. size_*: the tail of the avalanche sizes; noise_*: that of noise_norm, NaN left out; both test
    a power law and compare it with an exponential and a lognormal (power_law_tail.fit). size_exponent_null*: the
    exponent of `copies` shuffled series of the losses, which have the same values and no order in time. copies, also:
    simulated samples behind fit_p. seed: of both. Returns the data set of CONTRACT. Where only every n-th step was
    recorded (step_spacing n), changes are those over n steps, and the interval counts recorded steps.
    """
    loss = training.loss.values
    change = np.append(np.abs(np.diff(loss)), np.nan)
    start, stop = avalanches(large_changes(loss))
    sizes = avalanche_sizes(loss)
    noise = training["noise_norm"].values if "noise_norm" in training else np.array([])
    tails = {name: power_law_tail.fit(x, copies, seed) for name, x in (("size", sizes), ("noise", noise))}
    entries = {f"{name}_{key}": value for name, found in tails.items() for key, value in vars(found).items()}
    return xr.Dataset(
        {
            "loss_change": ("step", change),
            "moving_variance": ("step", moving_variance(loss, interval)),
            "avalanche_start": ("avalanche", training.step.values[start]),
            "avalanche_duration": ("avalanche", (stop - start) * spacing(training)),
            "avalanche_size": ("avalanche", sizes),
        }
        | entries
        | shuffled_exponents(loss, copies, seed),
        coords={"step": training.step},
    )


def large_changes(loss: np.ndarray) -> np.ndarray:
    """Whether the change after each step of loss [step] exceeds one standard deviation of all changes [step - 1]."""
    change = np.diff(loss)
    known = change[np.isfinite(change)]
    return np.abs(change) > (known.std() if known.size else np.inf)


def avalanche_sizes(loss: np.ndarray) -> np.ndarray:
    """Sum of the changes of each avalanche of loss [step], in the order of time."""
    large = large_changes(loss)
    start, _ = avalanches(large)
    return np.add.reduceat(np.where(large, np.abs(np.diff(loss)), 0.0), start) if start.size else np.empty(0)


def shuffled_exponents(loss: np.ndarray, copies: int, seed: int) -> dict[str, float]:
    """size_exponent_null and its 95 % range: exponents of the avalanche sizes of `copies` shuffled series of loss.

    Losses that are not finite are left out. NaN where no shuffled series has a tail.
    """
    rng, finite = np.random.default_rng(seed), loss[np.isfinite(loss)]
    found = [power_law_tail.exponent(avalanche_sizes(rng.permutation(finite))) for _ in range(copies)]
    known = np.array(found)[np.isfinite(found)]
    levels = np.quantile(known, [0.5, 0.025, 0.975]) if known.size else np.full(3, np.nan)
    return {f"size_exponent_null{end}": float(level) for end, level in zip(("", "_low", "_high"), levels, strict=True)}


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
