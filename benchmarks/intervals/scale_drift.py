"""Stability parameter of gradients whose scale changes from step to step."""

import functools

import numpy as np
from scipy.signal import lfilter
from sgdwalk.heavy_tails import gradient_views, scale_drift
from sgdwalk.heavy_tails.stable import distribution as stable

from intervals import seeds

EACH, SPREAD, BLOCK = 4, 0.5, 10  # gradients per step, standard deviation of the log-scale, least block
TITLE = "Stable laws where the scale drifts (`tails.nc`)"
NOTE = (
    f"Gaussian gradients, {EACH} per step, whose log-scale is an AR(1) series of standard deviation {SPREAD}."
    " *All scales*: the truth is alpha of the marginal law; *this window's*: that of the mixture of the scales"
    " that occur in the window. Supported: `status` is `ok`; in the others it is `scale drifts`."
)
KINDS = tuple(f"memory {m}, {T} steps" for T in (1000, 250) for m in (0.0, 0.9, 0.99, 0.999))
FAST = ("memory 0.0, 250 steps", "memory 0.99, 250 steps", "memory 0.999, 250 steps")
SHARE = 1
MANY = 40_000  # gradients behind the alpha of a window's own scales


def scales(memory: float, steps: int, rng) -> np.ndarray:
    """Scales [step] whose logarithm is a stationary AR(1) series."""
    push = np.sqrt(1 - memory**2) * rng.standard_normal(steps)
    push[0] /= np.sqrt(1 - memory**2)
    return np.exp(SPREAD * lfilter([1], [1, -memory], push))


def one(kind: str, seed: int) -> dict[str, tuple]:
    """Alpha of one window; of its own scales as a difference from their alpha."""
    rng = seeds.generator(kind, seed)
    memory, steps = float(kind.split()[1].strip(",")), int(kind.split()[2])
    scale, step = scales(memory, steps, rng), np.repeat(np.arange(steps), EACH)
    x = rng.standard_normal(len(step)) * scale[step]
    blocks = scale_drift.blocks(x, step, steps, BLOCK)
    found = gradient_views.fitted(x, step, blocks)
    values = np.array([found[f"alpha{end}"] for end in ("", "_low", "_high")])
    own = stable.fit(rng.standard_normal(MANY) * np.resize(scale, MANY)).alpha
    return {"all scales": (*values, not blocks.drifts), "this window's": (*(values - own), not blocks.drifts)}


@functools.cache
def marginal() -> float:
    """Alpha of gradients of all scales."""
    rng = np.random.default_rng(1)
    return stable.fit(rng.standard_normal(200_000) * np.exp(SPREAD * rng.standard_normal(200_000))).alpha


def truths(kind: str) -> dict[str, float]:
    """Alpha of all scales; 0 for the difference."""
    return {"all scales": marginal(), "this window's": 0.0}
