"""Sensitivity of SGD: the largest Lyapunov exponent, and the growth of differences between twins."""

import sys
from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import Contract, variable, with_interval
from sgdwalk.trajectory.student_mean import student_mean

BLOCKS = 10  # of the steps after the burn-in, between which the interval is taken
BURN_IN = 0.2  # of the steps: directions settle that were chosen by the steps before
ENDS = ("", "_low", "_high")
PER_STEP = "1 / step"

CONTRACT = Contract(
    "sensitivity",
    {
        "start": variable("start", "step", "steps done where the growth begins"),
        "epoch": variable("start", "epoch", "epochs done at the snapshot before it"),
        "weight_norm": variable("start", "1", "norm of the weights at the snapshot"),
        "step": variable("step", "step", "steps since the start"),
        "offset": variable("offset", "1", "distance of twins, over the norm of the weights"),
        "growth": variable("start step", PER_STEP, "logarithmic growth of the tangent vector"),
        "twin_growth": variable("start offset step", PER_STEP, "logarithmic growth of the distance of twins"),
        "alignment": variable("start", "1", "|cos| of two tangent vectors of different random directions"),
        **with_interval("exponent", "start", PER_STEP, "largest Lyapunov exponent", between="blocks"),
        **with_interval("twin_exponent", "start offset", PER_STEP, "growth rate of twins", between="blocks"),
        **with_interval(
            "twin_excess",
            "start offset",
            PER_STEP,
            "growth rate of twins beyond the tangent vector's",
            between="blocks",
        ),
    },
    version=2,
)


def compute(
    checkpoints: str,
    *,
    run: dict,
    snapshots: Sequence[int] = (),
    steps: int = 300,
    offsets: Sequence[float] = (1e-4, 1e-3, 1e-2),
    passes: int = 3,
    seed: int = 0,
) -> xr.Dataset:
    """Growth of small differences over the run's own steps, after some of its checkpoints (see tangent_growth).

    checkpoints: the run's folder of checkpoints. run: its settings; SGD with momentum, weight decay and schedule as in
    the training, on the same minibatches, in the same precision and mode. snapshots: after which checkpoints, counted
    from 0, the initial weights; by default the one in the middle. steps: in how many from a checkpoint on the tangent
    vectors turn to the directions that grow, and in how many more growth is measured; half of what the run still takes
    where that is less. passes: how often they are carried through the first of these. offsets: of the twins, over the
    norm of the weights. seed: of the first directions.

    exponent: mean logarithmic growth of the tangent vector per step after the first fifth of the steps, with Student's
    95 % interval between ten blocks. twin_exponent: of twins that are brought back to their distance after each step.
    twin_excess: the difference of the two, step by step. A tangent vector does not see the kinks of ReLU networks,
    twins do. alignment: near 1 where two tangent vectors have found the same direction, the one that grows most; about
    1 / sqrt(parameters) where they have not, and the exponent is then as a rule too close to 0.

    Returns the data set of CONTRACT, without the starts that a run did not reach before it diverged. ValueError for
    another optimiser than SGD, for a snapshot after which the run takes no step, and for a loss without second
    derivatives. Fewer than 13 steps have no exponent (NaN).
    """
    from sgdwalk.landscapes import tangent_growth, trained_networks  # torch, which readers of the file do not need
    from sgdwalk.landscapes.curvature import MeanHessian, OneBatchHessian, check_second_derivative
    from sgdwalk.training.repeated_steps import RepeatedSteps

    if run["optimiser"] != "sgd":
        raise ValueError(f"optimiser = '{run['optimiser']}': must be sgd for its sensitivity")
    walk, found = RepeatedSteps(run), []
    chosen = checked_snapshots(snapshots, min(run["snapshots"], walk.steps + 1))
    operator, first_batch = MeanHessian(walk.model, [], walk.loss), [next(walk.batches.epoch(0))]
    check_second_derivative(OneBatchHessian(walk.model, first_batch, walk.loss), run["model"], seed)  # one dropout mask
    reached = trained_networks.snapshots(checkpoints)
    for checkpoint in [reached[k] for k in chosen if k < len(reached)]:
        state, first = tangent_growth.state_of(operator, checkpoint), checkpoint["step"]
        count, size = min(steps, (walk.steps - first) // 2), float(state.w.double().norm())
        turning, measured = (partial(walk.following, begin, count) for begin in (first, first + count))
        away, update = [size * part for part in offsets], tangent_growth.update_of(run)
        series = tangent_growth.growth(operator, state, turning, measured, update, away, seed, passes)
        print(f"step {first + count}: alignment {series.alignment:.2g}", file=sys.stderr, flush=True)
        found.append(
            {"start": first + count, "epoch": checkpoint["epoch"], "weight_norm": size} | summary(series, steps)
        )
    sizes, data = {"start": len(found), "step": steps, "offset": len(offsets)}, {}
    for name, spec in CONTRACT.variables.items():
        if "start" in spec.dims:
            values = np.array([row[name] for row in found], float)
            data[name] = spec.dims, values.reshape([sizes[dim] for dim in spec.dims])
    return xr.Dataset(data, {"step": np.arange(steps), "offset": list(offsets)})


def summary(series, steps: int) -> dict[str, np.ndarray]:
    """The growths, padded to `steps`, and their means with intervals, by the names of the contract."""
    found = {"alignment": series.alignment}
    for name, values in (("", series.tangent), ("twin_", series.twins)):
        found[f"{name}growth"] = np.full((*values.shape[:-1], steps), np.nan)
        found[f"{name}growth"][..., : values.shape[-1]] = values
    rates = {"exponent": series.tangent, "twin_exponent": series.twins, "twin_excess": series.twins - series.tangent}
    for name, values in rates.items():
        found |= {f"{name}{end}": part for end, part in zip(ENDS, block_mean(values), strict=True)}
    return found


def block_mean(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean, low, high) over the last dimension after the burn-in, with Student's 95 % interval between BLOCKS blocks.

    The blocks are of equal length; steps that are left over count to the burn-in.
    """
    length = int((1 - BURN_IN) * values.shape[-1]) // BLOCKS
    if not length:
        return (np.full(values.shape[:-1], np.nan),) * 3
    blocks = values[..., values.shape[-1] - BLOCKS * length :].reshape(*values.shape[:-1], BLOCKS, length).mean(axis=-1)
    mean, _, half = student_mean(np.moveaxis(blocks, -1, 0))
    return mean, mean - half, mean + half


def checked_snapshots(snapshots: Sequence[int], count: int) -> Sequence[int]:
    """The checkpoints to start from, of `count` that a whole run has; refuse those from which no step follows."""
    last = count - 1
    if snapshots and max(snapshots) >= last:
        raise ValueError(f"sensitivity.snapshots = {[*snapshots]}: must be from 0 to {last - 1}, the last but one")
    return sorted(snapshots) or [last // 2]
