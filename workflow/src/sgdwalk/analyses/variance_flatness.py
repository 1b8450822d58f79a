"""Variance of the weights against the flatness of the loss, along the principal directions of each window."""

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import LOSS, Contract, variable, with_interval
from sgdwalk.storage.run_files import WINDOW, WINDOW_START
from sgdwalk.trajectory.straight_line import slope
from sgdwalk.trajectory.student_mean import student_mean

KINDS = ("principal", "random")
ENDS = ("", "_low", "_high")
SLOW = 0.5  # slow_share from which on a direction has not relaxed within a window
LATE = 0.5  # of the windows, the last ones, that the exponent is a mean over

CONTRACT = Contract(
    "variance_flatness",
    {
        "along": variable("along", "1", "kind of directions"),
        "direction": variable("direction", "1", "rank of the direction, largest variance of a window first"),
        "window": WINDOW,
        "window_start": WINDOW_START,
        "variance": variable("along window direction", "1", "variance of the weights along the direction"),
        "slow_share": variable(
            "along window direction", "1", "share of the variance in means of sixteenths of the window"
        ),
        "flatness": variable("along window direction", "1", "flatness F: width at e times the central loss"),
        "asymmetry": variable("along window direction", "1", "forward minus backward part of F, over F"),
        "centre_loss": variable("window", LOSS, "training loss at the mean weights of the window"),
        **with_interval("window_exponent", "along window", "1", "exponent of variance against F in the window"),
        **with_interval(
            "exponent", "along", "1", "exponent of variance against F, late windows", between="windows"
        ),
        "late": variable("window", "1", "whether the window is one of the late ones"),
    },
    version=2,
)  # fmt: skip


def compute(training: xr.Dataset) -> xr.Dataset:
    """Exponent of variance ~ F^exponent over the directions of each window, and its mean over the late windows.

    training: training.nc of a run with record.flatness. F = width_minus + width_plus, the distance between the points
    on both sides of the mean weights c at which the loss is e times that at c. Each window's exponent is the slope of
    least squares of log variance on log F, with Student's interval from the scatter about the line (which takes the
    directions as independent); NaN for fewer than three directions with both. The mean is over the second half of the
    windows that have one, with Student's interval between them. along 'random': the same along isotropic directions,
    which know nothing of the walk. slow_share: near 1 where the walk has not relaxed along a direction within the
    window; principal directions are then ranked by how slow they are, and slow ones are flat. Source: Feng & Tu 2021
    (doi 10.1073/pnas.2015617118), whose exponent is about -4.

    Returns the data set of CONTRACT. ValueError for a run without such a record.
    """
    if "principal_variance" not in training:
        raise ValueError("training: has no variances along principal directions (record: {flatness: 10})")
    variance, slow, minus, plus = (
        np.stack([training[f"{kind}_{name}"].values for kind in KINDS])
        for name in ("variance", "slow_share", "width_minus", "width_plus")
    )
    flatness = minus + plus
    of_directions = {
        "variance": variance,
        "slow_share": slow,
        "flatness": flatness,
        "asymmetry": (plus - minus) / flatness,
    }
    lines = np.array([[*map(slope, *of_kind)] for of_kind in zip(np.log(flatness), np.log(variance), strict=True)])
    late = late_windows(lines[0, :, 0])
    means = np.array([mean(of_kind[late, 0]) for of_kind in lines])
    return xr.Dataset(
        {name: (("along", "window", "direction"), values) for name, values in of_directions.items()}
        | {f"window_exponent{end}": (("along", "window"), lines[..., k]) for k, end in enumerate(ENDS)}
        | {f"exponent{end}": ("along", means[:, k]) for k, end in enumerate(ENDS)}
        | {"centre_loss": training.centre_loss, "late": ("window", late.astype(np.int8))},
        {"along": list(KINDS), "direction": np.arange(1, variance.shape[-1] + 1)},
    )


def mean(exponents: np.ndarray) -> tuple[float, float, float]:
    """(mean, low, high) of the finite exponents of windows, with Student's interval between them."""
    value, _, half = student_mean(exponents[np.isfinite(exponents)])
    return float(value), float(value - half), float(value + half)


def late_windows(exponents: np.ndarray) -> np.ndarray:
    """Which windows belong to the second half of those with an exponent, [window]."""
    known = np.isfinite(exponents)
    return known & (np.cumsum(known) > LATE * known.sum())


def slowness(data: xr.Dataset) -> float:
    """Median slow_share of the principal directions in the late windows of a file; NaN without late windows.

    From SLOW on the exponent tells which directions are slow, and nothing of the noise.
    """
    shares = data.slow_share.sel(along="principal").values[data.late.values > 0]
    return float(np.median(shares)) if shares.size else np.nan
