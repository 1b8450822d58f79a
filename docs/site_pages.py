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
FENCED = re.compile(r"(^```.*?^```$)", re.M | re.S)
TAB = "\ue000"  # stands for a tab until the page is made: Markdown makes spaces of tabs, also in a table to be copied
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

    parts = FENCED.split(LINK.sub(moved, text))
    parts[::2] = [indented(part) for part in parts[::2]]
    return "".join(parts).replace("\t", TAB)


def on_page_content(html: str, **_) -> str:
    """The HTML of a page, with its tabs."""
    return html.replace(TAB, "\t")


def indented(text: str) -> str:
    """Text whose lines inside lists are indented twice as far, as this Markdown wants them."""
    return re.sub(r"^ +", lambda spaces: 2 * spaces[0], text, flags=re.M)


def page_of(path: str) -> str:
    """The page that shows the file `path` of the project, or the path itself, which a strict build then refuses."""
    shown = {source: page for page, source in PAGES.items()}
    return shown.get(path, path.removeprefix("docs/"))
