"""The job that draws one figure, chosen by name, and saves it in every format."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sgdwalk.jobs.inputs import read
from sgdwalk.storage.atomic import replacing

REPRODUCIBLE = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}


def draw(figure: str, data: Mapping[str, Any], outputs: Sequence[str]) -> None:
    """Draw sgdwalk.figures.{figure} once and save it to every path in `outputs`, in the format of its suffix.

    data: path, paths or None (nothing to draw) by the figure's roles.
    """
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
