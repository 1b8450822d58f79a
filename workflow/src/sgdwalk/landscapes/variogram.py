"""Variogram of a surface and the dimensions read from it, over all distances, octave by octave, and in the limit."""

import numpy as np

LEAST = 4  # grid steps that a variogram reaches on the smallest planes: two octaves


def variogram(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances [scale], in grid steps up to n // 5 and at least up to LEAST, and mean squared height differences.

    heights: [x, y], n points a side. Along both axes at 1, 2, ..., and along both diagonals at sqrt(2), 2 sqrt(2), ...
    """
    longest = max(LEAST, len(heights) // 5)
    found = {}
    for k in range(1, longest + 1):
        found[float(k)] = mean_square(heights[k:] - heights[:-k], heights[:, k:] - heights[:, :-k])
        if k * np.sqrt(2) <= longest:
            down, up = heights[k:, k:] - heights[:-k, :-k], heights[:-k, k:] - heights[k:, :-k]
            found[k * np.sqrt(2)] = mean_square(down, up)
    scale = np.array(sorted(found))
    return scale, np.array([found[s] for s in scale])


def mean_square(first: np.ndarray, second: np.ndarray) -> float:
    """Mean of the mean squares of two arrays, each weighing the same."""
    return ((first**2).mean() + (second**2).mean()) / 2


def variogram_dimension(scale: np.ndarray, squares: np.ndarray) -> float:
    """D = 3 - half the least-squares slope of log variogram against log distance.

    NaN if a value is, or where the surface is flat at one of these distances.
    """
    if not (squares > 0).all():
        return np.nan
    return 3 - np.polyfit(np.log(scale), np.log(squares), 1)[0] / 2


def octaves(scale: np.ndarray) -> np.ndarray:
    """Shortest distances s = 1, 2, 4, ... [octave] of the octaves s to 2 s that the distances [scale] reach over."""
    return 2 ** np.arange(int(np.log2(scale[-1])))


def octave_dimension(scale: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """variogram_dimension [octave] over the distances s to 2 s, s = 1, 2, 4, ...

    That of s = 2 is what the grid of every second point gives over its own distances 1 to 2, from all four such grids
    together; and so on: a dimension on nested grids. It does not depend on s for a self-affine surface. For a smooth
    one it falls to 2 as the distance does.
    """
    parts = [(scale >= s) & (scale <= 2 * s) for s in octaves(scale)]
    return np.array([variogram_dimension(scale[part], squares[part]) for part in parts])


def extrapolated_dimension(by_octave: np.ndarray) -> float:
    """2 D(1) - D(2): the dimension [octave] of the two finest octaves, continued in a line to distance 0.

    A surface with kinks, as networks with rectifiers have, differs from 2 by a term proportional to the distance, which
    this cancels; a smooth surface by one proportional to its square, for which the result lies below 2 by half of what
    D(1) lies above it. Both therefore read 2 or less once the grid resolves them; a self-affine surface reads its D.
    """
    return 2 * by_octave[0] - by_octave[1]


def readings(heights: np.ndarray) -> tuple[float, float]:
    """(variogram_dimension over all distances, extrapolated_dimension) of a surface [x, y]."""
    scale, squares = variogram(heights)
    return variogram_dimension(scale, squares), extrapolated_dimension(octave_dimension(scale, squares))
