"""Mean squared length of a child's steps, against what its gradient noise predicts without a free constant."""

import numpy as np
import xarray as xr

from sgdwalk import quantiles
from sgdwalk.limiting.child import Child, settled
from sgdwalk.limiting.momentum_means import BATCHES, mean_and_error, quantile
from sgdwalk.storage.contracts import Contract, variable, with_interval
from sgdwalk.trajectory.student_mean import student_mean

CONTRACT = Contract(
    "speed",
    {
        "snapshot": variable("snapshot", "1", "checkpoint"),
        "mode": variable("mode", "1", "mode"),
        "step": variable("snapshot", "step", "steps done"),
        "first_step": variable("", "step", "first step after the burn-in"),
        **with_interval("speed", "", "1", "mean squared length of a step"),
        "predicted_at": variable("snapshot", "1", "predicted mean squared length of a step from the noise there"),
        **with_interval(
            "predicted",
            "",
            "1",
            "predicted mean squared length of a step, mean over checkpoints",
            between="checkpoints",
        ),
        **with_interval("ratio", "", "1", "measured over predicted mean squared length of a step"),
        "mode_speed": variable("mode", "1", "mean squared step along the mode"),
        "mode_predicted": variable("mode", "1", "predicted mean squared step along the mode"),
    },
)


def compute(directions: xr.Dataset, noise_curvature: xr.Dataset, *, burn_in: int = 1000) -> xr.Dataset:
    """E |delta|^2 after the burn-in, and the same predicted by the exact chain under the child's own sampler.

    directions, noise_curvature: files of the run. burn_in: steps, at most a fifth of the run. Predicted from each
    checkpoint after the burn-in: the modes that have a positive curvature there with that curvature and the variance of
    the gradient along them; the rest of tr Sigma as flat directions. No constant is fitted. Intervals: of the measured
    mean, momentum_means; of the predicted one, Student's between checkpoints, which contains the errors of each and how
    the noise changes along the run; of the ratio, Welch's of the logarithms.

    Returns the data set of CONTRACT; NaN for a run that diverged, where a mode is unstable, and without a checkpoint
    after the burn-in (the interval of the prediction needs two). Source: Kunin et al. 2024
    (doi 10.1162/neco_a_01626), whose constant is taken from a run.
    """
    child = Child.of(directions)
    first = settled(burn_in, directions.sizes["step"])
    later = noise_curvature.isel(snapshot=noise_curvature.step.values >= first)
    parts = [predicted(child, later.isel(snapshot=k)) for k in range(later.sizes["snapshot"])]
    sums = np.array([along.sum() + outside for along, outside in parts])
    mean, error = mean_and_error(directions.squared_step.values[first:], child.momentum)
    freedoms = BATCHES - 1, max(len(sums) - 1, 1)
    theory, theory_error, theory_half = student_mean(sums)
    modes = (child.learning_rate * directions.velocity.values[first + 1 :]) ** 2
    found = {
        "first_step": first,
        **bounds("speed", mean, quantile() * error),
        **bounds("predicted", theory, theory_half),
        **ratio((mean, error), (theory, theory_error), freedoms),
    }
    empty = np.full(directions.sizes["mode"], np.nan)
    return xr.Dataset(
        {
            **{name: ((), value) for name, value in found.items()},
            "step": ("snapshot", later.step.values),
            "predicted_at": ("snapshot", sums),
            "mode_speed": ("mode", modes.mean(axis=0)),
            "mode_predicted": ("mode", np.mean([along for along, _ in parts], axis=0) if parts else empty),
        },
        {"snapshot": later.snapshot.values, "mode": np.arange(directions.sizes["mode"])},
    )


def predicted(child: Child, at: xr.Dataset) -> tuple[np.ndarray, float]:
    """(E of the squared step along each mode, and in all other directions together) from the noise at a checkpoint.

    A mode without positive curvature counts as flat. NaN where a mode is unstable.
    """
    curvature, variance, trace, examples = at.curvature.values, at.variance.values, float(at.trace), int(at.examples)
    if not np.isfinite(trace):
        return np.full(len(curvature), np.nan), np.nan
    rest = max(trace - variance.sum(), 0.0)
    rho = np.append(np.maximum(curvature, 0), 0)
    if not child.stable(rho).all():
        return np.full(len(curvature), np.nan), np.nan
    speeds = child.theory(rho, np.append(variance, rest), examples).speed()
    return speeds[:-1], float(speeds[-1])


def bounds(name: str, mean: float, half: float) -> dict[str, float]:
    """A mean and the ends of its interval by name."""
    return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}


def ratio(above: tuple[float, float], below: tuple[float, float], freedoms: tuple[int, int]) -> dict[str, float]:
    """Ratio of two means (value, standard error) with Welch's 95 % interval of its logarithm."""
    squares = np.array([(error / value) ** 2 for value, error in (above, below)])
    freedom = squares.sum() ** 2 / (squares**2 / freedoms).sum()
    factor = np.exp(quantiles.student(0.975, freedom) * np.sqrt(squares.sum()))
    found = above[0] / below[0]
    return {"ratio": found, "ratio_low": found / factor, "ratio_high": found * factor}
