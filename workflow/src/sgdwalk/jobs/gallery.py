"""Write docs/gallery.md: every figure of a finished study, with its caption; `make docs` runs it."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sgdwalk.jobs.draw import draw
from sgdwalk.study.figure_specs import caption, checked_figures, source_path, source_paths, sources

ROOT = Path(__file__).resolve().parents[4]
STUDY = "digits"
PAGE, PICTURES = ROOT / "docs" / "gallery.md", ROOT / "docs" / "gallery"
DPI = 110  # enough for a screen, and small in git
HEAD = f"""\
# Gallery

Every figure of the study `{STUDY}`, as `make figures` draws it, with its caption in the report. Written by `make docs`.
"""


def main(root: Path = ROOT) -> None:
    """Write the page, and the pictures of the figures of which all data are there."""
    figures = checked_figures(root / "config" / STUDY / "figures.yaml")
    PAGE.write_text(rendered(figures), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.png"):
        if old.stem not in figures:
            old.unlink()
    for name, spec in figures.items():
        if missing := absent_files(root, spec["data"]):
            print(f"docs/gallery/{name}.png is kept as it is: {missing[0]} is not there", file=sys.stderr)
            continue
        draw(name, **source_paths(str(root / "results" / STUDY), spec["data"])).savefig(
            PICTURES / f"{name}.png", dpi=DPI, pil_kwargs={"compress_level": 9}
        )


def rendered(figures: Mapping[str, Any]) -> str:
    """The text of the page."""
    parts = [f"## {name}\n\n![{name}](gallery/{name}.png)\n\n{caption(name, spec)}\n" for name, spec in figures.items()]
    return "\n".join([HEAD, *parts])


def absent_files(root: Path, data: Mapping[str, Any]) -> list[Path]:
    """Files of a figure that the study has not made."""
    found = (source_path(f"results/{STUDY}", source) for _, source in sources(data))
    return [Path(path) for path in found if not (root / path).is_file()]


if __name__ == "__main__":
    main()
