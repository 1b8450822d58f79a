"""The results of a study by file and run, and how its runs differ from the base run."""

from typing import Any

import xarray as xr

from sgdwalk.storage.provenance import stored_settings
from sgdwalk.study.sweeps import design, sweep
from sgdwalk.tables.verdicts import Estimate


class Results:
    """Files of a study.

    runs: settings by name of the run. files: data sets by kind ('msd', 'tails', ...) and run, toy walks by kind 'toy'
    and landscape. base: name of the run that the others are compared with.
    """

    def __init__(self, base: str, training: list[xr.Dataset], toy: list[xr.Dataset] = (), **files: list[xr.Dataset]):
        self.runs = {data.attrs["run"]: stored_settings(data) for data in training}
        self.files = {kind: {data.attrs["run"]: data for data in group} for kind, group in files.items()}
        self.files["toy"] = {stored_settings(data)["landscape"]: data for data in toy}
        self.base = base

    def estimate(self, kind: str, run: str, variable: str, **where: int | str) -> Estimate | None:
        """A variable with its interval at a place: dimension = position, or label where that is text.

        None if the run has no such file.
        """
        data = self.files[kind].get(run)
        if data is None:
            return None
        labels = {dim: place for dim, place in where.items() if isinstance(place, str)}
        positions = {dim: place for dim, place in where.items() if dim not in labels}
        ends = (data[f"{variable}{end}"].sel(labels).isel(positions) for end in ("", "_low", "_high"))
        return Estimate(*map(float, ends))

    def factor(self, run: str, name: str) -> Any:
        """A factor of a run's design ('depth', 'lr', ...); None where its network has no such factor."""
        return design(self.runs[run]).get(name)

    def varied(self, *free: str) -> list[str]:
        """Runs that differ from the base in at least one of these factors and in nothing else."""
        found = [run["run"] for run in sweep(self.runs.values(), self.runs[self.base], *free)]
        return [run for run in found if any(self.factor(run, name) != self.factor(self.base, name) for name in free)]
