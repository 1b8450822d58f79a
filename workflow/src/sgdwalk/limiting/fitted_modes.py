"""Stiffness, frequency and variances of a child's modes over a stretch of its walk, with intervals."""

import numpy as np

from sgdwalk.limiting.child import Child
from sgdwalk.limiting.felt_curvature import Felt, regress
from sgdwalk.limiting.simulated_modes import FREE, simulated
from sgdwalk.theory.chain import DiscreteChain

ENDS = [0.025, 0.975]
POINTS = 12  # stiffnesses that are simulated, beside a free mode
ROUNDS = 50


def fitted(felt: Felt, position, velocity, child: Child, examples: int, copies: int, rng) -> dict[str, np.ndarray]:
    """Estimates [mode] with suffixes _low and _high of 95 % intervals, by name, from the same steps that `felt` is of.

    position, velocity [step, mode]. Intervals come from `copies` simulated modes at each of some stiffnesses, of the
    same number of steps and under the same sampler (`scatter`). That of the stiffness holds all values from which the
    fitted one does not deviate more, in standard errors, than those of 95 % of the modes simulated with them (least
    squares overestimate small ones). That of a variance is the variance over the quantiles of its ratio to the expected
    one, for all stiffnesses of this interval. A stiffness below 0 is judged by free modes.
    """
    stiffness, error = child.stiffness(felt.curvature), child.learning_rate * felt.error
    grid = grid_up_to(np.max(stiffness, initial=0, where=np.isfinite(stiffness)), len(position), child.momentum)
    table = np.array([scatter(child, e, len(position), copies, examples, rng) for e in grid])

    def at(kind: int, end: int, value: np.ndarray) -> np.ndarray:
        return np.interp(np.log(np.maximum(value, 0) + grid[1]), np.log(grid + grid[1]), table[:, kind, end])

    low, high = stiffness, stiffness
    for _ in range(ROUNDS):
        low, high = stiffness - at(0, 1, low) * error, stiffness - at(0, 0, high) * error
    found = {"stiffness": stiffness, "stiffness_low": low, "stiffness_high": high, "stiffness_error": error}
    for end in ("", "_low", "_high"):
        found[f"frequency{end}"] = frequency(found[f"stiffness{end}"], child.momentum)
    for kind, name, series in ((1, "position_variance", position), (2, "velocity_variance", velocity)):
        found[name] = series.var(axis=0)
        found[f"{name}_low"] = found[name] / np.maximum(at(kind, 1, low), at(kind, 1, high))
        found[f"{name}_high"] = found[name] / np.minimum(at(kind, 0, low), at(kind, 0, high))
    return found


def grid_up_to(largest: float, steps: int, momentum: float) -> np.ndarray:
    """Stiffnesses from a free mode on to beyond the largest, the second relaxing three times as slowly as the run."""
    slow = (1 - momentum) / (3 * steps)
    return np.append(FREE, np.geomspace(slow, max(1.5 * largest, 10 * slow), POINTS))


def scatter(child: Child, stiffness: float, steps: int, copies: int, examples: int, rng) -> list[np.ndarray]:
    """2.5 and 97.5 % points, for simulated modes, of the stiffness's deviation in standard errors and of the variances
    of position and velocity over their means.
    """
    epoch, rows = None if child.independent else child.batches(examples), []
    for position, gradient, true in simulated(child, stiffness, steps, copies, examples, rng):
        felt = regress(position, gradient, 0, child.batch_size, epoch)
        spread = position.var(axis=0), np.diff(position, axis=0).var(axis=0)
        rows.append(np.stack([(felt.curvature - true) / felt.error, *spread]))
    deviation, moved, sped = np.concatenate(rows, axis=1)
    return [np.quantile(part, ENDS) for part in (deviation, moved / moved.mean(), sped / sped.mean())]


def frequency(stiffness: np.ndarray, momentum: float) -> np.ndarray:
    """Cycles per step [mode] of the chain of these stiffnesses; 0 where it does not oscillate, NaN where it is NaN."""
    found, known = np.full(len(stiffness), np.nan), np.isfinite(stiffness)
    if known.any():
        settings = {"learning_rate": 1.0, "weight_decay": 0.0, "batch_size": 1, "gradient_variance": 0.0}
        found[known] = DiscreteChain(stiffness[known], momentum=momentum, **settings).modes().frequency
    return found
