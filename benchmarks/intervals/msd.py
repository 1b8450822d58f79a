"""Exponents of the MSD: raw, minus the null of orthogonal steps, and that of the directions."""

import numpy as np
from sgdwalk.analyses import msd
from sgdwalk.trajectory import msd_exponents, scaling_fits

from intervals import seeds
from intervals.walks import UNEVEN, kinds, squared_distances

TITLE = "Exponents of the mean squared displacement (`msd.nc`)"
STEPS, COPIES, THRESHOLD, LONGEST = 250, 200, 0.03, 0.8
NOTE = (
    f"Windows of T = {STEPS} steps; {COPIES} simulated walks behind each interval. The true value is the fit to the"
    " exact MSD of the walk. *Minus null* is `excess`, given where it differs from the raw exponent."
    " `direction_exponent` has no interval; it is listed for its bias, against the raw exponent of walks of equal"
    " steps. Supported is a fit all of whose lags are."
)
FITS = ("early", "middle", "late", "whole", "short", "long", "paper")
KINDS = tuple(kinds())
FAST = ("fBm 0.75 in 20", "OU in 300", "500 stiff, 1 soft", "500 stiff, 30 soft", "drift in 300", "decay in 500")
SHARE = 1
DIRECTED = ("fBm 0.25 in 300", "fBm 0.5 in 300", "fBm 0.75 in 300")  # where directions have the walk's exponent


def one(kind: str, seed: int) -> dict[str, tuple]:
    """The fits of one window."""
    rng = seeds.generator(kind, seed)
    d2 = squared_distances(kinds()[kind][0](STEPS, rng))
    return estimates(msd.window_msd(d2, THRESHOLD, LONGEST, COPIES, rng), kind)


def estimates(found: dict[str, np.ndarray], kind: str) -> dict[str, tuple]:
    """{fit: (exponent, low, high, supported)} of the variables of msd.nc of a window; NaN where it has none."""
    lags, result = np.arange(1, STEPS), {}
    for name in FITS:
        k = msd_exponents.FITS.index(name)
        first, last = (found[end][k] if end in found else np.nan for end in ("first_lag", "last_lag"))
        inside = (lags >= first) & (lags <= last)
        supported = inside.any() and found["supported"][inside].all()
        prefixes = {"exponent": name} | ({"excess": f"{name}, minus null"} if kind in UNEVEN else {})
        for prefix, label in prefixes.items():
            ends = (found[f"{prefix}{end}"][k] if prefix in found else np.nan for end in ("", "_low", "_high"))
            result[label] = (*ends, supported)
    if kind in DIRECTED:
        k = msd_exponents.FITS.index("middle")
        result["middle, direction"] = (found["direction_exponent"][k], np.nan, np.nan, True)
    return result


def truths(kind: str) -> dict[str, float]:
    """What each fit makes of the exact MSD at lags 1 ... T - 1; 0 for the excess of uncorrelated steps."""
    curve = kinds()[kind][1](np.arange(1, STEPS), STEPS)
    lags = scaling_fits.log_lags(int(LONGEST * STEPS))
    values = curve[None, lags - 1]
    exact = {name: float(msd_exponents.fit_curves(name, lags, values, STEPS, THRESHOLD).exponent[0]) for name in FITS}
    found = exact | {f"{name}, minus null": 0.0 for name in FITS if kind in UNEVEN}
    return found | ({"middle, direction": exact["middle"]} if kind in DIRECTED else {})
