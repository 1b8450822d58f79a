"""Means over runs that differ in their seed, with Student's interval between seeds."""

import numpy as np
import xarray as xr

from sgdwalk import quantiles


def between_seeds(values: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray, xr.DataArray]:
    """(mean, low, high, count) over dimension run, NaN left out; NaN as the interval of a single run."""
    count = values.notnull().sum("run").astype(float)
    mean = values.mean("run")
    quantile = xr.DataArray(quantiles.student(0.975, np.maximum(count - 1, 1)), count.coords, count.dims)
    half = (quantile * values.std("run", ddof=1) / np.sqrt(count)).where(count > 1)
    return mean, mean - half, mean + half, count


def mean_curve(curves: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """(mean, low, high) over runs of positive curves; the interval is Student's, of the logarithms, about the mean."""
    average = curves.mean("run")
    centre, low, high, _ = between_seeds(np.log(curves.where(curves > 0)))
    return average, average * np.exp(low - centre), average * np.exp(high - centre)
