"""The toy walk of Chen et al. (Eq. 10, Fig. 8): noisy descent on many surfaces of one kind, measured over surfaces."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.heavy_tails.stable.gaussian_edge import gaussian
from sgdwalk.landscapes import random_surfaces, surface_walks, walk_stages
from sgdwalk.landscapes.means_over_surfaces import finite_mean, mean_of, with_mean, with_share
from sgdwalk.landscapes.surface_files import read_heights
from sgdwalk.storage.contracts import Contract, variable

CHOSEN = 5  # walkers of which the published figure shows one
TESTED = 2  # walkers of a surface whose gradients are tested one by one
FITTED = 10_000  # gradient components of a surface, at most, that a stable law is fitted to
PUBLISHED_RATIO = 39.37  # log-likelihood of the stable law minus that of the Gaussian (Chen et al., text)
REACH, BINS = 8.0, 101  # of the histogram of gradient components, in standard deviations
MSD = "mean squared displacement"


CONTRACT = Contract(
    "toy",
    {
        "x": variable("x", "1", "position along the first axis"),
        "y": variable("y", "1", "position along the second axis"),
        "surface": variable("x y", "1", "loss surface"),
        "walker": variable("walker", "1", "walker"),
        "step": variable("step", "step", "step"),
        "axis": variable("axis", "1", "axis of the plane"),
        "position": variable("walker step axis", "1", "position on the first surface"),
        "gradient": variable("walker step axis", "1", "gradient of the loss at the position"),
        "loss": variable("walker step", "1", "loss at the position"),
        "entry": variable("walker", "step", "first step in the last minimum (number of steps: never)"),
        "replicate": variable("replicate", "1", "surface"),
        "start": variable("start", "1", "first positions: random, in the top tenth of heights, given"),
        "stage": variable("stage", "1", "part of the walk: see docs/definitions.md"),
        "lag": variable("lag", "step", "lag"),
        "msd": variable("start stage lag", "1", MSD),
        "walkers_used": variable("start stage", "1", "share of walkers with the longest lag in the stage"),
        "first_lag": variable("stage", "step", "shortest lag of the fit"),
        "last_lag": variable("stage", "step", "longest lag of the fit"),
        **mean_of("exponent", "start stage", f"exponent of the {MSD}"),
        **mean_of("chosen", "", f"largest exponent of {CHOSEN} single walkers before the last minimum"),
        **mean_of("alpha", "", "stability parameter of the gradients"),
        "status": variable("", "1", "ok, or why there is no stable law on the first surface"),
        **mean_of("kurtosis", "", "kurtosis of the gradients (Gaussian: 3)"),
        "tested": variable("tested", "1", "walker whose gradients are tested"),
        "likelihood_ratio": variable(
            "replicate tested axis", "1", "log-likelihood of a stable law minus that of a Gaussian, one component"
        ),
        **mean_of("ratio_share", "", f"share of single walkers and axes whose ratio reaches {PUBLISHED_RATIO}"),
        "gradient_bin": variable("gradient_bin", "1", "gradient component in standard deviations of its surface"),
        "gradient_density": variable("gradient_bin", "1", "probability density of a gradient component"),
    },
    version=3,
)


def compute(
    *,
    landscape: str,
    surfaces: int = 20,
    walkers: int = 100,
    steps: int = 1000,
    step_size: float = 0.02,
    noise: float = 0.01,
    levels: int = 10,
    roughness: float = 3.0,
    hurst: float = 1.0,
    hurst_end: float = 0.3,
    borders: str = "free",
    height_sd: float | None = None,
    smoothing: float = 8.0,
    power: float = 1.0,
    surface_file: str | None = None,
    walls: str = "reflect",
    difference_width: float | None = None,
    start_positions: Sequence[Sequence[float]] = (),
    basin_radius: float = 0.3,
    descent_lag: int = 20,
    basin_lag: int = 100,
    seed: int = 0,
) -> xr.Dataset:
    """Independent walkers that descend `surfaces` surfaces of one kind, measured in the stages of their walk.

    landscape, levels, roughness, hurst, hurst_end, borders, height_sd, smoothing, power: the surfaces
    (random_surfaces.landscape), surface_file those of 'given'. steps, step_size, noise, walls, difference_width: the
    walk (surface_walks.walk). On each surface `walkers` start at random, as many in the top tenth of heights, and as
    many at start_positions if there are any. basin_radius, descent_lag, basin_lag: the stages (walk_stages).

    Each surface gives one number, and a value is the mean over surfaces with Student's 95 % interval of that mean: the
    surfaces of other seeds are what would change it. Surface k, its starts and its noise have the same seeds for
    every landscape, so that differences between landscapes are paired. alpha, kurtosis, densities and likelihood
    ratios are of the gradients of walkers with random starts, both axes.

    basin_radius: about twice the largest excursion of a typical walker in its last tenth on the fractal surface;
    with it the exponents of walkers on a flat surface are 0.97 to 1.0 in all stages, so that the choice of stages
    creates no anomalous exponent.

    Returns the data set of CONTRACT. ValueError for an unknown landscape and a file without heights. Source: Chen, Qu &
    Gong 2022, Eq. 10.
    """
    kinds = ["random", "high", *["given"] * bool(start_positions)]
    of_surface = {"roughness": roughness, "hurst": hurst, "hurst_end": hurst_end, "borders": borders}
    of_surface |= {"height_sd": height_sd, "smoothing": smoothing, "power": power}
    of_surface["given"] = read_heights(surface_file) if landscape == "given" else None
    measured = []
    for k in range(surfaces):
        streams = [np.random.default_rng([seed, k, purpose]) for purpose in range(3)]
        surface = random_surfaces.landscape(landscape, levels, streams[0], **of_surface)
        start = np.concatenate([surface_walks.starts(s, surface, walkers, streams[1], start_positions) for s in kinds])
        path, gradient = surface_walks.walk(
            surface, start, steps, step_size, noise, streams[2], walls=walls, difference_width=difference_width
        )
        parts = np.split(path, len(kinds))
        found = [walk_stages.measure(p, *walk_stages.entries(p, basin_radius), descent_lag, basin_lag) for p in parts]
        measured.append(_of_surface(found) | _gradients(gradient[:walkers]))
        if k == 0:
            shown = _shown(surface, parts[0], gradient[:walkers], basin_radius, walls)
    return xr.merge([shown, _over_surfaces(measured, found[0], kinds, min(TESTED, walkers))])


def _shown(surface, path, gradient, basin_radius, walls) -> xr.Dataset:
    """The first surface and the walks with random starts on it, in the square."""
    position = surface_walks.wrap(path) if walls == "periodic" else path
    side = np.linspace(-1, 1, len(surface))
    return xr.Dataset(
        {
            "surface": (("x", "y"), surface.astype(np.float32)),
            "position": (("walker", "step", "axis"), position),
            "gradient": (("walker", "step", "axis"), gradient),
            "loss": (("walker", "step"), surface_walks.interpolate(surface, position)),
            "entry": ("walker", walk_stages.entries(path, basin_radius)[1]),
        },
        {
            "x": side, "y": side, "walker": range(len(path)), "step": range(path.shape[1]), "axis": ["x", "y"],
        },
    )  # fmt: skip


def _of_surface(found: list[walk_stages.StageMsd]) -> dict:
    """Numbers of one surface: by kind of start, and of the first CHOSEN walkers with random starts."""
    single = found[0].single[:CHOSEN]
    return {
        "msd": [of_start.msd for of_start in found],
        "exponent": [of_start.exponent for of_start in found],
        "walkers_used": [of_start.walkers_used / len(of_start.single) for of_start in found],
        "chosen": single[np.isfinite(single)].max(initial=-np.inf) if np.isfinite(single).any() else np.nan,
    }


def _gradients(gradient: np.ndarray) -> dict:
    """Stable law, kurtosis and histogram of the gradients [walker, step, axis] of one surface; tests of few walkers."""
    pooled = gradient.ravel()
    law = stable.fit(pooled[:: -(-len(pooled) // FITTED) | 1])  # an odd stride takes both axes
    ratio = np.array([[likelihood_ratio(component) for component in walk.T] for walk in gradient[:TESTED]])
    known = ratio[np.isfinite(ratio)]
    deviation, spread = pooled - pooled.mean(), pooled.std()
    z = deviation / spread if spread > 0 else np.full(len(pooled), np.nan)
    return {
        "alpha": law.alpha,
        "status": law.status,
        "kurtosis": (z**4).mean(),
        "likelihood_ratio": ratio,
        "ratio_share": (known >= PUBLISHED_RATIO).mean() if known.size else np.nan,
        "gradient_density": np.histogram(z, BINS, (-REACH, REACH))[0] / (len(z) * 2 * REACH / BINS),
    }


def likelihood_ratio(x: np.ndarray) -> float:
    """Log-likelihood of the symmetric stable law of x [n] minus that of the Gaussian; NaN for equal values."""
    return stable.fit(x).log_likelihood - gaussian(x) if x.std() > 0 else np.nan


def _over_surfaces(measured: list[dict], stages: walk_stages.StageMsd, kinds, tested: int) -> xr.Dataset:
    """Means over surfaces with intervals, from the numbers of each surface."""
    each = {name: np.array([one[name] for one in measured]) for name in measured[0]}
    dims = {"exponent": ("start", "stage")}
    means = ("exponent", "chosen", "alpha", "kurtosis")
    found = {key: value for name in means for key, value in with_mean(name, dims.get(name, ()), each[name]).items()}
    found |= with_share("ratio_share", (), each["ratio_share"])
    bins = np.linspace(-REACH, REACH, BINS + 1)
    return xr.Dataset(
        found
        | {
            "msd": (("start", "stage", "lag"), finite_mean(each["msd"])[0]),
            "walkers_used": (("start", "stage"), each["walkers_used"].mean(axis=0)),
            "first_lag": ("stage", stages.first_lag),
            "last_lag": ("stage", stages.last_lag),
            "status": str(each["status"][0]),
            "likelihood_ratio": (("replicate", "tested", "axis"), each["likelihood_ratio"]),
            "gradient_density": ("gradient_bin", finite_mean(each["gradient_density"])[0]),
        },
        {
            "replicate": range(len(measured)), "start": kinds, "stage": list(walk_stages.STAGES), "lag": stages.lag,
            "tested": range(tested), "gradient_bin": (bins[:-1] + bins[1:]) / 2,
        },
    )  # fmt: skip
