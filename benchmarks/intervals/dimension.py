"""Dimension of fractional Brownian surfaces, by variogram, at distance 0 and by sections."""

import functools

import numpy as np
from sgdwalk.landscapes.box_counts import section_dimension
from sgdwalk.landscapes.random_surfaces import fractional_brownian_surface
from sgdwalk.landscapes.self_affine_intervals import interval, reading_interval, simulated
from sgdwalk.landscapes.variogram import readings

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
def read_from(group: int) -> dict[str, np.ndarray]:
    """Readings of the simulated surfaces behind the intervals."""
    return simulated(POINTS, REALISATIONS, np.random.default_rng([group, 99]))


def one(kind: str, seed: int) -> dict[str, tuple]:
    """The three readings of one surface."""
    surface = drawn(kind, seeds.generator(kind, seed))
    read, (over_all, limit), section = read_from(seed // SHARED), readings(surface), section_dimension(surface)
    return {
        "variogram": (over_all, *interval(over_all, read["dimension"]), np.nan),
        "at distance 0": (limit, *interval(limit, read["extrapolated_dimension"]), np.nan),
        "sections": (section, *reading_interval(section, read["section_dimension"]), np.nan),
    }


def drawn(kind: str, rng) -> np.ndarray:
    """A surface of this dimension."""
    return fractional_brownian_surface(POINTS, 3 - float(kind.split()[2]), rng)


@functools.cache
def truths(kind: str) -> dict[str, float]:
    """The dimension, and the mean reading of sections of 1,000 other surfaces."""
    rng = np.random.default_rng(3)
    mean = np.mean([section_dimension(drawn(kind, rng)) for _ in range(1000)])
    true = float(kind.split()[2])
    return {"variogram": true, "at distance 0": true, "sections": float(mean)}
