"""The matrix of a window's pairs, against scipy's."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform
from sgdwalk.trajectory.pairs import matrix


@pytest.mark.parametrize("steps", [2, 3, 40])
def test_the_matrix_is_that_of_scipy(steps):
    pairs = np.random.default_rng(0).random(steps * (steps - 1) // 2)
    pairs[-1] = np.nan
    np.testing.assert_array_equal(matrix(pairs), squareform(pairs))


@pytest.mark.parametrize("count", [2, 4, 5])
def test_a_number_that_is_not_of_all_pairs_is_refused(count):
    with pytest.raises(ValueError, match=f"{count} pairs: must be n"):
        matrix(np.zeros(count))
