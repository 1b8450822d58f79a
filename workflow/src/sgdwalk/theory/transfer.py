"""How a mode's state is carried over some steps: its mean, and its covariance."""

from typing import NamedTuple

import numpy as np


class Transfer(NamedTuple):
    """Mean of (theta, eta v) after t steps from its start, each [mode, step]; lost = 1 - kept without cancellation."""

    kept: np.ndarray
    lost: np.ndarray
    by_velocity: np.ndarray
    to_velocity: np.ndarray
    velocity: np.ndarray


def conjugated(there: Transfer, theta, both, delta):
    """T C T' of a covariance C of (theta, eta v), as its three entries."""
    kept, by, to, velocity = there.kept, there.by_velocity, there.to_velocity, there.velocity
    return (
        theta * kept**2 + 2 * both * kept * by + delta * by**2,
        theta * kept * to + both * (kept * velocity + by * to) + delta * by * velocity,
        theta * to**2 + 2 * both * to * velocity + delta * velocity**2,
    )
