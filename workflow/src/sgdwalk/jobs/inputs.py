"""Reading the input files of a job."""

from typing import Any

from sgdwalk.storage import netcdf


def read(path: Any) -> Any:
    """The data set of a path that ends with .nc, a list of them for a list of paths; any other path unchanged."""
    if isinstance(path, str) and path.endswith(".nc"):
        return netcdf.read(path)
    return path if isinstance(path, str) else [read(p) for p in path]
