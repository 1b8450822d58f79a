"""Where the claims about the toy walk hold: its exponents and tails against roughness of the surface and step size."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.landscapes import random_surfaces, surface_walks, walk_stages
from sgdwalk.landscapes.means_over_surfaces import mean_of, with_mean
from sgdwalk.storage.contracts import Contract, variable

# What is measured, and the range in which the paper's claim expects it.
EXPECTED = {"descent": (1.0, np.inf), "basin": (-np.inf, 1.0), "alpha": (-np.inf, 1.9)}
QUANTITIES = tuple(EXPECTED)
FITTED = 1000  # gradient components, at most, of walkers on one surface that a stable law is fitted to
DIMS = ("quantity", "hurst", "step_size")

CONTRACT = Contract(
    "toy_phases",
    {
        "replicate": variable("replicate", "1", "surface"),
        "quantity": variable("quantity", "1", "MSD exponent before and in the last minimum, stability parameter"),
        "hurst": variable("hurst", "1", "Hurst exponent H, displacements times 2^-H per level"),
        "step_size": variable("step_size", "1", "step size eta"),
        **mean_of("value", " ".join(DIMS), "value on diamond-square surfaces"),
        **mean_of("null", " ".join(DIMS), "value on paraboloids as high"),
        **mean_of("contrast", " ".join(DIMS), "difference of the two, pair by pair"),
        "expected_low": variable("quantity", "1", "lower end of the range that the claim expects"),
        "expected_high": variable("quantity", "1", "upper end of the range that the claim expects"),
        "height_sd": variable("hurst", "1", "standard deviation of the heights, mean over surfaces"),
    },
)


def compute(
    *,
    hurst: Sequence[float] = (0.55, 0.85, 1.0, 1.15, 1.3),
    step_sizes: Sequence[float] = (0.0025, 0.005, 0.01, 0.02, 0.04),
    surfaces: int = 20,
    walkers: int = 40,
    steps: int = 1000,
    noise: float = 0.01,
    levels: int = 9,
    roughness: float = 3.0,
    height_sd: float | None = None,
    basin_radius: float = 0.3,
    descent_lag: int = 20,
    basin_lag: int = 100,
    seed: int = 0,
) -> xr.Dataset:
    """Toy walks for every pair of a Hurst exponent and a step size, on diamond-square surfaces and on paraboloids.

    For each exponent `surfaces` diamond-square surfaces (levels, roughness, height_sd as in
    random_surfaces.landscape), and for each of these the paraboloid with heights of the same standard deviation; on
    each `walkers` walkers per step size from random starts, reflected at the walls. A surface gives three numbers: the
    MSD exponents of the stages 'descent' and 'basin' (walk_stages.measure) and the stability parameter of all gradient
    components. Values are means over surfaces with Student's 95 % intervals of the mean; contrasts are differences
    between each surface and its paraboloid, whose walkers have the same starts and noise.

    Returns the data set of CONTRACT.
    """
    hurst, step_sizes = sorted(hurst), sorted(step_sizes)
    of_walk = {"steps": steps, "walkers": walkers, "noise": noise}
    stages = {"basin_radius": basin_radius, "descent_lag": descent_lag, "basin_lag": basin_lag}
    found = np.full((2, surfaces, len(QUANTITIES), len(hurst), len(step_sizes)), np.nan)
    heights = np.zeros((surfaces, len(hurst)))
    for k, i in np.ndindex(heights.shape):
        rng = np.random.default_rng([seed, k, 0])
        rough = random_surfaces.landscape(
            "fractal", levels, rng, hurst=hurst[i], roughness=roughness, height_sd=height_sd
        )
        heights[k, i] = rough.std()
        for which, surface in enumerate((rough, random_surfaces.convex(rough))):
            rng = np.random.default_rng([seed, k, 1])
            found[which, k, :, i] = by_step_size(surface, step_sizes, rng, **of_walk, **stages)
    value, null = found
    return xr.Dataset(
        with_mean("value", DIMS, value)
        | with_mean("null", DIMS, null)
        | with_mean("contrast", DIMS, value - null)
        | {"height_sd": ("hurst", heights.mean(axis=0))}
        | {
            "expected_low": ("quantity", [low for low, _ in EXPECTED.values()]),
            "expected_high": ("quantity", [high for _, high in EXPECTED.values()]),
        },
        {
            "replicate": range(surfaces), "quantity": list(QUANTITIES), "hurst": hurst,
            "step_size": step_sizes,
        },
    )  # fmt: skip


def by_step_size(surface, step_sizes, rng, *, steps: int, walkers: int, noise: float, **stages) -> np.ndarray:
    """QUANTITIES on one surface [quantity, step_size]; stages: as in `quantities`."""
    rates = np.repeat(step_sizes, walkers)
    start = surface_walks.starts("random", surface, len(rates), rng)
    walked = surface_walks.walk(surface, start, steps, rates, noise, rng)
    parts = zip(*(np.split(each, len(step_sizes)) for each in walked), strict=True)
    return np.array([quantities(path, gradient, **stages) for path, gradient in parts]).T


def quantities(path, gradient, basin_radius: float, descent_lag: int, basin_lag: int) -> list[float]:
    """QUANTITIES of the walkers on one surface with one step size: paths and gradients [walker, step, axis]."""
    stages = walk_stages.measure(path, *walk_stages.entries(path, basin_radius), descent_lag, basin_lag)
    descent, basin = (stages.exponent[walk_stages.STAGES.index(name)] for name in ("descent", "basin"))
    pooled = gradient.ravel()
    # An odd stride, so that both axes are taken.
    return [descent, basin, stable.fit(pooled[:: -(-len(pooled) // FITTED) | 1]).alpha]
