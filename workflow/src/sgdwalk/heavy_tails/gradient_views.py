"""Stable laws of gradients pooled in several ways: by layer, at fixed parameters through time, by epoch."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from sgdwalk.heavy_tails import point_mass, scale_drift
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.trajectory.windows import spacing

ENTRIES = ("alpha", "alpha_low", "alpha_high", "scale", "effective_number", "status", "number", "zero_share")


DRIFTS = "scale drifts"  # status of a fit whose interval is a lower bound


class Usable(NamedTuple):
    """The part of a sample that is fitted: values and their blocks; number of values; share of exact zeros in it all.

    drifts: whether the scale changes too slowly for the blocks (scale_drift).
    """

    values: np.ndarray
    blocks: np.ndarray | None
    number: int
    zero_share: float
    drifts: bool

    def status(self, fitted: str) -> str:
        """The status of a fit, DRIFTS in place of 'ok' where the scale drifts."""
        return DRIFTS if fitted == "ok" and self.drifts else fitted


def usable(x, steps=None, blocks: scale_drift.Blocks | None = None) -> Usable:
    """The values of x [sample] that are neither padding (NaN) nor a point mass at 0; all but padding where all are 0.

    steps [sample]: of each value, from the window's start, and blocks of them; without, values are independent.
    """
    known = ~np.isnan(x)
    share = float(np.mean(x[known] == 0)) if known.any() else np.nan
    known[known] = point_mass.continuous(x[known])
    labels = None if blocks is None else steps[known] // blocks.length
    number = int(known.sum()) if share < 1 else 0
    return Usable(x[known], labels, number, share, blocks is not None and blocks.drifts)


def fitted(x, steps=None, blocks: scale_drift.Blocks | None = None) -> dict:
    """ENTRIES of the symmetric stable law fitted to x [sample]; status 'not finite' where all of x is NaN.

    steps, blocks: as for usable. Status 'scale drifts' where the interval is a lower bound for that reason.
    """
    sample = usable(x, steps, blocks)
    fit = stable.fit(sample.values, blocks=sample.blocks) if sample.values.size else NOTHING
    found = {name: getattr(fit, name) for name in ENTRIES[:-2]} | {"status": sample.status(fit.status)}
    return found | {"number": sample.number, "zero_share": sample.zero_share}


NOTHING = stable.StableFit("not finite")


def stacked(found: list[dict], *shape: int) -> dict[str, np.ndarray]:
    """ENTRIES of several fits as arrays of this shape."""
    return {name: np.array([row[name] for row in found]).reshape(shape) for name in ENTRIES}


def layers(gradients: xr.Dataset, block: int) -> xr.Dataset:
    """layer_* [window, layer]: fits of gradients at random parameters of a group of layers, at the window's steps.

    gradients: as in gradients.nc. block: consecutive steps that may depend on each other, at least (scale_drift).
    """
    x = gradients["layer_gradient"].transpose("window", "layer", "layer_sample").values.astype(np.float64)
    step = gradients["layer_step"].transpose("window", "layer_sample").values
    within = (step - gradients["window_start"].values[:, None]) // spacing(gradients)
    window = gradients.sizes["step_in_window"]
    found = [
        fitted(row, steps, scale_drift.blocks(row, steps, window, block))
        for rows, steps in zip(x, within, strict=True)
        for row in rows
    ]
    return _named("layer", ("window", "layer"), stacked(found, *x.shape[:2]))


def through_time(gradients: xr.Dataset, block: int) -> xr.Dataset:
    """tracked_* [window, tracked]: fits of gradients at one fixed parameter through time; time_* [window]: pooled.

    For the pool each parameter's gradients in the window are first standardised to median 0 and quartiles 2 apart,
    so that different scales do not add to the tails. The blocks are those of the pool, of all parameters: a single
    one has one value per step, which does not show its scale. block: their least length in steps.
    """
    x = gradients["tracked_gradient"].transpose("window", "step_in_window", "tracked").values.astype(np.float64)
    steps = np.arange(x.shape[1])
    repeated = np.repeat(steps, x.shape[2])
    together, single = [], []
    for values in x:
        pool = np.stack([_standardised(series) for series in values.T], axis=1).ravel()
        blocks = scale_drift.blocks(pool, repeated, len(steps), block)
        together.append(fitted(pool, repeated, blocks))
        single += [fitted(series, steps, blocks) for series in values.T]
    one = _named("tracked", ("window", "tracked"), stacked(single, len(x), x.shape[2]))
    return xr.merge([one, _named("time", ("window",), stacked(together, len(x)))])


def _standardised(series: np.ndarray) -> np.ndarray:
    """A series [step] with median 0 and quartiles 2 apart; NaN for what is not fitted and where these coincide."""
    result = np.full(len(series), np.nan)
    known = ~np.isnan(series)
    known[known] = point_mass.continuous(series[known])
    if known.sum() < stable.MIN_POINTS:
        return result
    low, middle, high = np.quantile(series[known], [0.25, 0.5, 0.75])
    if high > low:
        result[known] = (series[known] - middle) / ((high - low) / 2)
    return result


def epochs(gradients: xr.Dataset) -> xr.Dataset:
    """mean_* and noise_* [epoch]: fits of an epoch's mean gradient, and of a minibatch's minus that mean."""
    parts = []
    for name, variable in (("mean", "mean_gradient"), ("noise", "noise")):
        x = gradients[variable].transpose("epoch", "mean_sample").values.astype(np.float64)
        parts.append(_named(name, ("epoch",), stacked([fitted(row) for row in x], len(x))))
    return xr.merge([*parts, gradients["epoch_step"].drop_attrs()])


def _named(prefix, dims, entries) -> xr.Dataset:
    return xr.Dataset({f"{prefix}_{name}": (dims, values) for name, values in entries.items()})
