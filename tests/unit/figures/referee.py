"""Faults that a referee finds in a drawn page: each function gives a list of them, empty where there are none."""

import itertools

import numpy as np
from matplotlib.axis import Axis, Tick
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.legend import Legend
from matplotlib.text import Text
from sgdwalk.figures import style

TOUCH = 0.5  # pixels at 100 dpi by which boxes may overlap
FREE = 0.3  # most of an axis that may be free of data
DEUTERANOPIA = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])  # Machado et al. 2009


def texts(page):
    """(text, box) of everything that can be read, outside and inside the panels; tick labels only where drawn."""
    renderer = page.canvas.get_renderer()
    labels = {label for tick in page.findobj(Tick) for label in (tick.label1, tick.label2)}
    drawn = {
        tick.label1
        for axis in page.findobj(Axis)
        if axis.axes.axison and axis.get_visible()
        for tick in axis._update_ticks()
    }
    found = [
        (text, text.get_window_extent(renderer))
        for text in page.findobj(Text)
        if text.get_visible() and text.get_text().strip() and (text not in labels or text in drawn)
    ]
    return [(text, box) for text, box in found if box.width > 0]


def overlap(first, second):
    """Width and height that two boxes have in common, at least TOUCH each."""
    across = min(first.x1, second.x1) - max(first.x0, second.x0)
    up = min(first.y1, second.y1) - max(first.y0, second.y0)
    return across > TOUCH and up > TOUCH


def text_over_text(page):
    return [
        f"'{a.get_text()}' over '{b.get_text()}'"
        for (a, first), (b, second) in itertools.combinations(texts(page), 2)
        if overlap(first, second)
    ]


def outside(page):
    """Texts that the page cuts off."""
    wide, high = page.get_size_inches() * page.dpi
    return [
        t.get_text()
        for t, box in texts(page)
        if box.x0 < 0 or box.y0 < 0 or box.x1 > wide + TOUCH or box.y1 > high + TOUCH
    ]


def small(page, least=6):
    """Texts below this size in points; mathematical text has parts that are smaller than its size."""
    return [t.get_text() for t, _ in texts(page) if t.get_fontsize() < least or "$" in t.get_text()]


def data_points(axes):
    """Points [point, 2] in pixels along everything that is plotted in a panel, without lines across all of it."""
    found = []
    for line in axes.lines:
        if line.get_transform() == axes.transData and len(line.get_xdata()):
            xy = axes.transData.transform(np.column_stack([line.get_xdata(), line.get_ydata()]).astype(float))
            found.append(dense(xy) if line.get_linestyle() not in ("None", "", " ") else xy)
    for collection in axes.collections:
        if isinstance(collection, LineCollection):
            found += [dense(axes.transData.transform(segment)) for segment in collection.get_segments() if len(segment)]
        elif isinstance(collection, (PolyCollection, PathCollection)) and collection.get_paths():
            found += [axes.transData.transform(path.vertices) for path in collection.get_paths()]
    points = np.concatenate([*found, np.empty((0, 2))])
    return points[np.isfinite(points).all(axis=1)]


def dense(xy):
    """Points of a polyline at most a few pixels apart."""
    finite = xy[np.isfinite(xy).all(axis=1)]
    if len(finite) < 2:
        return finite
    parts = [np.linspace(a, b, 2 + int(min(np.hypot(*(b - a)), 2000) / 3)) for a, b in itertools.pairwise(finite)]
    return np.concatenate(parts)


def inside(points, box):
    return ((points > [box.x0, box.y0]) & (points < [box.x1, box.y1])).all(axis=1).any()


def text_over_data(page):
    """Texts over data, over an image, or over a side of a panel."""
    faults, words = [], texts(page)
    for axes in page.axes:
        panel, points = axes.get_window_extent(), data_points(axes)
        points = points[((points >= panel.min - 1) & (points <= panel.max + 1)).all(axis=1)]
        sides = (
            []
            if not axes.axison
            else [
                dense(np.array(side)) for side in ([panel.min, (panel.x1, panel.y0)], [panel.min, (panel.x0, panel.y1)])
            ]
        )
        marked = np.concatenate([points, *sides]) if len(points) or sides else np.empty((0, 2))
        for text, box in words:
            over_image = axes.images and overlap(panel, box)
            if over_image or inside(marked, box):
                faults.append(f"'{text.get_text()}' over data or a side of {axes.get_label()}")
    return faults


def legend_over_data(page):
    """Legends over data, or over more than a third of a panel."""
    faults = []
    for legend in page.findobj(Legend):
        box = legend.get_window_extent()
        for axes in page.axes:
            panel = axes.get_window_extent()
            across = max(0, min(box.x1, panel.x1) - max(box.x0, panel.x0))
            up = max(0, min(box.y1, panel.y1) - max(box.y0, panel.y0))
            if across * up > panel.width * panel.height / 3 or (across * up and inside(data_points(axes), box)):
                faults.append(f"legend over {axes.get_label()}")
    return faults


def empty(page):
    """Panels without anything drawn."""
    return [
        letter
        for letter, axes in page.panels.items()
        if not (len(data_points(axes)) or axes.images or axes.collections)
    ]


def labels_too_long(page):
    """Labels longer than their axis."""
    faults = []
    for axes in page.axes:
        panel = axes.get_window_extent()
        for label, room, side in ((axes.xaxis.label, panel.width, "width"), (axes.yaxis.label, panel.height, "height")):
            if label.get_text() and getattr(label.get_window_extent(), side) > room + 2 and " " in label.get_text():
                faults.append(label.get_text())
    return faults


