"""Dimension of fractional Brownian surfaces, by variogram and by sections."""

import functools

import numpy as np
from sgdwalk.analyses import dimension
from sgdwalk.landscapes.random_surfaces import fractional_brownian_surface

from intervals import seeds

POINTS, REALISATIONS = 25, 100
TITLE = "Dimension of a loss surface (`dimension.nc`)"
NOTE = (
    f"Fractional Brownian surfaces on {POINTS} x {POINTS} points; {REALISATIONS} simulated surfaces of each dimension"
    " behind the intervals. The truth of the sections is their mean reading, not their dimension."
)
KINDS = tuple(f"D = {D}" for D in (2.05, 2.2, 2.5, 2.8, 2.95))
FAST = ("D = 2.2", "D = 2.8")
SHARE = 1
SHARED = 50  # surfaces that are judged by the same simulated ones, which take long


@functools.lru_cache(maxsize=2)
def readings(group: int) -> tuple[np.ndarray, np.ndarray]:
    """The simulated surfaces behind the intervals."""
    return dimension.simulated(POINTS, REALISATIONS, np.random.default_rng([group, 99]))


def one(kind: str, seed: int) -> dict[str, tuple]:
    """Both readings of one surface."""
    surface = drawn(kind, seeds.generator(kind, seed))
    by_variogram, by_sections = readings(seed // SHARED)
    read = dimension.variogram_dimension(*dimension.variogram(surface))
    section = dimension.section_dimension(surface)
    return {
        "variogram": (read, *dimension.interval(read, by_variogram), np.nan),
        "sections": (section, *dimension.reading_interval(section, by_sections), np.nan),
    }


def drawn(kind: str, rng) -> np.ndarray:
    """A surface of this dimension."""
    return fractional_brownian_surface(POINTS, 3 - float(kind.split()[2]), rng)


@functools.cache
def truths(kind: str) -> dict[str, float]:
    """The dimension, and the mean reading of sections of 1,000 other surfaces."""
    rng = np.random.default_rng(3)
    mean = np.mean([dimension.section_dimension(drawn(kind, rng)) for _ in range(1000)])
    return {"variogram": float(kind.split()[2]), "sections": float(mean)}
