"""What is timed on a GPU: a training step in several ways, and the distances of a window beside the card's own rate."""

import statistics
import time
from typing import Any

import torch
from sgdwalk.recorder import squared_distances as module
from sgdwalk.training.devices import device
from sgdwalk.training.trial import finish

STEPS, REPEATS = 1000, 5


def steps(case: str, rounds: int) -> dict[str, Any]:
    """Milliseconds of a step of a case of benchmarks/training.py, by the way it is made."""
    import training

    found, end = training.measured(case, rounds)
    return {way: round(1e3 * float(spent[0]), 4) for way, spent in found.items()} | {"window": 1e3 * float(end[0])}


def distances(parameters: int, rows: int, block: int) -> dict[str, float]:
    """The squared distances of a window of STEPS weights, with `rows` of a product and `block` bytes at a time.

    rate: floating-point operations a second in TFLOP/s, of the half of the product that is needed. peak: those of a
    large product of matrices in float64 on this device. share: of the one in the other.
    """
    module.ROWS, module.ELSEWHERE = rows, block
    place = device("auto")
    weights = torch.randn(STEPS, parameters, device=place).cumsum_(0)
    spent = median_seconds(lambda: module.squared_distances(weights), place)
    operations, best = STEPS * (STEPS + 1) * parameters, peak(place, 8192 if place.type == "cuda" else 512)
    rate = operations / spent
    return {"wall_ms": 1e3 * spent, "rate": rate / 1e12, "peak": best / 1e12, "share": rate / best}


def peak(place: torch.device, size: int) -> float:
    """Operations a second of the product of two random float64 matrices of this size."""
    a, b = torch.randn(2, size, size, dtype=torch.float64, device=place)
    return 2 * size**3 / median_seconds(lambda: a @ b, place)


def median_seconds(work, place: torch.device) -> float:
    """Median wall time of some calls after a first one, each until the device is idle."""
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        work()
        finish(place)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])
