import numpy as np
import pytest
from sgdwalk.storage import contracts
from sgdwalk.storage.contracts import Contract, ContractError, variable
from sgdwalk.storage.run_files import WINDOW, WINDOW_START
from sgdwalk.trajectory import windows
from walks import distances_of, diverge, fbm, square

CONTRACT = Contract(
    "example",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "fit": variable("fit", "1", "fit"),
        "total": variable("window", "1", "sum of the distances"),
        "losses": variable("window step", "1", "loss"),
        "table": variable("window fit bin", "1", "numbers"),
    },
)
COORDS, SIZES = {"fit": ["a", "b"]}, {"step": 30, "bin": 3}


def measure(d2, loss):
    """All three variables of a window that is finite, otherwise only the losses."""
    if not np.isfinite(d2).all():
        return {"losses": np.ones(30)}
    return {"total": d2.sum(), "losses": loss, "table": np.full((2, 3), d2[0, 1])}


@pytest.fixture
def data():
    walks = [fbm(0.5, 30, 4, np.random.default_rng(seed)) for seed in range(3)]
    return distances_of(*walks, loss=np.arange(90.0).reshape(3, 30)), walks


def test_each_window_is_measured_and_stacked(data):
    distances, walks = data
    found = windows.per_window(distances, CONTRACT, measure, COORDS, SIZES)
    contracts.check(found, CONTRACT)
    for k, walk in enumerate(walks):
        d2 = square(walk)
        assert found.total[k] == d2.sum()
        assert (found.table[k] == d2[0, 1]).all()
    np.testing.assert_array_equal(found.losses, np.arange(90.0).reshape(3, 30))
    np.testing.assert_array_equal(found.window_start, [0, 30, 60])
    assert list(found.fit.values) == ["a", "b"]


@pytest.mark.parametrize("diverged", [[1], [0, 1, 2]])
def test_what_a_window_leaves_out_is_nan_in_the_shape_of_the_contract(data, diverged):
    distances = data[0]
    for window in diverged:
        distances = diverge(distances, window)
    found = windows.per_window(distances, CONTRACT, measure, COORDS, SIZES)
    contracts.check(found, CONTRACT)
    assert found.table.shape == (3, 2, 3)
    np.testing.assert_array_equal(np.isnan(found.total), np.isin(range(3), diverged))
    np.testing.assert_array_equal(np.isnan(found.table).all(["fit", "bin"]), np.isin(range(3), diverged))
    assert (found.losses[diverged] == 1).all()


def test_a_variable_that_the_contract_does_not_have_is_refused(data):
    with pytest.raises(ContractError, match=r"\['totl'\], which the contract does not have"):
        windows.per_window(data[0], CONTRACT, lambda d2, loss: {"totl": 1.0}, COORDS, SIZES)


def test_windows_of_fewer_steps_are_left_out(data):
    distances = data[0].assign_coords(window_steps=("window", [30, 30, 12]))
    found = windows.per_window(distances, CONTRACT, measure, COORDS, SIZES)
    np.testing.assert_array_equal(found.window_start, [0, 30])
    with pytest.raises(ValueError, match="window = 30: must be at most 12, the steps of the run"):
        windows.full_windows(distances.isel(window=[2]))


def test_the_longest_lag_is_a_share_of_the_window_and_leaves_a_pair():
    assert [windows.longest_lag(share, 20) for share in (0.4, 0.99, 1)] == [8, 19, 19]
