"""Contracts: the variables of a NetCDF file with their dimensions and units, checked on write and on read."""

from collections.abc import Mapping
from dataclasses import dataclass

import xarray as xr

# Units in a contract: the unit of the run's loss, its square and its inverse.
LOSS, LOSS2, PER_LOSS = "loss", "loss2", "per loss"
LOSS_UNITS = {"nat": {LOSS: "nat", LOSS2: "nat2", PER_LOSS: "nat-1"}, "1": {LOSS: "1", LOSS2: "1", PER_LOSS: "1"}}


class ContractError(ValueError):
    """A file or data set that violates its contract."""


@dataclass(frozen=True)
class Variable:
    """One variable of a file: dimensions, units (LOSS: those of the loss) and a name that can label an axis."""

    dims: tuple[str, ...]
    units: str
    long_name: str
    optional: bool = False


@dataclass(frozen=True)
class Contract:
    """The variables, coordinates included, of the files of this name.

    version: raised with every change of these variables, so that older files are refused by name.
    """

    name: str
    variables: Mapping[str, Variable]
    version: int = 1


def variable(dims: str, units: str, long_name: str, *, optional: bool = False) -> Variable:
    """Short form of Variable: dims as one string, such as 'window lag'."""
    return Variable(tuple(dims.split()), units, long_name, optional)


def with_interval(name: str, dims: str, units: str, long_name: str, *, between: str = "") -> dict[str, Variable]:
    """A variable and the ends of its 95 % interval, name_low and name_high; between: of what, such as 'seeds'."""
    interval = "of the 95 % interval" + f" between {between}" * bool(between)
    ends = {"": "", "_low": f", lower end {interval}", "_high": f", upper end {interval}"}
    return {name + end: variable(dims, units, long_name + text) for end, text in ends.items()}


def check(dataset: xr.Dataset, contract: Contract, where: str = "data set") -> None:
    """Raise ContractError, beginning with `where`, if variables are missing, unknown, or of other dimensions."""
    missing = [n for n, v in contract.variables.items() if not v.optional and n not in dataset.variables]
    unknown = [n for n in dataset.variables if n not in contract.variables]
    if missing or unknown:
        raise ContractError(f"{where}: contract {contract.name}: missing {missing}, unknown {unknown}")
    for name, found in dataset.variables.items():
        if found.dims != contract.variables[name].dims:
            expected = contract.variables[name].dims
            raise ContractError(f"{where}: {name} has dimensions {found.dims}, expected {expected}")


def named(dataset: xr.Dataset, contract: Contract, loss_unit: str = "nat") -> xr.Dataset:
    """The data set with the units and long names of its contract.

    loss_unit: 'nat', or '1' for a dimensionless loss such as a mean squared error.
    """
    of_loss, dataset = LOSS_UNITS[loss_unit], dataset.copy()
    for name in dataset.variables:
        expected = contract.variables[name]
        dataset[name].attrs |= {"units": of_loss.get(expected.units, expected.units), "long_name": expected.long_name}
    return dataset
