"""Exponent of a power law in the tail of positive data."""

from sgdwalk.heavy_tails import power_law_tail

from intervals import seeds

POINTS = 500
TITLE = "Power laws in a tail (`fluctuations.nc`)"
NOTE = (
    f"{POINTS} independent values: all of a Pareto law above 1, or half of them, the others uniform below 1. The"
    " interval is that for a given start of the tail."
)
KINDS = ("Pareto 2.5", "Pareto 3.5", "tail 2.5", "tail 3.5")
FAST = ("Pareto 2.5", "tail 3.5")
SHARE = 1


def one(kind: str, seed: int) -> dict[str, tuple]:
    """The exponent of one sample."""
    rng = seeds.generator(kind, seed)
    x = (1 - rng.random(POINTS)) ** (-1 / (exponent(kind) - 1))
    if kind.startswith("tail"):
        x[: POINTS // 2] = rng.random(POINTS // 2)
    tail = power_law_tail.fit(x)
    return {"exponent": (tail.exponent, tail.exponent_low, tail.exponent_high, tail.status == "ok")}


def exponent(kind: str) -> float:
    """The exponent of a kind of sample."""
    return float(kind.split()[1])


def truths(kind: str) -> dict[str, float]:
    """The exponent that was drawn from."""
    return {"exponent": exponent(kind)}
