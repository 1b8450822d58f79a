"""Parameters of stable laws fitted to independent samples."""

import numpy as np
from sgdwalk.heavy_tails.stable import distribution as stable

from intervals import seeds

POINTS = 2000
TITLE = "Stable laws of independent samples (`tails.nc`)"
NOTE = f"Samples of {POINTS:,} points; general fits with beta, symmetric ones without. Scale 1, location 0."
SYMMETRIC = {f"symmetric, alpha {a}": (a, 0.0) for a in (0.7, 1.2, 1.5, 1.8, 1.95, 1.99, 2.0)}
GENERAL = {f"general, alpha {a}, beta {b}": (a, b) for a, b in ((1.2, 0.0), (1.5, -0.5), (1.8, 0.5))}
KINDS = tuple(SYMMETRIC | GENERAL)
FAST = ("symmetric, alpha 1.5", "symmetric, alpha 2.0", "general, alpha 1.8, beta 0.5")
SHARE = 2
PARAMETERS = ("alpha", "beta", "scale", "location")


def one(kind: str, seed: int) -> dict[str, tuple]:
    """The parameters of one sample."""
    law, symmetric = (SYMMETRIC | GENERAL)[kind], kind in SYMMETRIC
    fit = stable.fit(stable.sample(POINTS, *law, rng=seeds.generator(kind, seed)), symmetric)
    names = [name for name in PARAMETERS if name != "beta" or not symmetric]
    ends = {name: [getattr(fit, name + end) for end in ("", "_low", "_high")] for name in names}
    return {name: (*np.array(values, float), fit.status == "ok") for name, values in ends.items()}


def truths(kind: str) -> dict[str, float]:
    """The parameters that were drawn from."""
    alpha, beta = (SYMMETRIC | GENERAL)[kind]
    return {"alpha": alpha, "beta": beta, "scale": 1.0, "location": 0.0}
