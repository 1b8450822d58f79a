"""`python -m sgdwalk.study.identical RESULTS OTHER`: whether two folders of results hold the same values.

For a change of the code that must change no result. Compared are all variables of all NetCDF files, bit by bit, and all
tables and figures, byte by byte; not the attributes that tell of code, software and hardware, nor logs and benchmarks.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

ASIDE = {"code", "software", "hardware"}
BYTES = {".csv", ".pdf", ".svg", ".png"}


def differences(one: Path, other: Path) -> Iterator[str]:
    """A line for each file or variable that only one of the folders has, or that differs."""
    mine, theirs = (files(folder) for folder in (one, other))
    for name in sorted(mine ^ theirs):
        yield f"{name}: only in {one if name in mine else other}"
    for name in sorted(mine & theirs):
        if Path(name).suffix == ".nc":
            yield from (f"{name}: {what}" for what in of_netcdf(one / name, other / name))
        elif (one / name).read_bytes() != (other / name).read_bytes():
            yield f"{name}: differs"


def files(folder: Path) -> set[str]:
    """What is compared, by its path below the folder."""
    kinds = BYTES | {".nc"}
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in kinds}


def of_netcdf(one: Path, other: Path) -> Iterator[str]:
    """Variables and attributes in which two NetCDF files differ."""
    with xr.open_dataset(one) as mine, xr.open_dataset(other) as theirs:
        for name in sorted({*mine.variables} | {*theirs.variables}):
            if name not in mine.variables or name not in theirs.variables:
                yield f"{name} only in one"
            elif not same(mine.variables[name], theirs.variables[name]):
                yield f"{name} differs"
            elif changed := attributes(mine.variables[name].attrs, theirs.variables[name].attrs):
                yield f"{name}: {', '.join(changed)} differ"
        if changed := set(attributes(mine.attrs, theirs.attrs)) - ASIDE:
            yield f"attributes {', '.join(sorted(changed))} differ"


def same(mine: xr.Variable, theirs: xr.Variable) -> bool:
    """Equal dimensions, type and values; NaN equals NaN."""
    if mine.dims != theirs.dims or mine.shape != theirs.shape or mine.dtype != theirs.dtype:
        return False
    return np.array_equal(mine.values, theirs.values, equal_nan=mine.dtype.kind == "f")


def attributes(mine: dict, theirs: dict) -> list[str]:
    """Names of the attributes that are not the same in both."""
    return sorted(key for key in {*mine, *theirs} if str(mine.get(key)) != str(theirs.get(key)))


def main(one: str, other: str) -> None:
    """Print all differences; exit status 1 if there are any."""
    for folder in (one, other):
        if not Path(folder).is_dir():
            sys.exit(f"{folder}: no such folder")
    found = list(differences(Path(one), Path(other)))
    print("\n".join(found) or f"identical: {len(files(Path(one)))} files")
    sys.exit(bool(found))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m sgdwalk.study.identical RESULTS OTHER")
    main(*sys.argv[1:])
