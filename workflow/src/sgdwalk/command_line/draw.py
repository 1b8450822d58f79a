"""Draw one figure, of a study or from files of any place.

With a STUDY the figure has the data and the width of its figures.yaml. ROLE=SOURCE takes other data for a role:
the path of a file, or FILE/RUN of the study as in figures.yaml; several with commas for a role that takes a list,
nothing after '=' to leave a role out. The roles of all figures: docs/files.md.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sgdwalk.command_line import studies
from sgdwalk.study.comparison import attributes
from sgdwalk.study.figure_specs import Signature, figure_signatures, source_path, source_paths
from sgdwalk.study.targets import FORMATS
from sgdwalk.study.validation import ConfigError

WIDTHS = ("single", "double")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("figure", metavar="FIGURE", help="its name, as fig2")
    parser.add_argument(
        "data", nargs="*", metavar="STUDY or ROLE=SOURCE", help="a folder of config/; then other data for its roles"
    )
    parser.add_argument("--width", choices=WIDTHS, help="one or two columns of a journal, 3.4 or 7 inches")
    parser.add_argument(
        "--output", action="append", metavar="FILE", help="pdf, svg or png; may be repeated (FIGURE.pdf unless given)"
    )


def run(given: argparse.Namespace) -> None:
    """Draw and save."""
    known = figure_signatures()
    if given.figure not in known:
        raise ConfigError(f"FIGURE = '{given.figure}': must be one of {', '.join(known)}")
    outputs = given.output or [f"{given.figure}.pdf"]
    for output in outputs:
        if Path(output).suffix[1:] not in FORMATS:
            raise ConfigError(f"--output '{output}': must end with one of {', '.join(f'.{kind}' for kind in FORMATS)}")
    study = given.data.pop(0) if given.data and "=" not in given.data[0] else None
    data, width = of_study(given.figure, study) if study else ({}, WIDTHS[1])
    data |= overridden(given.data, known[given.figure], study)
    check(given.figure, data, known[given.figure])
    drawn(given.figure, data, outputs, given.width or width)
    print("\n".join(outputs))


def of_study(figure: str, name: str) -> tuple[dict[str, Any], str]:
    """The files by role and the width that a study has for a figure; nothing where it does not have this figure."""
    study = studies.load(name)
    spec = study.figures.get(figure, {"data": {}, "width": WIDTHS[1]})
    return source_paths(str(studies.results(study)), spec["data"]), spec["width"]


def overridden(given: list[str], signature: Signature, study: str | None) -> dict[str, Any]:
    """Files by role of arguments ROLE=SOURCE."""
    found = {}
    for argument in given:
        role, equals, text = argument.partition("=")
        if not equals or role not in signature.roles:
            raise ConfigError(
                f"'{argument}': must be ROLE=SOURCE, with a role of {', '.join(signature.roles) or 'none'}"
            )
        paths = [place(source, study) for source in text.split(",") if source]
        if not signature.roles[role].several and len(paths) > 1:
            raise ConfigError(f"'{argument}': must be one source, not a list")
        found[role] = paths if signature.roles[role].several else next(iter(paths), None)
    return found


def place(source: str, study: str | None) -> str:
    """Path of a file, or of a source of the study as figures.yaml writes it."""
    if study and not source.endswith(".nc"):
        return source_path(str(studies.results(studies.load(study))), source)
    return source


def check(figure: str, data: Mapping[str, Any], signature: Signature) -> None:
    """Refuse a role without data that needs it, a file that is not there, and one of another kind."""
    for role, known in signature.roles.items():
        if known.needed and not data.get(role):
            raise ConfigError(f"{figure}: role '{role}' needs data: {role}=FILE, or a STUDY that has this figure")
    for role, value in data.items():
        kind = signature.roles[role].takes.partition("/")[0]
        for path in value if isinstance(value, list) else [value] if value else []:
            if not Path(path).is_file():
                raise ConfigError(f"{figure}.{role} = '{path}': must be a file that exists")
            if (found := attributes(Path(path)).get("contract")) != kind:
                raise ConfigError(
                    f"{figure}.{role} = '{path}': holds {found or 'no result of sgdwalk'}: must hold {kind}"
                )


def drawn(figure: str, data: Mapping[str, Any], outputs: list[str], width: str) -> None:
    """Draw and save; ConfigError for a file of another version."""
    import matplotlib

    from sgdwalk.jobs.draw import draw_files
    from sgdwalk.storage.contracts import ContractError

    matplotlib.use("agg")
    try:
        draw_files(figure, data, outputs, width)
    except ContractError as error:
        raise ConfigError(str(error)) from None
