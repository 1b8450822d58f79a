"""One run from its settings to its files."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sgdwalk.storage import netcdf, run_files
from sgdwalk.storage.delivery import remove_if_empty, sweep
from sgdwalk.storage.lock import Lock
from sgdwalk.storage.provenance import attributes
from sgdwalk.study import factories
from sgdwalk.training import parents, problem
from sgdwalk.training.finished import Finished
from sgdwalk.training.state_folder import state_folder
from sgdwalk.training.trainer import Run


def train(
    settings: Mapping[str, Any],
    outputs: Mapping[str, str],
    code: str,
    scratch: str = "",
    parent: Mapping[str, str] | None = None,
) -> None:
    """Train, or continue where an earlier attempt was stopped, and write the files of the run.

    settings: of the run, complete. outputs: path of the folder `checkpoints`, and of each file by its name. code: hash
    of the code. scratch: folder for what a repeated attempt continues from; empty for `state` beside the outputs.
    parent: for a run with a parent, the paths of that one's `checkpoints` and `training` and of the run's `modes`.
    Raises LockError if another process trains this run, OSError where a file could not be written, ValueError or
    FileNotFoundError for a parent that diverged or has no final checkpoint.
    """
    start = parents.read(parent) if parent else None
    folder = state_folder(Path(outputs["checkpoints"]), scratch)
    with Lock(folder) as lock:
        sweep([Path(path) for path in outputs.values()])
        spec = settings["model_spec"]
        build = functools.partial(factories.factory(spec), **spec["arguments"])
        run = Run(settings, build, problem.load_images(settings), folder, code, lock.check, start)
        finished = Finished(run.work)
        if not finished.complete():
            run.train()
            finished.declare(written(run, [name for name in outputs if name != "checkpoints"], code))
        lock.check()
        finished.keep_alone()
        finished.deliver(outputs)
        lock.clear()
    remove_if_empty(folder)


def written(run: Run, names: list[str], code: str) -> list[Path]:
    """Write the finished files of these names into the folder of the states; the paths of all, checkpoints too."""
    settings = run.settings
    stamp = attributes(settings, code, settings["run"], settings["seed"])
    paths = {name: run.work / f"{name}.nc" for name in names}
    if settings["record"]["walk"]:
        paths["walk"] = run.checkpoints.folder / "walk.nc"
    data = run.datasets()
    for name, path in paths.items():
        netcdf.write(data[name], path, run_files.CONTRACTS[name], stamp, loss_unit=run_files.loss_unit(settings))
    return [*paths.values(), *map(run.checkpoints.path, run.checkpoints.digests)]
