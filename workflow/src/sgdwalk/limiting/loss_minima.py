"""Where along its modes a child's training loss and its modified loss have their minima."""

import numpy as np
import xarray as xr

from sgdwalk.limiting.child import Child
from sgdwalk.trajectory.student_mean import student_mean


def minima(directions: xr.Dataset, later: xr.Dataset, child: Child) -> dict[str, np.ndarray]:
    """Positions [mode] of both minima, as the means over checkpoints with 95 % intervals between these, by name.

    later: checkpoints of noise_curvature.nc. Training loss: position minus gradient over curvature at each checkpoint;
    modified loss, which SGD with weight decay lambda rests in: (rho times that - lambda q.theta_0) / (rho + lambda), as
    positions count from theta_0. NaN where the curvature rho is not positive; no interval for one checkpoint.
    """
    rho = later.curvature.where(later.curvature > 0).values
    training = positions_at(directions, later.step.values, child) - later.gradient.values / rho
    modified = (rho * training - child.weight_decay * directions.start.values) / (rho + child.weight_decay)
    found = {}
    for name, values in (("minimum_training", training), ("minimum_modified", modified)):
        mean, _, half = student_mean(values)
        found |= {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}
    return found


def positions_at(directions: xr.Dataset, steps: np.ndarray, child: Child) -> np.ndarray:
    """Positions [checkpoint, mode] at these steps; that after the last step follows from the last step."""
    last = directions.isel(step=-1)
    decayed = last.gradient + child.weight_decay * (last.start + last.position)
    end = last.position + child.learning_rate * (child.momentum * last.velocity - decayed)
    return np.concatenate([directions.position.values, end.values[None]])[steps]
