"""Simulated heights on a square grid: the three landscapes of the toy walk, surfaces of known dimension.

Heights are [x, y] on a square of evenly spaced points; the toy walk puts them on [-1, 1]^2.
"""

from functools import lru_cache

import numpy as np
from scipy import fft, ndimage

LANDSCAPES = ("fractal", "random", "convex")


def landscape(name: str, levels: int, roughness: float, smoothing: float, rng: np.random.Generator) -> np.ndarray:
    """Heights of one of LANDSCAPES on 2^levels + 1 points a side.

    'fractal' is the diamond-square surface itself; 'random' and 'convex' are made from it, so that the three are
    comparable. roughness: see diamond_square. smoothing: see random. ValueError for another name.

    >>> landscape("convex", 5, 3.0, 8.0, np.random.default_rng(0)).shape
    (33, 33)
    """
    if name not in LANDSCAPES:
        raise ValueError(f"unknown landscape '{name}': one of {', '.join(LANDSCAPES)}")
    heights = diamond_square(levels, roughness, rng)
    if name == "random":
        return random(heights, smoothing, rng)
    return convex(heights) if name == "convex" else heights


def diamond_square(levels: int, roughness: float, rng: np.random.Generator) -> np.ndarray:
    """Fractal heights by midpoint displacement: [2^levels + 1, 2^levels + 1], borders 0.

    Level l = 0, 1, ... fills the centres of the squares with side 2^(levels - l), then the middles of
    their edges, each with the mean of its four neighbours plus a displacement uniform on
    [-roughness/2, roughness/2] / 2^l. The width, not the half-width, is `roughness`: so in the code
    released with Chen et al. (Neural Networks 149, 2022), where the paper is silent.

    The displacement halves as the grid step halves, so slopes are of one size at every level: Hurst exponent 1, the
    limit at which the surface has dimension 2 with a logarithmic correction. ValueError for levels below 1.

    >>> diamond_square(3, 3.0, np.random.default_rng(0)).shape
    (9, 9)
    """
    if levels < 1:
        raise ValueError(f"levels must be at least 1, got {levels}")
    heights = np.zeros((2**levels + 1, 2**levels + 1))
    for level in range(levels):
        side, width = 2 ** (levels - level), roughness / 2**level
        _fill_centres(heights, side, width, rng)
        for view in (heights, heights.T):
            _fill_edges(view, side, width, rng)
    return heights


def _fill_centres(heights, side, width, rng) -> None:
    corners = heights[::side, ::side]
    mean = (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4
    heights[side // 2 :: side, side // 2 :: side] = mean + width * (rng.random(mean.shape) - 0.5)


def _fill_edges(heights, side, width, rng) -> None:
    """Midpoints of the inner edges along the first axis."""
    corners = heights[::side, side:-1:side]
    centres = heights[side // 2 :: side, side // 2 :: side]
    mean = (corners[:-1] + corners[1:] + centres[:, :-1] + centres[:, 1:]) / 4
    heights[side // 2 :: side, side:-1:side] = mean + width * (rng.random(mean.shape) - 0.5)


def random(heights: np.ndarray, smoothing: float, rng: np.random.Generator) -> np.ndarray:
    """The same heights in random order, smoothed by a Gaussian of `smoothing` grid points.

    The smoothing reduces their spread to about 1 / (2 sqrt(pi) smoothing) of it, which is not scaled up again.
    Scaled to the spread of `heights`, the curvature would exceed 2 / step_size in nearly every minimum, and a
    walker would be thrown about instead of trapped.
    """
    return ndimage.gaussian_filter(rng.permutation(heights.ravel()).reshape(heights.shape), smoothing)


def convex(heights: np.ndarray) -> np.ndarray:
    """Paraboloid k (x^2 + y^2) / 2 on [-1, 1]^2, k such that its heights have the spread of `heights`."""
    x = np.linspace(-1, 1, len(heights))
    bowl = (x[:, None] ** 2 + x**2) / 2
    return bowl * (heights.std() / bowl.std())


def fractional_brownian_surface(n: int, H: float, rng: np.random.Generator) -> np.ndarray:
    """Fractional Brownian surface [n, n] of Hurst exponent 0 < H < 1: dimension D = 3 - H.

    Gaussian, isotropic, E (z_i - z_j)^2 = |i - j|^(2H) with distances in grid steps, z[0, 0] = 0. Its distribution is
    exact up to rounding: circulant embedding of a compactly supported covariance, plus a random plane. ValueError for
    another H. Source: M. L. Stein 2002, J. Comput. Graph. Stat. 11, 587.

    >>> surfaces = [fractional_brownian_surface(9, 0.3, np.random.default_rng(seed)) for seed in range(2000)]
    >>> print(f"{np.mean([z[4, 4] ** 2 for z in surfaces]) / 32**0.3:.1f}")  # 4 sqrt(2) grid steps away
    1.0
    """
    if not 0 < H < 1:
        raise ValueError(f"H must lie between 0 and 1, got {H}")
    amplitude, plane, step = _spectrum(n, H)
    noise = rng.standard_normal((2, *amplitude.shape))
    field = fft.fft2(amplitude * (noise[0] + 1j * noise[1])).real[:n, :n]
    slope = np.sqrt(2 * plane) * step * rng.standard_normal(2)
    surface = field + slope[0] * np.arange(n)[:, None] + slope[1] * np.arange(n)
    return (surface - surface[0, 0]) / (np.sqrt(2) * step**H)


@lru_cache(maxsize=1)  # callers simulate many surfaces of one kind
def _spectrum(n: int, H: float) -> tuple[np.ndarray, float, float]:
    """(amplitudes on a torus on which n points a side are within distance 1, c2, the grid step there)."""
    radius = 1.0 if H <= 0.75 else 2.0
    period = fft.next_fast_len(int(np.ceil(2 * np.sqrt(2) * radius * (n - 1))))
    step = 2 * radius / period
    distance = step * np.minimum(np.arange(period), period - np.arange(period))
    covariance, plane = _stein_covariance(np.hypot(distance[:, None], distance), 2 * H, radius)
    return np.sqrt(fft.fft2(covariance).real.clip(min=0)) / period, plane, step


def _stein_covariance(r, exponent, radius) -> tuple[np.ndarray, float]:
    """(covariance c0 - r^exponent + c2 r^2 up to r = 1, continued smoothly to 0 at `radius`; c2)."""
    tail = exponent * (2 - exponent) / (3 * radius * (radius**2 - 1)) if radius > 1 else 0.0
    c2 = (exponent - tail * (radius - 1) ** 2 * (radius + 2)) / 2
    c0 = tail * (radius - 1) ** 3 + 1 - c2
    outer = tail * np.maximum(radius - r, 0) ** 3 / np.maximum(r, 1)
    return np.where(r <= 1, c0 - r**exponent + c2 * r**2, outer), c2
