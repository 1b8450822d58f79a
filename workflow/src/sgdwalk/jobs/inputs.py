"""Reading the input files of a job, and what users give by hand instead of a file."""

from pathlib import Path
from typing import Any

import xarray as xr

from sgdwalk.storage import netcdf


def read(path: Any) -> Any:
    """The data set of a path that ends with .nc, a list of them for a list of paths; any other path unchanged."""
    if isinstance(path, str) and path.endswith(".nc"):
        return netcdf.read(path)
    return path if isinstance(path, str) else [read(p) for p in path]


def in_memory(given: Any) -> Any:
    """The data set of a path that ends with .nc, or of a node of a tree; lists of them; all else as it is.

    Other paths become text.
    """
    if isinstance(given, list | tuple):
        return [in_memory(each) for each in given]
    if isinstance(given, xr.DataTree):
        return given.to_dataset(inherit=False).load()
    return read(str(given)) if isinstance(given, str | Path) else given
