"""The propagator of a mode over some steps: what becomes of its mean, and of its covariance."""

from typing import NamedTuple

import numpy as np


class Propagator(NamedTuple):
    """Elements of T, the mean of (theta, eta v) after t steps being T times its start, each [mode, step].

    relaxed is 1 - theta_theta without cancellation.
    """

    theta_theta: np.ndarray
    relaxed: np.ndarray
    theta_velocity: np.ndarray
    velocity_theta: np.ndarray
    velocity_velocity: np.ndarray


def conjugated(propagator: Propagator, theta, both, delta):
    """T C T' of a covariance C of (theta, eta v), as its three entries."""
    a, _, b, c, d = propagator
    return (
        theta * a**2 + 2 * both * a * b + delta * b**2,
        theta * a * c + both * (a * d + b * c) + delta * b * d,
        theta * c**2 + 2 * both * c * d + delta * d**2,
    )
