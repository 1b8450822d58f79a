"""A page of lettered panels at one of two widths, laid out when all is drawn and saved with the project's settings."""

import contextlib
import io
import textwrap
from collections.abc import Collection, Iterator
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import ScaledTranslation

from sgdwalk.figures.ticks import ticks

WIDTHS = {"single": 3.4, "double": 7.0}  # inches, of one and of two columns of a journal
SMALL = 6.0  # points: the smallest text of a figure
RC = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "legend.frameon": False,
    "legend.borderaxespad": 0.3,
    "legend.borderpad": 0.1,
    "legend.labelspacing": 0.25,
    "legend.handlelength": 1.8,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.0,
    "axes.formatter.useoffset": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.labelpad": 2.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.major.pad": 2.5,
    "ytick.major.pad": 2.5,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "figure.constrained_layout.w_pad": 0.03,
    "figure.constrained_layout.h_pad": 0.04,
    "figure.constrained_layout.hspace": 0.03,
    "image.cmap": "cividis",
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "svg.fonttype": "path",
    "svg.hashsalt": "sgdwalk",
}
REPRODUCIBLE = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
OUTDENT = 20  # points: letters and keys begin this far to the left of their panel, above its tick labels
LETTER = 8  # points
KEY_HANDLE = 17  # points that a line of a key leaves to its handle and margins
BESIDE = np.array([42, 62])  # points that labels take of a panel's width and height, before the first layout
PASSES = 3  # of the layout: wrapped by that estimate, by the size then known; panels of fixed aspect need one more
POINTS = 72  # an inch
FULL = 0.94  # of the width, of a legend: at other resolutions its text is up to a twentieth wider


@contextlib.contextmanager
def settings(width: str = "double") -> Iterator[None]:
    """The settings of matplotlib in which figures of a width are drawn and saved, whatever the user's own are.

    ValueError for a width that is not in WIDTHS.
    """
    if width not in WIDTHS:
        raise ValueError(f"width = {width!r}: must be one of {', '.join(WIDTHS)}")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC | {"figure.figsize": (WIDTHS[width], 1)})
        yield


def width() -> str:
    """The width that is being drawn: the `settings` in force."""
    inches = matplotlib.rcParams["figure.figsize"][0]
    return min(WIDTHS, key=lambda name: abs(WIDTHS[name] - inches))


class Grid(NamedTuple):
    """Panels in a row, and the height of a row in inches."""

    columns: int
    row: float


class Key(NamedTuple):
    """A legend above a panel; handles: those of the panel's labelled artists where None."""

    title: str | None
    handles: list | None
    columns: int


