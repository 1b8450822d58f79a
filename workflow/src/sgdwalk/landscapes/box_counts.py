"""Box counts of a surface and of its sections, and the dimensions read from them."""

import numpy as np


def box_counts(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sides of boxes [box], in grid steps, and how many boxes of that side the surface intersects.

    Heights are scaled so that their range equals the side of the square: another scale gives other counts and
    another slope. Sides s divide n - 1 and are at most a quarter of it; each column of boxes spans s + 1 points a
    side, the outer ones shared with its neighbours, and counts floor(max/s) - floor(min/s) + 1, on one grid of
    boxes that starts at the lowest point. Counts are NaN where heights are.
    """
    box, side = box_sides(len(heights)), len(heights) - 1
    stretched = side * (heights - heights.min()) / np.ptp(heights)
    return box, np.array([_boxes(stretched, s) for s in box], dtype=np.float64)


def box_sides(points: int) -> np.ndarray:
    """Sides of boxes, in grid steps: divisors of points - 1 up to a quarter of it."""
    side = points - 1
    return np.array([s for s in range(1, side // 4 + 1) if side % s == 0])


def _boxes(heights: np.ndarray, side: int) -> float:
    columns = np.lib.stride_tricks.sliding_window_view(heights, (side + 1, side + 1))[::side, ::side]
    top, bottom = columns.max(axis=(2, 3)), columns.min(axis=(2, 3))
    return (np.floor(top / side) - np.floor(bottom / side) + 1).sum()


def box_dimension(box: np.ndarray, count: np.ndarray) -> float:
    """D = minus the least-squares slope of log count against log side; NaN where fewer than two sides fit."""
    if len(box) < 2 or np.isnan(count).any():
        return np.nan
    return -np.polyfit(np.log(box), np.log(count), 1)[0]


def section_dimension(heights: np.ndarray) -> float:
    """Mean box-counting dimension of the curves in which planes along the axes cut a surface [x, y].

    Each curve is scaled as a surface is in box_counts, so that its range equals its length; flat ones are left out. A
    straight line has 1, and a section of a self-affine surface of dimension D ideally D - 1, of which few points
    show a part only. NaN where heights are, or where all sections are flat.
    """
    sections = np.concatenate([heights, heights.T])
    sections = sections[np.ptp(sections, axis=1) != 0]
    if not len(sections) or np.isnan(sections).any():
        return np.nan
    lowest, side = sections.min(axis=1, keepdims=True), len(heights) - 1
    stretched = side * (sections - lowest) / np.ptp(sections, axis=1)[:, None]
    box = box_sides(len(heights))
    count = np.array([_section_boxes(stretched, s) for s in box])
    return -np.polyfit(np.log(box), np.log(count), 1)[0].mean() if len(box) > 1 else np.nan


def _section_boxes(sections: np.ndarray, side: int) -> np.ndarray:
    """Number of boxes [section] of this side that each curve [section, point] intersects."""
    columns = np.lib.stride_tricks.sliding_window_view(sections, side + 1, axis=1)[:, ::side]
    return (np.floor(columns.max(axis=2) / side) - np.floor(columns.min(axis=2) / side) + 1).sum(axis=1)
