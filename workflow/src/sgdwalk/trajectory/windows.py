"""The windows of a run: which of them are full, up to which lag they are fitted, one analysis made of each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import Contract, ContractError, Variable
from sgdwalk.trajectory.pairs import matrix

FEWEST_PAIRS = 10  # independent ones that support a lag of a whole run
FEWEST_DISPLACEMENTS = (40, 60)  # independent ones that support a lag of a window: up to a tenth of it, and beyond
FEWEST_STEPS = 10  # effective ones that support a lag of a window
COPIED = ("window", "window_start")  # coordinates of a result that are those of its input


def full_windows(data: xr.Dataset) -> xr.Dataset:
    """The windows of distances.nc, layers.nc or gradients.nc that have all their T steps, without a short last one.

    data: window_steps [window], and a dimension step_in_window of T steps. ValueError if no window is full.
    """
    length = data.sizes["step_in_window"]
    full = (data.window_steps == length).values
    if not full.any():
        longest = int(data.window_steps.max())
        raise ValueError(f"window = {length}: must be at most {longest}, the steps of the run")
    return data.isel(window=full).drop_vars("window_steps")


def spacing(data: xr.Dataset) -> int:
    """Steps between two recorded weights of a file of a run: 1 unless an imported walk has fewer weights than steps."""
    return int(data["step_spacing"]) if "step_spacing" in data else 1


def longest_lag(share: float, steps: int) -> int:
    """The longest lag that a window of so many steps is fitted up to: a share of the window, at most steps - 1."""
    return min(int(share * steps), steps - 1)


def per_window(
    distances: xr.Dataset,
    contract: Contract,
    measure: Callable[[np.ndarray, np.ndarray], Mapping[str, Any]],
    coords: Mapping[str, Sequence],
    sizes: Mapping[str, int] | None = None,
) -> xr.Dataset:
    """The contract's variables of every full window of distances.nc, stacked along dimension window.

    distances: distance2 [window, pair] and loss [window, step_in_window]. measure: from d2 [step, step], squared
    distances, and loss [step] to the variables of one window by name; what it leaves out is NaN (all of a window that
    diverged: {}). coords: values of the contract's other coordinates. sizes: lengths of its dimensions without a
    coordinate. ValueError if no window is full.
    """
    distances = full_windows(distances)
    windows = zip(distances.distance2.values, distances.loss.values, strict=True)
    rows = [measure(matrix(pairs), loss) for pairs, loss in windows]
    variables = {n: v for n, v in contract.variables.items() if v.dims[:1] == ("window",) and n not in COPIED}
    lengths = {name: len(values) for name, values in coords.items()} | dict(sizes or {})
    return xr.Dataset(stacked(rows, variables, lengths), {name: distances[name] for name in COPIED} | dict(coords))


def stacked(
    rows: Sequence[Mapping[str, Any]], variables: Mapping[str, Variable], sizes: Mapping[str, int]
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """The columns (dims, values) of a data set with a row for each window, NaN where a row lacks a variable.

    rows: variables of one window by name, without dimension window. variables: those of the contract, with
    window as first dimension. sizes: of the other dimensions. ContractError for a name that is not a variable.
    """
    unknown = set().union(*rows) - set(variables)
    if unknown:
        raise ContractError(f"measured of a window: {sorted(unknown)}, which the contract does not have")
    columns = {}
    for name, declared in variables.items():
        missing = np.full([sizes[dim] for dim in declared.dims[1:]], np.nan)
        columns[name] = (declared.dims, np.stack([row.get(name, missing) for row in rows]))
    return columns
