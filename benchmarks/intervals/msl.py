"""Exponent of the mean squared loss difference, on Gaussian random fields and on a noisy loss."""

import numpy as np
from sgdwalk.analyses import msl

from intervals import seeds
from intervals.walks import squared_distances

TITLE = "Exponents of the mean squared loss (`msl.nc`)"
STEPS, DIMENSIONS, COPIES = 200, 5, 100
NOTE = (
    f"Brownian walks of {STEPS} steps in {DIMENSIONS} dimensions over Gaussian fields whose MSL is a power of"
    " distance, and independent losses of Student's law with three degrees of freedom (exponent 0)."
)
KINDS = ("field 0.6", "field 1.0", "field 1.4", "noise")
FAST = ("field 0.6", "noise")
SHARE = 1


def one(kind: str, seed: int) -> dict[str, tuple]:
    """The exponents of one window."""
    rng = seeds.generator(kind, seed)
    d2 = squared_distances(rng.standard_normal((STEPS, DIMENSIONS)).cumsum(0))
    noise = kind == "noise"
    loss = rng.standard_t(3, STEPS) if noise else msl.gaussian_fields(d2 ** (exponent(kind) / 2), 1, rng)[0]
    found = msl.window_msl(d2, loss, 30, 0.5, COPIES, True, rng)
    ok = found["status"] == "ok"
    ends = [found.get(f"exponent{end}", np.full(3, np.nan)) for end in ("", "_low", "_high")]
    return {fit: (*(values[k] for values in ends), ok) for k, fit in enumerate(msl.FITS)}


def exponent(kind: str) -> float:
    """The exponent of the MSL of a kind of loss."""
    return 0.0 if kind == "noise" else float(kind.split()[1])


def truths(kind: str) -> dict[str, float]:
    """One power law at all distances."""
    return dict.fromkeys(msl.FITS, exponent(kind))
