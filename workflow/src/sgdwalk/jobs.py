"""What a workflow's scripts do: read inputs, call an analysis, a figure or a table by name, write its output."""

import contextlib
import importlib
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from sgdwalk import contracts, records
from sgdwalk.files import replacing
from sgdwalk.provenance import attributes

REPRODUCIBLE = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}


class _Tee:
    """Writes to several streams."""

    def __init__(self, *streams):
        self.streams = streams

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()


@contextlib.contextmanager
def logging_to(path: str) -> Iterator[None]:
    """Send what is printed to the log, and to the terminal where there is one; errors end up in both."""
    terminal = sys.stderr if sys.stderr.isatty() else None
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as log:
        stream = _Tee(log, terminal) if terminal else log
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            try:
                yield
            except Exception:
                traceback.print_exc(file=log)
                raise


def read(path: Any) -> Any:
    """A NetCDF file as a data set, a list as a list of them; any other path as it is."""
    if isinstance(path, str) and path.endswith(".nc"):
        return contracts.read(path)
    return path if isinstance(path, str) else [read(p) for p in path]


def analyse(
    name: str,
    inputs: Mapping[str, Any],
    output: str,
    settings: Mapping[str, Any],
    *,
    code: str,
    run: str = "",
    seed: int | str = "",
) -> None:
    """Compute sgdwalk.analyses.{name} and write its file."""
    module = importlib.import_module(f"sgdwalk.analyses.{name}")
    data = {key: read(path) for key, path in inputs.items()}
    stamp = attributes(settings, code, run, seed)
    contracts.write(
        module.compute(**data, **settings), output, module.CONTRACT, stamp, loss_unit=loss_unit(data, settings)
    )


def loss_unit(data: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Unit of the loss in the data, or of the run that an analysis of its network is told."""
    if "run" in settings:
        return records.loss_unit(settings["run"])
    losses = (held.loss for held in data.values() if isinstance(held, xr.Dataset) and "loss" in held)
    return next((loss.attrs["units"] for loss in losses), "nat")


def draw(figure: str, data: Mapping[str, Any], outputs: Sequence[str]) -> None:
    """Draw sgdwalk.figures.{figure} once and save it under every name in outputs."""
    import matplotlib

    matplotlib.use("Agg")
    from sgdwalk.figures import style

    module = importlib.import_module(f"sgdwalk.figures.{figure}")
    with matplotlib.rc_context(style.RC):
        drawn = module.draw(**{role: path and read(path) for role, path in data.items()})
        style.settle(drawn)
        for output in outputs:
            kind = Path(output).suffix[1:]
            with replacing(output) as temporary:
                drawn.savefig(temporary, format=kind, metadata=REPRODUCIBLE[kind])


def tabulate(name: str, inputs: Mapping[str, Any], output: str, parameters: dict[str, Any]) -> None:
    """Compute sgdwalk.tables.{name} and write it as CSV."""
    parameters.pop("code", None)
    module = importlib.import_module(f"sgdwalk.tables.{name}")
    table = module.compute(**{key: read(path) for key, path in inputs.items()}, **parameters)
    with replacing(output) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
