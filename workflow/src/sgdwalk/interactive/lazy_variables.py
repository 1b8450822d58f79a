"""Variables that stay on disk until they are used, and for which no file is kept open.

The netCDF library has been seen to crash where a file is opened a second time and closed before the first, as by a cell
of a notebook that is run again. So a file is open only while a part of it is read; there may be thousands of them, and
each may be replaced meanwhile.
"""

from pathlib import Path

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing


def lazy(path: Path, name: str, variable: xr.Variable) -> xr.Variable:
    """The variable of that name in a file, with its values left on disk."""
    data = indexing.LazilyIndexedArray(OnDisk(path, name, variable))
    return xr.Variable(variable.dims, data, variable.attrs)


class OnDisk(BackendArray):
    """Values of a variable in a NetCDF file, read by index."""

    def __init__(self, path: Path, name: str, variable: xr.Variable):
        self.path, self.name = Path(path).resolve(), name
        self.shape, self.dtype = variable.shape, variable.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple) -> np.ndarray:
        with xr.open_dataset(self.path, engine="netcdf4") as file:
            return file[self.name].variable[key].to_numpy()
