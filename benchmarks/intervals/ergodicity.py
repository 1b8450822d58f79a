"""Ergodicity-breaking parameter of ensembles of Brownian walks."""

import numpy as np
import xarray as xr
from sgdwalk.analyses import ensemble
from sgdwalk.trajectory import mean_squared_displacement

from intervals import seeds

STEPS, DIMENSIONS = 60, 5
LAGS = np.array([1, 6, 30])
TITLE = "Ergodicity-breaking parameter (`ensembles/*.nc`)"
NOTE = f"Ensembles of Brownian walks of {STEPS} steps in {DIMENSIONS} dimensions; the truth is exact."
KINDS = tuple(f"{runs} runs" for runs in (2, 5, 10, 30))
FAST = KINDS[:2]
SHARE = 1


def one(kind: str, seed: int) -> dict[str, tuple]:
    """The parameter of one ensemble at each lag."""
    rng, runs = seeds.generator(kind, seed), int(kind.split()[0])
    walks = rng.standard_normal((runs, STEPS, DIMENSIONS)).cumsum(1)
    curves = xr.DataArray(mean_squared_displacement.by_fft(walks, LAGS), dims=("run", "lag"))
    breaking = curves.var("run", ddof=1) / curves.mean("run") ** 2
    low, high = ensemble.breaking_interval(breaking, curves.notnull().sum("run"))
    return {f"lag {lag}": (*map(float, (breaking[k], low[k], high[k])), np.nan) for k, lag in enumerate(LAGS)}


def truths(kind: str) -> dict[str, float]:
    """EB = 2 / D times the mean over pairs of displacements of the square of their overlap, as a share of the lag."""
    found = {}
    for lag in LAGS:
        starts = np.arange(STEPS - lag)
        overlap = np.maximum(1 - np.abs(starts - starts[:, None]) / lag, 0)
        found[f"lag {lag}"] = 2 / DIMENSIONS * float((overlap**2).mean())
    return found