def far_from_data(page):
    """Axes of which more than FREE is empty at one end; a panel shares its limits with others of the same quantity."""
    faults = []
    for which, k in (("x", 0), ("y", 1)):
        alike = {}
        for axes in (axes for axes in page.panels.values() if axes.axison):
            label, limits = getattr(axes, f"get_{which}label")(), tuple(getattr(axes, f"get_{which}lim")())
            panel, points = axes.get_window_extent(), data_points(axes)
            if len(points) and not axes.images and axes.get_box_aspect() is None:
                place = (points[:, k] - panel.min[k]) / panel.size[k]
                place = np.append(place, references(axes, panel) if which == "y" else [])
                alike.setdefault((label, limits), []).append(place[(place > -0.01) & (place < 1.01)])
        for (label, _), places in alike.items():
            all_ = np.concatenate(places)
            if np.ptp(all_) > 0.02 and (all_.min() > FREE or all_.max() < 1 - FREE):  # not a single point
                faults.append(f"{which} '{label}': data from {all_.min():.2f} to {all_.max():.2f}")
    return faults


def references(axes, panel):
    """Heights in a panel, from 0 to 1, of the lines across all of it."""
    across = [line for line in axes.lines if line.get_transform() == axes.get_yaxis_transform()]
    heights = [axes.transData.transform((0, line.get_ydata()[0]))[1] for line in across]
    return (np.array(heights) - panel.y0) / panel.height


def unequal_axes(page):
    """Neighbouring panels with the same label and other limits."""
    faults = []
    panels = list(page.panels.values())
    columns = panels[0].get_subplotspec().get_gridspec().ncols if panels else 1
    for k, axes in enumerate(panels):
        for other in [*panels[k + 1 : k + 2] * (k % columns < columns - 1), *panels[k + columns : k + columns + 1]]:
            for which in "xy":
                label, its = (getattr(a, f"get_{which}label")().replace("\n", " ") for a in (axes, other))
                limits = [getattr(a, f"get_{which}lim")() for a in (axes, other)]
                if label == its and axes.get_box_aspect() is None and not np.allclose(*limits):
                    faults.append(f"{page.letter(axes)}, {page.letter(other)}: {which} '{label}'")
    return faults


def unexplained(page):
    """Lines, markers, bands that no legend of their panel, none below the page, no colour bar and no text explains."""
    faults = []
    below = [handle for legend in page.legends for handle in legend.legend_handles]
    for letter, axes in page.panels.items():
        bar = any(axes in (getattr(other, "_colorbar_info", None) or {}).get("parents", ()) for other in page.axes)
        own = axes.get_legend().legend_handles if axes.get_legend() else []
        handles = [*own, *below]
        for artist in [*axes.lines, *axes.collections]:
            drawn = len(artist.get_xdata()) if hasattr(artist, "get_xdata") else len(artist.get_paths())
            graded = axes.get_legend() and " windows, by" in axes.get_legend().get_title().get_text()
            if graded and look(artist)[0] in [np.round(style.WINDOWS(k)[:3], 2).tolist() for k in range(256)]:
                continue
            if drawn and axes.axison and not bar and not any(alike(artist, handle) for handle in handles):
                faults.append(f"{letter}: {artist.get_label()} {look(artist)}")
    return faults


def look(artist):
    """(colour, line style, marker) of an artist; None for what it does not have."""
    if hasattr(artist, "get_xdata"):
        style = artist.get_linestyle() if artist.get_linestyle() not in ("None", "", " ") else None
        marker = artist.get_marker() if artist.get_marker() not in ("None", "", None) else None
        if style and not isinstance(getattr(artist, "_dash_pattern", None), type(None)):
            style = str(artist._unscaled_dash_pattern)
        return np.round(to_rgb(artist.get_color()), 2).tolist(), style, marker
    colours = artist.get_facecolor() if hasattr(artist, "get_facecolor") else [artist.get_color()]
    if hasattr(artist, "get_edgecolor") and not len(colours):
        colours = artist.get_edgecolor()
    colours = np.atleast_2d(colours)
    return (np.round(to_rgb(colours[0]), 2).tolist() if len(colours) else None), None, None


def alike(artist, handle):
    """Whether a legend's handle has the artist's colour, or its line style or marker in a neutral colour."""
    (colour, style, marker), (its, its_style, its_marker) = look(artist), look(handle)
    neutral = its is not None and np.ptp(its) == 0
    if colour == its and (hasattr(handle, "get_xdata") or not neutral):
        return True
    between = its is None or neutral
    return between and ((style and style == its_style) or (marker and marker == its_marker) or not (style or marker))


def told_apart(looks):
    """Pairs of looks (colour, line style or marker) that are alike in shape and in grey or to a deuteranope."""
    faults = []
    for (a, first), (b, second) in itertools.combinations(looks.items(), 2):
        same = all(first.get(key) == second.get(key) for key in ("linestyle", "marker"))
        if same and (abs(grey(first) - grey(second)) < 0.15 or np.abs(seen(first) - seen(second)).max() < 0.2):
            faults.append(f"{a}, {b}")
    return faults


def grey(look):
    """Luminance of a colour, as a grey printer shows it."""
    return float(np.dot([0.299, 0.587, 0.114], to_rgb(look["color"])))


def seen(look):
    """A colour as a deuteranope sees it (Machado et al. 2009, in linear RGB)."""
    linear = np.array(to_rgb(look["color"])) ** 2.2
    return np.clip(DEUTERANOPIA @ linear, 0, 1) ** (1 / 2.2)
