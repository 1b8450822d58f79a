"""The results of a study, or of one run, as a tree of data sets that are read when they are used."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from sgdwalk.interactive.lazy_variables import lazy
from sgdwalk.storage import netcdf
from sgdwalk.storage.contracts import ContractError
from sgdwalk.storage.provenance import settings_of_run

RUNS = "runs"
OF_RUNS = ("*.nc", "layers/*.nc")  # files in the folder of a run
OF_STUDIES = ("toy/*.nc", "regression/*.nc", "ensembles/**/*.nc")  # and those that are of no single run


class Results(xr.DataTree):
    """An xarray.DataTree of results; its paths are those of the files, without .nc: 'runs/base/msd'."""

    __slots__ = ()

    def stacked(self, file: str, runs: Iterable[str] | None = None) -> xr.Dataset:
        """One data set of this file of all runs that have it, along a first dimension `run`, in memory.

        file: 'msd', 'training', 'layers/msd', ... runs: only these, in this order. Where runs have different labels
        (lags, windows, steps), the result has those of all of them, and NaN where a run has none. The settings of the
        runs (numbers, text, true or false) are coordinates along `run`; one whose name the file has already, such as
        `window`, is called `run_window`. A missing number is NaN, a missing text empty.
        ValueError where no run has the file, one of `runs` lacks it, or a dimension without labels differs in size.

        >>> import sgdwalk
        >>> msd = sgdwalk.open_study("results/digits").stacked("msd")
        >>> msd.exponent.sel(fit="whole").dims
        ('run', 'window')
        >>> msd.where(msd.seed == 1, drop=True).run.values.tolist()
        ['resnet14-b']
        """
        found = {name: nodes[file] for name, nodes in self._runs().items() if _has(nodes, file)}
        wanted = list(found if runs is None else runs)
        if missing := [name for name in wanted if name not in found] or not wanted:
            whose = f"run '{missing[0]}'" if wanted else "any run"
            raise ValueError(f"{file}: no such file of {whose} (runs with it: {', '.join(found) or 'none'})")
        data = {name: found[name].to_dataset(inherit=False) for name in wanted}
        for pair in pairwise(data):
            _check_sizes(file, *pair, data)
        every = {"data_vars": "all", "coords": "all", "compat": "equals", "join": "outer"}
        stacked = xr.concat(data.values(), pd.Index(wanted, name="run"), combine_attrs="drop_conflicts", **every)
        table = settings_table({name: self._runs()[name].attrs for name in wanted})
        names = {key: f"run_{key}" if key in (*stacked.variables, *stacked.dims) else key for key in table}
        return stacked.assign_coords({names[key]: ("run", table[key].to_numpy()) for key in table})

    def _runs(self) -> Mapping[str, xr.DataTree]:
        return self[RUNS].children if RUNS in self.children else {}


def open_study(path: str | Path, *files: str) -> Results:
    """The results of a study: an xarray.DataTree with the paths of the files, read from disk when they are used.

    path: the folder, 'results/STUDY'. files: only these of each run, such as 'msd', 'training'; all by default. The
    node of a run, 'runs/RUN', has the run's settings as attributes. `stacked` makes one data set of a file of all
    runs. A file of an analysis of your own is checked only after `sgdwalk.register`.
    ValueError if the folder has no such results, ContractError for a file that is damaged or of another version.

    >>> import sgdwalk
    >>> study = sgdwalk.open_study("results/digits")
    >>> list(study["runs"])
    ['resnet14-a', 'resnet14-b']
    >>> study["runs/resnet14-b"].attrs["seed"]
    1
    >>> study["runs/resnet14-a/msd"].msd.dims
    ('window', 'lag')
    """
    root = Path(path)
    folders = sorted(folder for folder in root.glob(f"{RUNS}/*") if folder.is_dir())
    nodes = {}
    for folder in folders:
        nodes |= {f"{RUNS}/{folder.name}/{name}".rstrip("/"): data for name, data in run_nodes(folder, files).items()}
    nodes |= {name: opened(root / f"{name}.nc") for name in names(root, OF_STUDIES if not files else ())}
    if not nodes:
        what = f"no {' or '.join(f'{file}.nc' for file in files)} of any run" if folders and files else "no results"
        raise ValueError(f"{root}: {what} in it: must be the folder of a study's results, such as results/digits")
    return Results.from_dict(nodes, name=root.name)


def open_run(path: str | Path, *files: str) -> xr.DataTree:
    """The files of one run: an xarray.DataTree with its settings as attributes, read from disk when they are used.

    path: a folder 'results/STUDY/runs/RUN', or one that `Recorder.save` wrote. files and errors: see `open_study`.

    >>> import sgdwalk
    >>> run = sgdwalk.open_run("results/digits/runs/resnet14-a")
    >>> run["distances"].distance2.sizes["window"]
    2
    """
    root = Path(path)
    nodes = run_nodes(root, files)
    if not nodes:
        raise ValueError(f"{root}: no file of a run in it: must be a folder such as results/digits/runs/resnet14")
    return xr.DataTree.from_dict({name or "/": data for name, data in nodes.items()}, name=root.name)


def run_nodes(folder: Path, files: Iterable[str] = ()) -> dict[str, xr.Dataset]:
    """Data sets of a run's files by name, and by '' an empty one with its settings; {} where it has none of them."""
    found = [name for name in names(folder, OF_RUNS) if not files or name in files]
    data = {name: opened(folder / f"{name}.nc") for name in found}
    settings = next((settings_of_run(each) for each in data.values()), {})
    return {"": xr.Dataset(attrs=settings)} | data if data else {}


