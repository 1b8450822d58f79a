"""Simulated heights on a square grid: the landscapes of the toy walk, surfaces of known Hurst exponent.

Heights are [x, y] on a square of evenly spaced points; the toy walk puts them on [-1, 1]^2.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft, ndimage

LANDSCAPES = ("fractal", "random", "convex", "cone", "flat", "brownian", "varying", "given")
BORDERS = ("free", "zero")


def landscape(
    name: str,
    levels: int,
    rng: np.random.Generator,
    *,
    roughness: float = 3.0,
    hurst: float = 1.0,
    hurst_end: float = 0.3,
    borders: str = "free",
    height_sd: float | None = None,
    smoothing: float = 8.0,
    power: float = 1.0,
    given: ArrayLike | None = None,
) -> np.ndarray:
    """Heights of one of LANDSCAPES on 2^levels + 1 points a side.

    'fractal': diamond_square of roughness, hurst and borders. 'random' is made from it (see random), 'convex'
    (paraboloid), 'cone' and 'brownian' (fractional_brownian_surface, hurst < 1) have the standard deviation of its
    heights, so that all are comparable for one seed. 'varying': diamond_square whose Hurst exponent goes linearly from
    hurst at x = -1 to hurst_end at x = 1. 'flat': 0. 'given': the heights `given` [n, n]. height_sd: the standard
    deviation to which the heights of 'fractal', 'varying' and 'given' are scaled; None leaves them. ValueError for
    another name and for values that are not allowed.

    >>> landscape("convex", 5, np.random.default_rng(0), height_sd=0.5).std().round(6)
    np.float64(0.5)
    """
    if name not in LANDSCAPES:
        raise ValueError(f"unknown landscape '{name}': one of {', '.join(LANDSCAPES)}")
    side = 2**levels + 1
    if name == "flat":
        return np.zeros((side, side))
    if name == "given":
        return scaled(checked_heights(given), height_sd)
    exponent = np.linspace(hurst, hurst_end, side)[:, None] if name == "varying" else hurst
    heights = scaled(diamond_square(levels, roughness, rng, hurst=exponent, borders=borders), height_sd)
    if name == "random":
        return random(heights, smoothing, rng, power)
    if name == "brownian":
        return scaled(fractional_brownian_surface(side, hurst, rng), heights.std())
    return {"convex": convex, "cone": cone}.get(name, np.asarray)(heights)


def scaled(heights: np.ndarray, sd: float | None) -> np.ndarray:
    """The heights times a factor that gives them the standard deviation sd; unchanged for None or equal heights."""
    spread = heights.std()
    return heights if sd is None or spread == 0 else heights * (sd / spread)


def checked_heights(heights: ArrayLike | None) -> np.ndarray:
    """Heights [n, n] in float64; ValueError unless they are a square of at least 5 x 5 finite numbers."""
    found = np.asarray(heights, float)
    if found.ndim != 2 or found.shape[0] != found.shape[1] or len(found) < 5 or not np.isfinite(found).all():
        raise ValueError(f"surface of shape {found.shape}: must be n x n finite heights, n >= 5")
    return found


def diamond_square(
    levels: int, roughness: float, rng: np.random.Generator, *, hurst: ArrayLike = 1.0, borders: str = "free"
) -> np.ndarray:
    """Fractal heights by midpoint displacement: [2^levels + 1, 2^levels + 1], corners 0.

    Level l = 0, 1, ... fills the centres of the squares with side 2^(levels - l), then the middles of
    their edges, each with the mean of its neighbours plus a displacement uniform on
    [-roughness/2, roughness/2] 2^(-l hurst). The width, not the half-width, is `roughness`: so in the code
    released with Chen et al. (Neural Networks 149, 2022), where the paper is silent; there hurst is 1, at which
    slopes are of one size at every level: the limit at which the surface has dimension 2 with a logarithmic
    correction. Larger values give smoother surfaces, hurst < 1 a surface whose variogram grows as distance^(2 hurst).

    hurst: a number, or values that broadcast to [x, y], one for each point. borders: 'free', where the middle of an
    edge on the border has three neighbours (as in the released code), or 'zero', where the border is 0 and opposite
    borders meet. ValueError for levels below 1 and other borders.

    >>> diamond_square(3, 3.0, np.random.default_rng(0)).shape
    (9, 9)
    """
    if levels < 1:
        raise ValueError(f"levels must be at least 1, got {levels}")
    if borders not in BORDERS:
        raise ValueError(f"borders = '{borders}': must be one of {', '.join(BORDERS)}")
    heights = np.zeros((2**levels + 1, 2**levels + 1))
    exponent = np.broadcast_to(np.asarray(hurst, float), heights.shape)
    for level in range(levels):
        side, width = 2 ** (levels - level), roughness * 2.0 ** (-level * exponent)
        _fill_centres(heights, side, width, rng)
        for turned in (np.asarray, np.transpose):
            _fill_edges(turned(heights), side, turned(width), rng)
            if borders == "free":
                _fill_borders(turned(heights), side, turned(width), rng)
    return heights


def _fill_centres(heights, side, width, rng) -> None:
    corners, centres = heights[::side, ::side], np.s_[side // 2 :: side, side // 2 :: side]
    mean = (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4
    heights[centres] = mean + width[centres] * (rng.random(mean.shape) - 0.5)


def _fill_edges(heights, side, width, rng) -> None:
    """Midpoints of the inner edges along the first axis."""
    corners, middles = heights[::side, side:-1:side], np.s_[side // 2 :: side, side:-1:side]
    centres = heights[side // 2 :: side, side // 2 :: side]
    mean = (corners[:-1] + corners[1:] + centres[:, :-1] + centres[:, 1:]) / 4
    heights[middles] = mean + width[middles] * (rng.random(mean.shape) - 0.5)


def _fill_borders(heights, side, width, rng) -> None:
    """Midpoints of the edges along the first axis on both borders, from the two corners and the centre beside them."""
    corners, middles = heights[::side, :: len(heights) - 1], np.s_[side // 2 :: side, :: len(heights) - 1]
    centres = heights[side // 2 :: side, side // 2 :: side][:, [0, -1]]
    mean = (corners[:-1] + corners[1:] + centres) / 3
    heights[middles] = mean + width[middles] * (rng.random(mean.shape) - 0.5)


def random(heights: np.ndarray, smoothing: float, rng: np.random.Generator, power: float = 1.0) -> np.ndarray:
    """The same heights in random order, smoothed by a Gaussian of `smoothing` grid points, h -> sign(h) |h|^power.

    The smoothing reduces their spread to about 1 / (2 sqrt(pi) smoothing) of it, which is not scaled up again.
    Scaled to the spread of `heights`, the curvature would exceed 2 / step_size in nearly every minimum, and a
    walker would be thrown about instead of trapped. A power of 0.7 is in the released code, which takes it of
    negative heights too.
    """
    smooth = ndimage.gaussian_filter(rng.permutation(heights.ravel()).reshape(heights.shape), smoothing)
    return smooth if power == 1 else np.sign(smooth) * np.abs(smooth) ** power


def convex(heights: np.ndarray) -> np.ndarray:
    """Paraboloid k (x^2 + y^2) / 2 on [-1, 1]^2, k such that its heights have the spread of `heights`."""
    return scaled(_squared_radius(len(heights)) / 2, heights.std())


def cone(heights: np.ndarray) -> np.ndarray:
    """Cone k sqrt(x^2 + y^2) on [-1, 1]^2, k such that its heights have the spread of `heights`."""
    return scaled(np.sqrt(_squared_radius(len(heights))), heights.std())


def _squared_radius(side: int) -> np.ndarray:
    x = np.linspace(-1, 1, side)
    return x[:, None] ** 2 + x**2


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
