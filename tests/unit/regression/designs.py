"""Regressions that are small or exactly symmetric."""

from itertools import product

import numpy as np
from sgdwalk.regression import design


def gaussian(images=3000, features=6, classes=2, weight_decay=0.0, seed=0):
    """Gaussian features of unlike variances, and targets that they explain in part."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((images, features)) * np.geomspace(3, 0.2, features)
    y = x @ rng.standard_normal((features, classes)) + rng.standard_normal((images, classes))
    return design.of_arrays(x, y, weight_decay)


def mirrored(weight_decay=0.0, seed=0):
    """Every image with all signs of its three features, so that E[z_i^2 z_j z_k] = 0 for j != k; 16 images."""
    rng = np.random.default_rng(seed)
    signs = np.array(list(product([-1, 1], repeat=3)))
    x = np.concatenate([signs * row for row in rng.uniform(0.5, 2, (2, 3)) * [2, 1, 0.5]])
    return design.of_arrays(x, x @ rng.standard_normal((3, 2)) + rng.standard_normal((16, 2)), weight_decay)
