"""Stable laws of gradients pooled in several ways: by layer, at fixed parameters through time, by epoch."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from sgdwalk.heavy_tails.stable import distribution as stable

ENTRIES = ("alpha", "alpha_low", "alpha_high", "scale", "effective_number", "status", "number", "zero_share")


class Usable(NamedTuple):
    """The part of a sample that can be fitted: values and blocks; number of values not 0; share of exact zeros."""

    values: np.ndarray
    blocks: np.ndarray | None
    number: int
    zero_share: float


def usable(x, blocks=None) -> Usable:
    """The values of x [sample] that are neither padding (NaN) nor exactly 0; all but padding where all are 0."""
    kept = ~np.isnan(x)
    nonzero = kept & (x != 0)
    used = nonzero if nonzero.any() else kept
    share = 1 - nonzero.sum() / kept.sum() if kept.any() else np.nan
    return Usable(x[used], None if blocks is None else blocks[used], int(nonzero.sum()), float(share))


def fitted(x, blocks=None, **options) -> dict:
    """ENTRIES of the symmetric stable law fitted to x [sample]; status 'not finite' where all of x is NaN.

    blocks [sample] and options: as for stable.distribution.fit.
    """
    sample = usable(x, blocks)
    fit = stable.fit(sample.values, blocks=sample.blocks, **options) if sample.values.size else NOTHING
    found = {name: getattr(fit, name) for name in ENTRIES[:-2]}
    return found | {"number": sample.number, "zero_share": sample.zero_share}


NOTHING = stable.StableFit("not finite")


def rows(x, blocks=None) -> dict[str, np.ndarray]:
    """ENTRIES of each row of x [..., sample] as arrays [...]; blocks of the shape of x, or broadcast to it."""
    x = np.asarray(x, np.float64)
    blocks = None if blocks is None else np.broadcast_to(blocks, x.shape)
    places = list(np.ndindex(x.shape[:-1]))
    found = [fitted(x[place], None if blocks is None else blocks[place]) for place in places]
    return {name: np.array([row[name] for row in found]).reshape(x.shape[:-1]) for name in ENTRIES}


def layers(gradients: xr.Dataset, block: int) -> xr.Dataset:
    """layer_* [window, layer]: fits of gradients at random parameters of a group of layers, at the window's steps.

    gradients: as in gradients.nc. block: consecutive steps that may depend on each other.
    """
    x = gradients["layer_gradient"].transpose("window", "layer", "layer_sample").values
    step = gradients["layer_step"].transpose("window", "layer_sample").values
    blocks = (step - gradients["window_start"].values[:, None]) // block
    return _named("layer", ("window", "layer"), rows(x, blocks[:, None, :]))


def through_time(gradients: xr.Dataset, block: int) -> xr.Dataset:
    """tracked_* [window, tracked]: fits of gradients at one fixed parameter through time; time_* [window]: pooled.

    For the pool each parameter's gradients in the window are first standardised to median 0 and quartiles 2 apart,
    so that different scales do not add to the tails; a block is `block` steps of all parameters.
    """
    x = gradients["tracked_gradient"].transpose("window", "tracked", "step_in_window").values.astype(np.float64)
    blocks = np.broadcast_to(np.arange(x.shape[-1]) // block, x.shape)
    pooled = np.where(x == 0, np.nan, x)
    count = np.isfinite(pooled).sum(axis=-1)
    pooled[count < stable.MIN_POINTS] = np.nan  # too few to estimate the parameter's own scale
    flat = (len(x), -1)
    together = rows(_standardised(pooled).reshape(flat), blocks.reshape(flat))
    single = _named("tracked", ("window", "tracked"), rows(x, blocks))
    return xr.merge([single, _named("time", ("window",), together)])


def _standardised(x) -> np.ndarray:
    """Rows of x [..., sample] with median 0 and quartiles 2 apart; NaN where they coincide."""
    result = np.full(x.shape, np.nan)
    for place in np.ndindex(x.shape[:-1]):
        row = x[place]
        if np.isfinite(row).any():
            low, middle, high = np.nanquantile(row, [0.25, 0.5, 0.75])
            result[place] = (row - middle) / ((high - low) / 2) if high > low else np.nan
    return result


def epochs(gradients: xr.Dataset) -> xr.Dataset:
    """mean_* and noise_* [epoch]: fits of an epoch's mean gradient, and of a minibatch's minus that mean."""
    parts = []
    for name, variable in (("mean", "mean_gradient"), ("noise", "noise")):
        x = gradients[variable].transpose("epoch", "mean_sample").values
        parts.append(_named(name, ("epoch",), rows(x)))
    return xr.merge([*parts, gradients["epoch_step"].drop_attrs()])


def _named(prefix, dims, entries) -> xr.Dataset:
    return xr.Dataset({f"{prefix}_{name}": (dims, values) for name, values in entries.items()})
