"""Mean squared displacement of the whole run, at lags longer than any window, from the sketch of the walk."""

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import Contract, variable
from sgdwalk.trajectory import distance_geometry, mean_squared_displacement, scaling_fits
from sgdwalk.trajectory.windows import spacing

SAMPLE = 512  # random increments that an effective dimension is taken from
CONTRACT = Contract(
    "long_msd",
    {
        "lag": variable("lag", "step", "lag"),
        "msd": variable("lag", "1", "time-averaged MSD of the whole run, from the sketch"),
        "msd_low": variable("lag", "1", "lower end of the sketch's 95 % band"),
        "msd_high": variable("lag", "1", "upper end of the sketch's 95 % band"),
        "relative_error": variable("lag", "1", "relative standard error of the MSD due to the sketch"),
        "sketch_dimension": variable("lag", "1", "effective dimension of the sketched increments"),
        "independent_pairs": variable("lag", "1", "independent displacements in the MSD, all dimensions of the sketch"),
        "local_exponent": variable("lag", "1", "running exponent of the MSD, one octave wide"),
    },
)


def compute(sketch: xr.Dataset, *, per_decade: int = 15, seed: int = 0) -> xr.Dataset:
    """MSD(lag) = mean over t of |p_{t+lag} - p_t|^2 at logarithmic lags from 1 to the whole run.

    sketch: projection [step, component] and relative_error e, the largest relative standard error of one
    projected squared distance. An average of squared distances in many directions has a smaller error: the
    projection of a second moment C adds a relative variance e^2 / D, with D = (tr C)^2 / tr C^2 of the
    increments. D is estimated in the sketch, where 1 / D is larger by e^2 / 2, so that the band is never too
    narrow on that account; with m components e^2 is about 2 / m, and the error at most sqrt(2 / m). The band does
    not include how another walk would differ; independent_pairs counts what a lag is based on.

    per_decade: lags per decade. seed: of the random increments that D is estimated from. Returns the data set of
    CONTRACT. A run that diverged is measured up to the divergence; with fewer than two steps before it there is no
    lag. ValueError where no sketch was recorded.
    """
    if not sketch.sizes["component"]:
        raise ValueError("sketch = 0: the run must record a sketch for its MSD beyond windows")
    points = finite_part(sketch.projection.values)
    lags = scaling_fits.log_lags(len(points) - 1, per_decade) if len(points) > 2 else np.arange(1, len(points))
    rng = np.random.default_rng(seed)
    curve = mean_squared_displacement.from_positions(points, lags)
    dimension = np.array([second_moment_dimension(points, lag, rng) for lag in lags])
    error = float(sketch.relative_error) / np.sqrt(dimension)
    steps = dimension[0] if len(lags) else np.nan
    usable = len(lags) > 1 and (curve > 0).all()
    columns = {
        "msd": curve,
        "msd_low": curve * np.maximum(1 - 1.96 * error, 0),
        "msd_high": curve * (1 + 1.96 * error),
        "relative_error": error,
        "sketch_dimension": dimension,
        "independent_pairs": steps * (len(points) - lags) / lags,
        "local_exponent": distance_geometry.local_exponent(lags, curve) if usable else np.full(len(lags), np.nan),
    }
    return xr.Dataset({name: ("lag", values) for name, values in columns.items()}, {"lag": lags * spacing(sketch)})


def finite_part(points: np.ndarray) -> np.ndarray:
    """The steps before the first that is not finite."""
    diverged = ~np.isfinite(points).all(axis=1)
    return points[: diverged.argmax()] if diverged.any() else points


def second_moment_dimension(points: np.ndarray, lag: int, rng) -> float:
    """(tr C)^2 / tr C^2 of the second moment C = mean of x x' over all n increments x of `lag` steps; at least 1.

    points [step, component]. tr C^2 is the mean of (x_s . x_t)^2 over all n^2 pairs, of which n have s = t; the
    mean over the others is estimated from 512 random increments.
    """
    count = len(points) - lag
    picked = rng.choice(count, min(count, SAMPLE), replace=False)
    moved = np.subtract(points[picked + lag], points[picked], dtype=float)
    squares = (moved @ moved.T) ** 2
    same = np.diagonal(squares).mean()
    pairs = len(moved) * (len(moved) - 1)
    other = (squares.sum() - np.diagonal(squares).sum()) / pairs if pairs else same
    trace = (moved**2).sum(1).mean()
    second = same / count + other * (1 - 1 / count)
    return float(np.clip(trace**2 / second, 1, None)) if second > 0 else 1.0
