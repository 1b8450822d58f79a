"""Heights of a surface from a user's NetCDF file."""

import os

import numpy as np
import xarray as xr

from sgdwalk.landscapes.random_surfaces import checked_heights


def read_heights(path: str | os.PathLike | None) -> np.ndarray:
    """The variable `surface` [x, y] of a NetCDF file: n x n finite heights on [-1, 1]^2, evenly spaced.

    ValueError, one line, without such a file or variable.
    """
    try:
        with xr.open_dataset(path or "", engine="netcdf4") as data:
            return checked_heights(data["surface"].values)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(
            f"surface_file = {path!r}: must be a NetCDF file with a variable surface [x, y]: {error}"
        ) from None
