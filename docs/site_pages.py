"""Pages of the site whose text stands elsewhere in the project, where people who read no site look for it."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "index.md": "README.md",
    "configuration.md": "config/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "CITATION.cff": "CITATION.cff",
}
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def on_files(files: Files, config) -> Files:
    """Add the pages to those of docs/."""
    for page, source in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(text: str, page, config, files: Files) -> str:
    """The text of a page, with links between files of the project as links between pages."""
    name = page.file.src_uri
    here = posixpath.dirname(PAGES.get(name, f"docs/{name}"))

    def moved(link: re.Match) -> str:
        target = page_of(posixpath.normpath(posixpath.join(here, link[1])))
        return f"]({posixpath.relpath(target, posixpath.dirname(name) or '.')}"

    return LINK.sub(moved, text)


def page_of(path: str) -> str:
    """The page that shows the file `path` of the project, or the path itself, which a strict build then refuses."""
    shown = {source: page for page, source in PAGES.items()}
    return shown.get(path, path.removeprefix("docs/"))
