"""The input files of a job, as its computation takes them."""

from typing import Any

from sgdwalk.storage import netcdf


def read(path: Any) -> Any:
    """A NetCDF file as a data set, a list as a list of them; any other path as it is."""
    if isinstance(path, str) and path.endswith(".nc"):
        return netcdf.read(path)
    return path if isinstance(path, str) else [read(p) for p in path]
