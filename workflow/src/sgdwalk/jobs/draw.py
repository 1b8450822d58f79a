"""Drawing one figure, chosen by name, in a notebook or as the job that saves it in every format."""

import importlib
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sgdwalk import registered
from sgdwalk.jobs.imports import importing
from sgdwalk.jobs.inputs import in_memory
from sgdwalk.storage.atomic import replacing

if TYPE_CHECKING:
    from sgdwalk.figures.page import Page

FIGURES = Path(__file__).resolve().parents[1] / "figures"


def draw(figure: str | ModuleType, width: str = "double", **data: Any) -> "Page":
    """The figure of this name, as the workflow draws it, whatever the user's own settings of matplotlib are.

    figure: its name, or a module of your own with the same interface. width: 'single' or 'double', one or two columns
    of a journal (3.4 or 7 inches). data: a data set, a node of `open_study`, the path of a file, a list of these, or
    None, by the figure's roles (docs/files.md). The result is a matplotlib Figure; its `savefig` writes the same bytes
    as the workflow does. ValueError for an unknown figure, role or width.

    >>> import sgdwalk
    >>> figure = sgdwalk.draw("fig2", base="results/digits/runs/resnet14-a/msd.nc", width="single")
    >>> figure.savefig("msd.pdf")
    """
    if isinstance(figure, str) and figure not in (names := figures()):
        raise ValueError(f"figure = {figure!r}: must be one of {', '.join(names)}, or a module of your own")
    from sgdwalk.figures import page

    module = importlib.import_module(f"sgdwalk.figures.{figure}") if isinstance(figure, str) else figure
    check_roles(module.__name__.rpartition(".")[2], module.draw, data)
    with page.settings(width):
        drawn = module.draw(**{role: in_memory(given) for role, given in data.items()})
        drawn.settle()
    return drawn


def figures() -> list[str]:
    """Names of all figures: the modules with a function draw."""
    return sorted(path.stem for path in FIGURES.glob("*.py") if "\ndef draw(" in path.read_text(encoding="utf-8"))


def check_roles(figure: str, draw_function, data: Mapping[str, Any]) -> None:
    """ValueError for a role that the figure does not have, and for one that it needs and is not given."""
    roles = inspect.signature(draw_function).parameters
    needed = {name for name, role in roles.items() if role.default is inspect.Parameter.empty}
    wrong = sorted(set(data) - set(roles)) or sorted(needed - set(data))
    if wrong:
        what = "unknown" if wrong[0] in data else "missing"
        raise ValueError(f"{figure}: {what} role '{wrong[0]}' (its roles: {', '.join(roles)})")


def draw_files(
    figure: str,
    data: Mapping[str, Any],
    outputs: Sequence[str],
    width: str = "double",
    *,
    module: str | None = None,
    own: Sequence[str] = (),
) -> None:
    """Draw a figure once and save it to every path in `outputs`, in the format of its suffix.

    data: path, paths or None (nothing to draw) by the figure's roles. module: of a figure of the user's own. own:
    modules of the user's own analyses whose files it shows.
    """
    registered.register(*own)
    with importing():
        loaded = importlib.import_module(module or f"sgdwalk.figures.{figure}")
    drawn = draw(loaded, width, **data)
    for output in outputs:
        with replacing(output) as temporary:
            drawn.savefig(temporary, format=Path(output).suffix[1:])
