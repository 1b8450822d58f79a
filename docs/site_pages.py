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
    """Add the pages to those of docs/, with their links as these are seen from there."""
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=moved(text, posixpath.dirname(source))))
    return files


def moved(text: str, folder: str) -> str:
    """`text` of a file in `folder`, with the links to other pages as they are from a page in docs/."""
    return LINK.sub(lambda link: f"]({page_of(posixpath.normpath(posixpath.join(folder, link[1])))}", text)


def page_of(path: str) -> str:
    """The page that shows the file `path` of the project, or the path itself, which a strict build then refuses."""
    shown = {source: page for page, source in PAGES.items()}
    return shown.get(path, path.removeprefix("docs/"))
