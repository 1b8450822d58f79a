"""NetCDF files: written atomically, checked against their contract on write and on read."""

import importlib
from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from sgdwalk.storage import run_files
from sgdwalk.storage.atomic import replacing
from sgdwalk.storage.contracts import Contract, ContractError, check, named

SMALL = 8192  # bytes of a variable that compression, with its index of chunks, would make larger


def write(
    dataset: xr.Dataset, path: str | Path, contract: Contract, attributes: Mapping[str, str], *, loss_unit: str = "nat"
) -> None:
    """Check the data set, add its units and long names, and write it to `path` atomically.

    attributes: of the file (see provenance.attributes). loss_unit: see contracts.named.
    Raises ContractError if the data set violates the contract, OSError if it cannot be written; an older file at `path`
    then stays.
    """
    check(dataset, contract, str(path))
    stamp = {"contract": contract.name, "schema_version": contract.version, **attributes}
    dataset = named(dataset, contract, loss_unit).assign_attrs(stamp)
    encoding = {n: {"zlib": True, "complevel": 1} for n, v in dataset.data_vars.items() if v.nbytes > SMALL}
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)


def read(path: str | Path) -> xr.Dataset:
    """Load a file into memory and check it against the contract that it names.

    Raises ContractError, naming the file, if it is missing, damaged, not a file of sgdwalk, or of another version of
    its contract than this one.

    >>> from sgdwalk.recorder import Recorder
    >>> import tempfile, torch
    >>> model = torch.nn.Linear(2, 1)
    >>> recorder = Recorder(model, window=20)
    >>> for _ in range(20):
    ...     recorder.record(loss=0.5)
    >>> recorder.close()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recorder.save(folder)
    ...     data = read(f"{folder}/training.nc")
    >>> float(data.loss.mean())
    0.5
    """
    try:
        dataset = xr.load_dataset(path, engine="netcdf4")
    except (OSError, ValueError, RuntimeError) as error:
        raise ContractError(f"{path}: not a readable NetCDF file ({error})") from None
    check_file(dataset, path)
    return dataset


def check_file(dataset: xr.Dataset, path: str | Path, *, known_only: bool = False) -> None:
    """ContractError, naming the file, where its contract is not there, unknown, of another version, or not kept.

    known_only: pass a contract that this process does not know, as of an analysis of the user's own.
    """
    if "contract" not in dataset.attrs:
        raise ContractError(f"{path}: no attribute 'contract': not a file of sgdwalk")
    try:
        contract = find(dataset.attrs["contract"])
    except ContractError as error:
        if known_only:
            return
        raise ContractError(f"{path}: {error}") from None
    found = dataset.attrs.get("schema_version", 1)  # files from before versions have none
    if str(found) != str(contract.version):
        kind = f"schema version {found} of {contract.name}"
        raise ContractError(f"{path}: {kind}: must be {contract.version}, make it again")
    check(dataset, contract, str(path))


def find(name: str) -> Contract:
    """The contract of that name: one of the recorder's files, or CONTRACT of the analysis module of that name.

    Imported at run time, so that this module does not depend on all analyses. ContractError if there is none.
    """
    if name in run_files.CONTRACTS:
        return run_files.CONTRACTS[name]
    try:
        return importlib.import_module(f"sgdwalk.analyses.{name}").CONTRACT
    except ModuleNotFoundError:
        raise ContractError(f"unknown contract '{name}'") from None
