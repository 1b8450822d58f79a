"""Average ranks, against scipy.stats."""

import numpy as np
from scipy.stats import rankdata
from sgdwalk.trajectory.ranks import average_ranks


def test_equal_values_share_the_mean_of_their_ranks():
    values = np.random.default_rng(0).integers(0, 20, 100).astype(float)
    np.testing.assert_array_equal(average_ranks(values), rankdata(values))
    np.testing.assert_array_equal(average_ranks(values + np.arange(100) / 1e3), rankdata(values + np.arange(100) / 1e3))
    assert average_ranks(np.empty(0)).shape == (0,)
