"""The job that computes one table, chosen by name, and writes it as CSV."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from sgdwalk import registered
from sgdwalk.jobs.inputs import read
from sgdwalk.storage.atomic import replacing


def tabulate(
    name: str, inputs: Mapping[str, Any], output: str, parameters: Mapping[str, Any], own: Sequence[str] = ()
) -> None:
    """Compute sgdwalk.tables.{name} and write it as CSV.

    inputs: path or paths by the names of compute's arguments. parameters: its other arguments.
    own: modules of the user's own analyses whose files it reads.
    """
    registered.register(*own)
    module = importlib.import_module(f"sgdwalk.tables.{name}")
    table = module.compute(**{key: read(path) for key, path in inputs.items()}, **parameters)
    with replacing(output) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
