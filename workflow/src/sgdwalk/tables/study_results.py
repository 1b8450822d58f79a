"""The results of a study by file and run, and how its runs differ from the base run."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from sgdwalk.storage.provenance import settings_of_run, stored_settings
from sgdwalk.study.sweeps import design, sweep
from sgdwalk.tables.verdicts import DID_NOT_LEARN, DIVERGED, UNSUPPORTED, Estimate
from sgdwalk.trajectory.loss_change import unchanged
from sgdwalk.trajectory.scaling_fits import even_weights

LEAST_SUPPORTED = 0.5  # share of a fit's range that decides a claim


class Results:
    """Files of a study.

    runs: settings by name of the run. training: their training.nc. files: data sets by kind ('msd', 'tails', ...) and
    run; those of kind 'toy' by 'toy LANDSCAPE', of kind 'regression' by 'regression SAMPLER'. base: name of the run
    that the others are compared with.
    """

    def __init__(
        self,
        base: str,
        training: list[xr.Dataset],
        toy: list[xr.Dataset] = (),
        regression: list[xr.Dataset] = (),
        **files: list[xr.Dataset],
    ):
        self.training = {data.attrs["run"]: data for data in training}
        self.runs = {run: settings_of_run(data) for run, data in self.training.items()}
        self.files = {kind: {data.attrs["run"]: data for data in group} for kind, group in files.items()}
        for kind, group, key in (("toy", toy, "landscape"), ("regression", regression, "sampler")):
            self.files[kind] = {f"{kind} {stored_settings(data)[key]}": data for data in group}
        self.base = base

    def place(self, kind: str, run: str, **where: int | str) -> xr.Dataset | None:
        """A run's file at a place: dimension = position, or label where that is text. None if it has no such file."""
        data = self.files[kind].get(run)
        if data is None:
            return None
        labels = {dim: place for dim, place in where.items() if isinstance(place, str)}
        return data.sel(labels).isel({dim: place for dim, place in where.items() if dim not in labels})

    def estimate(self, kind: str, run: str, variable: str, **where: int | str) -> Estimate | None:
        """A variable with its interval at a place (see `place`).

        Also the value of the null model, where the file has one, and the reason against a fit that is not supported.
        None if the run has no such file.
        """
        here = self.place(kind, run, **where)
        if here is None:
            return None
        null = float(here[f"{variable}_null"]) if f"{variable}_null" in here else None
        ends = (float(here[f"{variable}{end}"]) for end in ("", "_low", "_high"))
        return Estimate(*ends, null=null, reason="" if supported(here) else UNSUPPORTED)

    def qualified(self, estimate: Estimate, runs: Iterable[str]) -> Estimate:
        """An estimate from these runs, with the reason against it that one of them gives.

        A child goes on after a training: its loss need not change.
        """
        files = [self.training[run] for run in runs if run in self.training]
        if any(unchanged(data.loss.values) for data in files if not self.runs[data.attrs["run"]].get("parent")):
            return replace(estimate, reason=DID_NOT_LEARN)
        if not np.isfinite(estimate.value) and any(data.diverged_step >= 0 for data in files):
            return replace(estimate, reason=DIVERGED)
        return estimate

    def factor(self, run: str, name: str) -> Any:
        """A factor of a run's design ('depth', 'lr', ...); None where its network has no such factor."""
        return design(self.runs[run]).get(name)

    def varied(self, *free: str) -> list[str]:
        """Runs that differ from the base in at least one of these factors and in nothing else."""
        found = [run["run"] for run in sweep(self.runs.values(), self.runs[self.base], *free)]
        return [run for run in found if any(self.factor(run, name) != self.factor(self.base, name) for name in free)]


def supported(fit: xr.Dataset) -> bool:
    """Whether LEAST_SUPPORTED of the range of a fit of the MSD is supported; True where the file does not say.

    Of its logarithmic axis, on which the fit weighs the lags evenly.

    fit: supported [lag], first_lag and last_lag of one window and fit; NaN where nothing was fitted.
    """
    if "supported" not in fit or "lag" not in fit.supported.dims or "first_lag" not in fit:
        return True
    inside = ((fit.lag >= fit.first_lag) & (fit.lag <= fit.last_lag)).values
    weights = even_weights(fit.lag.values[inside])
    return not inside.any() or weights[fit.supported.values[inside] > 0].sum() >= LEAST_SUPPORTED * weights.sum()
