"""Exponents of the path: end-to-end distance against contour length, and the transverse distance."""

import numpy as np
from sgdwalk.analyses import path

from intervals import seeds
from intervals.walks import kinds, squared_distances

TITLE = "Exponents of the path (`path.nc`)"
STEPS, COPIES = 250, 200
NOTE = (
    f"Windows of T = {STEPS} steps; {COPIES} simulated walks behind each interval. For self-similar walks of equal"
    " steps the exponents are 2H and that of the transverse distance is 1. `path.nc` has no flag of support."
)
EXPONENTS = {f"fBm {H} in {d}": 2 * H for H in (0.25, 0.5, 0.75) for d in (20, 300)}
KINDS = tuple(EXPONENTS)
FAST = ("fBm 0.25 in 20", "fBm 0.75 in 300")
SHARE = 2


def one(kind: str, seed: int) -> dict[str, tuple]:
    """The exponents of one window."""
    rng = seeds.generator(kind, seed)
    d2 = squared_distances(kinds()[kind][0](STEPS, rng))
    found = path.window_path(d2, 40, 0.8, 200, COPIES, rng)
    result = {
        fit: tuple(found[f"exponent{end}"][k] for end in ("", "_low", "_high")) for k, fit in enumerate(path.FITS)
    }
    result["transverse"] = tuple(found[f"transverse_exponent{end}"] for end in ("", "_low", "_high"))
    return {name: (*values, np.nan) for name, values in result.items()}


def truths(kind: str) -> dict[str, float]:
    """The exponents of a self-similar walk."""
    return dict.fromkeys(path.FITS, EXPONENTS[kind]) | {"transverse": 1.0}
