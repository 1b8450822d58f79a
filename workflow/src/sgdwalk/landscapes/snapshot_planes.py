"""Planes through the snapshots of a run, as the scalar products of their weights (the Gram matrix) determine them.

A direction is a sum of snapshots; its coefficients [snapshot] add up to zero. All that concerns the snapshots alone
(lengths, projections, variances) follows from the Gram matrix, without the directions themselves. Its origin is
arbitrary.
"""

from collections.abc import Sequence

import numpy as np

RESOLVED = 1e-12  # least squared length, relative to the largest, that the rounding of a Gram matrix leaves


def principal_components(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(variance [component], coefficients [2, snapshot] of the directions of the first two components).

    n snapshots have n - 1 components about their mean, here by falling variance (a sum of squares, not divided by n):
    the eigenvectors of the centred Gram matrix. The first snapshot's coordinates are not below the last one's. NaN for
    snapshots that are not finite; the coefficients of a component without variance, or that is not there, are NaN.
    """
    coefficients = np.full((2, len(gram)), np.nan)
    if not np.isfinite(gram).all():
        return np.full(len(gram) - 1, np.nan), coefficients
    centring = np.eye(len(gram)) - 1 / len(gram)
    value, vector = np.linalg.eigh(centring @ gram @ centring)
    value, vector = value[:0:-1].clip(0), vector[:, :0:-1].T[:2]  # without the least one, which is that of the mean
    vector = np.where(vector[:, :1] < vector[:, -1:], -vector, vector)
    length = np.sqrt(np.where(value[:2] > RESOLVED * value.max(initial=0), value[:2], np.nan))
    coefficients[: len(length)] = vector / length[:, None]
    return value, coefficients


def through_three(gram: np.ndarray, three: Sequence[int]) -> np.ndarray:
    """Coefficients [2, snapshot] of two orthogonal directions of length 1 that span the plane of three snapshots.

    The first points from the third snapshot to the first one; along the second, the second snapshot's coordinate is
    positive. NaN for a direction that the snapshots do not span, and for both where one of the three is missing.
    """
    if max(three) >= len(gram):
        return np.full((2, len(gram)), np.nan)
    corners = np.eye(len(gram))[list(three)]
    first, second = corners[:2] - corners[2]
    longest = max(first @ gram @ first, second @ gram @ second)
    a = _unit(first, gram, longest)
    return np.stack([a, _unit(second - (second @ gram @ a) * a, gram, longest)])


def _unit(coefficients: np.ndarray, gram: np.ndarray, longest: float) -> np.ndarray:
    """The coefficients of a direction of length 1; NaN for one that is not resolved beside the squared length."""
    squared = coefficients @ gram @ coefficients
    return coefficients / np.sqrt(squared) if squared > RESOLVED * longest else np.full_like(coefficients, np.nan)


def coordinates(gram: np.ndarray, coefficients: np.ndarray, origin: int) -> tuple[np.ndarray, np.ndarray]:
    """(coordinates [2, snapshot], share [snapshot] of the squared distance from the origin that lies in the plane).

    coefficients [2, snapshot]: of two orthogonal directions of length 1. origin: a snapshot, whose own share is NaN.
    """
    place = coefficients @ (gram - gram[origin]).T
    squared = np.diag(gram) + gram[origin, origin] - 2 * gram[origin]
    return place, (place**2).sum(axis=0) / np.where(squared > RESOLVED * squared.max(), squared, np.nan)


def explained(gram: np.ndarray) -> np.ndarray:
    """Share [component] of the snapshots' variance about their mean; NaN where there is none."""
    value, _ = principal_components(gram)
    return value / value.sum() if value.sum() > 0 else np.full_like(value, np.nan)


def orthogonal_walk(gram: np.ndarray) -> np.ndarray:
    """Gram matrix of a walk from 0 whose steps between snapshots have the same lengths and are all orthogonal."""
    squared = np.diag(gram) + np.diag(gram)[:, None] - 2 * gram
    covered = np.append(0, np.cumsum(np.diag(squared, 1)))
    return np.minimum(covered[:, None], covered)


def random_walk_shares(components: int) -> np.ndarray:
    """Variance explained by the first components of a long random walk in many dimensions, 6 / (pi^2 k^2).

    Its steps are independent and of equal length; those of few snapshots have larger shares (see orthogonal_walk).
    Source: Antognini & Sohl-Dickstein 2018 (arXiv 1806.08805).
    """
    return 6 / (np.pi * np.arange(1, components + 1)) ** 2
