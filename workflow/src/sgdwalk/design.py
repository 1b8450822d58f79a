"""How the runs of a study differ: the sweeps that figures and claims are made of."""

import json
from collections.abc import Iterable
from typing import Any

import xarray as xr

ASIDE = {"run", "analyses", "model", "model_spec", "dataset_spec", "record", "snapshots", "threads", "device"}


def settings(data: xr.Dataset) -> dict[str, Any]:
    """Settings of the run that a file of training belongs to."""
    return json.loads(data.attrs["settings"])


def design(run: dict[str, Any]) -> dict[str, Any]:
    """What makes a run different from another, with the model as its family and what it is built with (depth, ...)."""
    factors = {key: value for key, value in run.items() if key not in ASIDE}
    spec = run.get("model_spec") or {"factory": None, "arguments": {}}
    return factors | {"family": spec["factory"]} | spec["arguments"]


def sweep(runs: Iterable[dict[str, Any]], base: dict[str, Any], *free: str) -> list[dict[str, Any]]:
    """The runs that differ from the base in nothing but the `free` factors ('depth', 'lr', 'seed', ...)."""
    wanted = design(base)

    def alike(run: dict[str, Any]) -> bool:
        found = design(run)
        return all(found.get(k) == wanted.get(k) for k in {*found, *wanted} - set(free))

    return [run for run in runs if alike(run)]
