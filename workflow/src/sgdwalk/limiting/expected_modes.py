"""What the exact chain expects of a child's modes over a number of steps."""

import numpy as np

from sgdwalk.limiting.child import Child
from sgdwalk.theory.chain import DiscreteChain


def expected(child: Child, curvature: np.ndarray, variance: np.ndarray, examples: int, steps: int):
    """Moments and time constants [mode] by name, of stationary modes of these curvatures and of this noise per example.

    The variance of a position over n steps, about their own mean, is 1/n^2 times the sum over lags of (n - lag)
    E(theta_{k+lag} - theta_k)^2, finite in free modes too; that of a velocity Var v - E(theta_{k+n} - theta_k)^2 /
    (eta n)^2. The variance of the mean is the stationary variance minus the former. `free_share`: displacement over
    these steps, over that of a free mode, both under independent batches. NaN where a mode is unstable or not known.
    """
    names = ("position_variance", "velocity_variance", "mean_error", "frequency", "damping", "free_share")
    found = {name: np.full(len(curvature), np.nan) for name in names}
    known = np.isfinite(curvature) & np.isfinite(variance) & child.stable(np.where(np.isnan(curvature), -1, curvature))
    if not known.any():
        return found
    theory = child.theory(curvature[known], variance[known], examples)
    lags = np.arange(1, steps)
    moved = theory.displacement(np.arange(1, steps + 1))
    stationary = theory.stationary()
    spread = (steps - lags) @ moved[:-1] / steps**2
    independent = DiscreteChain.of(theory)
    free = DiscreteChain.of(theory)
    free.rho = np.full(known.sum(), -child.weight_decay)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = (
            spread,
            stationary[:, 1, 1] - moved[-1] / (child.learning_rate * steps) ** 2,
            np.sqrt(np.maximum(stationary[:, 0, 0] - spread, 0)),
            theory.modes().frequency,
            theory.modes().damping,
            independent.displacement(steps) / free.displacement(steps),
        )
    for name, column in zip(names, columns, strict=True):
        found[name][known] = column
    return found