def names(root: Path, patterns: Iterable[str]) -> list[str]:
    """Paths below `root`, without .nc, of the files of these patterns; not those that are being written."""
    found = (path for pattern in patterns for path in root.glob(pattern) if not path.name.startswith("."))
    return sorted(path.relative_to(root).with_suffix("").as_posix() for path in found)


def opened(path: Path) -> xr.Dataset:
    """A file whose variables are read when they are used, checked like those that `read` loads.

    Not checked: a contract that this process does not know, as of an analysis of the user's own.
    """
    try:
        with xr.open_dataset(path, engine="netcdf4") as file:
            netcdf.check_file(file, path, known_only=True)
            variables = {name: lazy(path, name, variable.variable) for name, variable in file.data_vars.items()}
            return xr.Dataset(variables, file.coords.to_dataset().load().coords, file.attrs)
    except ContractError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise ContractError(f"{path}: not a readable NetCDF file ({error})") from None


def settings_table(settings: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """A row per run and a column per setting that is a number, a text, or true or false in every run that has it."""
    table = pd.DataFrame.from_dict(settings, orient="index").drop(columns="run", errors="ignore")
    known = {key: column.dropna() for key, column in table.items()}
    kinds = {key: {*map(_kind, column)} for key, column in known.items()}
    columns = {}
    for key, column in table.items():
        if kinds[key] == {bool} and len(known[key]) == len(column):
            columns[key] = column.astype(bool)
        elif kinds[key] in ({bool}, {float}):
            columns[key] = column.astype(int if {*map(type, column)} == {int} else float)
        elif kinds[key] == {str}:
            columns[key] = column.fillna("").astype(str)
    return pd.DataFrame(columns, index=table.index)


def _kind(value: Any) -> type | None:
    """Bool, float (of any number) or str; None for all others."""
    return next(
        (kind for kind, types in ((bool, bool), (float, int | float), (str, str)) if isinstance(value, types)), None
    )


def _has(nodes: xr.DataTree, file: str) -> bool:
    folder, _, name = file.rpartition("/")
    return name in (nodes.children.get(folder, {}) if folder else nodes.children)


def _check_sizes(file: str, first: str, second: str, data: Mapping[str, xr.Dataset]) -> None:
    """ValueError for a dimension of two runs that has no labels and differs in size."""
    sizes = [data[name].sizes for name in (first, second)]
    for dimension in {*sizes[0]} & {*sizes[1]} - {*data[first].indexes}:
        if sizes[0][dimension] != sizes[1][dimension]:
            raise ValueError(
                f"{file}: '{dimension}' has {sizes[0][dimension]} entries in run '{first}' and {sizes[1][dimension]}"
                f" in '{second}', without labels: stack runs of one size, as in stacked('{file}', runs=[...])"
            )