class Page(Figure):
    """A figure of lettered panels in a grid; `panels` by letter. It is complete after `settle`.

    solid: letters of the panels that show surfaces in perspective.
    """

    def __init__(self, letters: list[str], grid: Grid, solid: Collection[str] = ()):
        self.page_width, self.grid = width(), grid
        super().__init__(figsize=(WIDTHS[self.page_width], grid.row), layout="constrained")
        self.panels = {
            letter: self.add_subplot(label=letter, projection="3d" if letter in solid else None) for letter in letters
        }
        self._place_panels()
        self.headings: dict[Axes, str] = {}
        self.keys: dict[Axes, Key] = {}
        self.marks: list = []  # handles of the legend below all panels
        self._notes: dict[str, list[str]] = {}  # letters of the panels that a note is about
        self._heads: dict[Axes, Annotation] = {}
        self.settled = False

    def letter(self, axes: Axes) -> str:
        """The letter of a panel; empty for other axes."""
        return next((letter for letter, panel in self.panels.items() if panel is axes), "")

    def note(self, text: str, axes: Axes | None = None) -> None:
        """A sentence below the panels, about one of them or about all; panels of the same note share it."""
        letters = self._notes.setdefault(text, [])
        letters += [self.letter(axes)] if axes is not None else []

    @property
    def notes(self) -> list[str]:
        """The sentences below the panels: 'c, d: not in this study: a loss surface'."""
        return [": ".join(filter(None, [", ".join(letters), text])) for text, letters in self._notes.items()]

    def leave_out(self, axes: Axes, why: str) -> None:
        """Take a panel without data off the page; a note below the others says why."""
        self.note(why, axes)
        self.panels = {name: panel for name, panel in self.panels.items() if panel is not axes}
        for own in (self.headings, self.keys):
            own.pop(axes, None)
        axes.remove()

    def settle(self) -> None:
        """Lay the page out, once for all formats: grid, ticks, keys, and labels wrapped to their panels."""
        if self.settled:
            return
        self.settled = True
        if not self.panels:
            self._only_notes()
            return
        FigureCanvasAgg(self)
        rows = self._place_panels()
        for axes in self.panels.values():
            self._place_key(axes, self.keys[axes].columns if axes in self.keys else 0)
        self._legend_below()
        room = POINTS * np.array([self.get_figwidth() / len(rows[0]), self.grid.row]) - BESIDE
        for k in range(PASSES):
            for axes in self._all_axes():
                ticks(axes.xaxis)
                ticks(axes.yaxis)
            for row in rows:
                self._fit(row, room if k == 0 else None)
            self.get_layout_engine().execute(self)
        self.set_layout_engine(None)  # by these settings there is none; for "none" each saving would draw twice

    def savefig(self, path, **options) -> None:
        """Save with the settings that the page was drawn in; the same bytes each time."""
        kind = str(options.get("format") or str(path).rpartition(".")[2]).lower()
        options.setdefault("metadata", REPRODUCIBLE.get(kind, {}))
        with settings(self.page_width):
            self.settle()
            super().savefig(path, **options)

    def _repr_png_(self) -> bytes:
        """The picture that a notebook shows."""
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=150)
        return file.getvalue()

    def _all_axes(self) -> list[Axes]:
        """Panels, colour bars, insets: `findobj` would make all ticks to look through them."""
        found = list(self.axes)
        for axes in found:
            found += axes.child_axes
        return found

    def _note_lines(self) -> list[str]:
        return [line for note in self.notes for line in textwrap.wrap(note, int(20 * self.get_figwidth()))]

    def _only_notes(self) -> None:
        lines = self._note_lines()
        self.set_layout_engine(None)
        self.set_figheight(0.3 + 0.12 * len(lines))
        self.text(0.5, 0.5, "\n".join(lines), ha="center", va="center", fontsize=SMALL)

    def _place_panels(self) -> list[list[Axes]]:
        """The panels that are left, in rows of the grid."""
        columns = min(self.grid.columns, len(self.panels))
        kept = list(self.panels.values())
        rows = [kept[k : k + columns] for k in range(0, len(kept), columns)]
        spec = self.add_gridspec(len(rows), columns)
        for k, axes in enumerate(kept):
            axes.set_subplotspec(spec[k // columns, k % columns])
        self.set_figheight(len(rows) * self.grid.row)
        return rows

    def _legend_below(self) -> None:
        """The legend below all panels, in as many columns as fit, under the notes; the page grows by its height."""
        below = None
        for columns in range(len(self.marks), 0, -1):
            below = self.legend(handles=self.marks, loc="outside lower center", ncols=columns)
            if self._size(below)[0] < FULL * POINTS * self.get_figwidth() or columns == 1:
                break
            below.remove()
        if text := "\n".join(self._note_lines()):
            if below is None:
                below = self.supxlabel(text, fontsize=SMALL, x=0.01, ha="left")
            else:  # constrained layout would put both in one place
                below.set_title(text, prop={"size": SMALL})
        if below is not None:
            self.set_figheight(self.get_figheight() + (self._size(below)[1] + 6) / POINTS)

    def _size(self, artist) -> tuple[float, float]:
        """Width and height of an artist in points."""
        box = artist.get_window_extent(self.canvas.get_renderer())
        return box.width * POINTS / self.dpi, box.height * POINTS / self.dpi

    def _place_key(self, axes: Axes, columns: int) -> None:
        key = self.keys.get(axes)
        if key is None:
            return
        handles = key.handles or axes.get_legend_handles_labels()[0]
        left = axes.transAxes + ScaledTranslation(-OUTDENT / POINTS, 0, self.dpi_scale_trans)
        legend = axes.legend(
            handles=handles, title=key.title, alignment="left", ncols=columns, loc="lower left", bbox_to_anchor=(0, 1),
            bbox_transform=left, borderaxespad=0.4,
        )  # fmt: skip
        legend.set_in_layout(False)  # it may be wider than its panel, which must not shrink for it

    def _fit(self, row: list[Axes], room: np.ndarray | None) -> None:
        """Keys, labels and headings of a row of panels in lines that fit; room: width and height before a layout."""
        sizes = [axes.get_window_extent().size * POINTS / self.dpi if room is None else room for axes in row]
        for axes, (wide, high) in zip(row, sizes, strict=True):
            columns = self.keys[axes].columns if axes in self.keys else 0
            while columns > 1 and self._key_size(axes)[0] > wide + OUTDENT - 4:
                columns -= 1
                self._place_key(axes, columns)
            self._wrap_key(axes, wide + OUTDENT - 4)
            axes.set_xlabel(self._wrapped(axes.get_xlabel(), RC["axes.labelsize"], wide))
            axes.set_ylabel(self._wrapped(axes.get_ylabel(), RC["axes.labelsize"], high))
            words = self._wrapped(self.headings.get(axes, ""), SMALL, wide + OUTDENT - 8 - 5 * len(self.letter(axes)))
            self._heading(axes).set_text(words)
        top = 3 + max(self._key_size(axes)[1] + self._heading_height(axes) for axes in row)
        for axes, (wide, _) in zip(row, sizes, strict=True):
            letter = self.letter(axes)
            axes.set_title(letter, loc="left", fontweight="bold", pad=top - LETTER + 1, x=-OUTDENT / wide, y=1)
            self._heading(axes).set_position((0, top))

    def _wrap_key(self, axes: Axes, wide: float) -> None:
        """Labels of a key that is wider than its panel in several lines."""
        if axes not in self.keys or self._key_size(axes)[0] <= wide:
            return
        legend = axes.get_legend()
        for text in [legend.get_title(), *legend.get_texts()]:
            aside = 0 if text is legend.get_title() else KEY_HANDLE
            text.set_text(self._wrapped(text.get_text(), SMALL, wide - aside))

    def _heading(self, axes: Axes) -> Annotation:
        """The text at the right above a panel; outside the layout, in which the letter keeps its height free."""
        if axes not in self._heads:
            self._heads[axes] = axes.annotate(
                "", (1, 1), xycoords="axes fraction", xytext=(0, 0), textcoords="offset points",
                ha="right", va="top", fontsize=SMALL, annotation_clip=False,
            )  # fmt: skip
            self._heads[axes].set_in_layout(False)
        return self._heads[axes]

    def _heading_height(self, axes: Axes) -> float:
        return max(LETTER, self._size(self._heading(axes))[1] if self._heading(axes).get_text() else 0)

    def _key_size(self, axes: Axes) -> tuple[float, float]:
        return self._size(axes.get_legend()) if axes in self.keys else (0.0, 0.0)

    def _wrapped(self, text: str, size: float, room: float) -> str:
        """The text in the fewest lines, of similar length, that fit into `room` points where words allow it."""
        words = text.replace("\n", " ").split(" ")  # not at the spaces of 'T = 250', which do not break
        for lines in range(1, len(words) + 1):
            best = balanced(words, lines)
            if max(self._length(line, size) for line in best) <= room:
                return "\n".join(best)
        return "\n".join(words)

    def _length(self, text: str, size: float) -> float:
        font = matplotlib.font_manager.FontProperties(family=RC["font.family"], size=size)
        pixels, _, _ = self.canvas.get_renderer().get_text_width_height_descent(text, font, ismath=False)
        return pixels * POINTS / self.dpi


def balanced(words: list[str], lines: int) -> list[str]:
    """The words in this many lines whose longest is as short as possible."""
    if lines == 1:
        return [" ".join(words)]
    splits = ([" ".join(words[:k]), *balanced(words[k:], lines - 1)] for k in range(1, len(words) - lines + 2))
    return min(splits, key=lambda found: max(map(len, found)))
