"""Fig. 2f-i of Chen et al.: mean squared displacement of the weights of other networks and batch sizes."""

import xarray as xr

from sgdwalk.figures import style
from sgdwalk.figures.fig2 import three_windows
from sgdwalk.figures.page import Grid, Page

ROLES = {"runs": "msd"}
MOST = {"runs": 6}
ABSENT = {"runs": "other networks or batch sizes"}


def draw(runs: list[xr.Dataset] | None) -> Page:
    """A panel per run, on equal axes; runs: msd.nc of each. ValueError for more than six."""
    shown = runs or [None]
    if len(shown) > MOST["runs"]:
        raise ValueError(f"fig2_others: runs: {len(shown)} runs, but there are {MOST['runs']} panels for them")
    letters = style.letters(len(shown))
    rows = [letters[k : k + 2] for k in range(0, len(letters), 2)]
    figure, axes = style.panels(rows, 2.4 * len(rows), Grid(2, 2.1))
    for letter, data in zip(letters, shown, strict=True):
        three_windows(axes[letter], data, ABSENT["runs"])
    style.same_axes(axes.values())
    style.marks(figure, "fit", "unsupported")
    return figure
