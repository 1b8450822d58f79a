"""NetCDF files, written whole and checked against their contract on write and on read."""

import importlib
from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from sgdwalk.storage import run_files
from sgdwalk.storage.atomic import replacing
from sgdwalk.storage.contracts import Contract, ContractError, check, named


def write(
    dataset: xr.Dataset, path: str | Path, contract: Contract, attributes: Mapping[str, str], *, loss_unit: str = "nat"
) -> None:
    """Check the data set, name its units, and write it to path in one atomic step."""
    check(dataset, contract, str(path))
    dataset = named(dataset, contract, loss_unit).assign_attrs(contract=contract.name, **attributes)
    encoding = {n: {"zlib": True, "complevel": 1} for n, v in dataset.data_vars.items() if v.ndim}
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)


def read(path: str | Path) -> xr.Dataset:
    """Load a file into memory and check it against the contract that it names."""
    try:
        dataset = xr.load_dataset(path, engine="netcdf4")
    except (OSError, ValueError, RuntimeError) as error:
        raise ContractError(f"{path}: not a readable NetCDF file ({error})") from None
    if "contract" not in dataset.attrs:
        raise ContractError(f"{path}: no attribute 'contract': not a file of sgdwalk")
    check(dataset, find(dataset.attrs["contract"]), str(path))
    return dataset


def find(name: str) -> Contract:
    """The contract of that name: an analysis module's CONTRACT, or one of the recorder's files.

    Looked up by name at run time, so that no module depends on all others.
    """
    if name in run_files.CONTRACTS:
        return run_files.CONTRACTS[name]
    try:
        return importlib.import_module(f"sgdwalk.analyses.{name}").CONTRACT
    except ModuleNotFoundError:
        raise ContractError(f"unknown contract '{name}'") from None
