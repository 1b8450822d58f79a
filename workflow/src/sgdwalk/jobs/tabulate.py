"""The job that computes one table, chosen by name, and writes it as CSV, and as a page of the report."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sgdwalk import registered
from sgdwalk.jobs.imports import importing
from sgdwalk.jobs.inputs import read
from sgdwalk.storage.atomic import replacing
from sgdwalk.tables import markup, pages


def tabulate(
    name: str,
    inputs: Mapping[str, Any],
    output: str,
    parameters: Mapping[str, Any],
    *,
    page: str | None = None,
    own: Sequence[str] = (),
) -> None:
    """Compute sgdwalk.tables.{name} and write it as CSV.

    inputs: path or paths by the names of compute's arguments. parameters: its other arguments. page: where it is
    written as HTML too, if anywhere. own: modules of the user's own analyses whose files it reads.
    """
    registered.register(*own)
    with importing():
        module = importlib.import_module(f"sgdwalk.tables.{name}")
    table = module.compute(**{key: read(path) for key, path in inputs.items()}, **parameters)
    with replacing(output) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    if page:
        with replacing(page) as temporary:
            temporary.write_text(pages.page(name, markup.read(Path(output))), encoding="utf-8")
