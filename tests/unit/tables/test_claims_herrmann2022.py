"""What decides the claims on chaos, and what keeps them undecided."""

import numpy as np
import pytest
import xarray as xr
from claim_data import results, row_of, run

GROW = "small differences grow"
FASTER = "twins part faster than the Hessian says"
CLOSE = "close twins part faster than distant ones"


def sensitivity(exponent=0.02, twins=(0.4, 0.03), alignment=0.9):
    """sensitivity.nc with two starts, the first with this exponent -+ 0.005, twins [offset], and the excess."""
    twins = np.array([twins, np.full(len(twins), 9.0)])
    exponents = np.array([exponent, 7.0])
    rates = {"exponent": ("start", exponents), "twin_exponent": (("start", "offset"), twins),
             "twin_excess": (("start", "offset"), twins - exponents[:, None])}  # fmt: skip
    ends = {"": 0, "_low": -0.005, "_high": 0.005}
    variables = {f"{n}{end}": (dims, v + shift) for n, (dims, v) in rates.items() for end, shift in ends.items()}
    return xr.Dataset(variables | {"alignment": ("start", [alignment, 1.0])}, attrs={"run": "a"})


def told(claim, data):
    row = row_of(claim, results([run("a")], sensitivity=[data]))
    return pytest.approx(row["estimate"], nan_ok=True), row["verdict"], row["reason"]


@pytest.mark.parametrize(
    ("exponent", "alignment", "verdict", "reason"),
    [
        (0.02, 0.9, "agrees", ""),
        (-0.02, 0.9, "differs", ""),
        (0.001, 0.9, "undecided", ""),
        (0.02, 0.1, "agrees", ""),  # whichever vector it is, it grows
        (-0.02, 0.1, "undecided", "not aligned"),
        (0.001, np.nan, "undecided", "not aligned"),
    ],
)
def test_growth_is_decided_by_a_vector_that_found_its_direction(exponent, alignment, verdict, reason):
    assert told(GROW, sensitivity(exponent, alignment=alignment)) == (exponent, verdict, reason)


@pytest.mark.parametrize(
    ("farthest", "alignment", "verdict", "reason"),
    [
        (0.03, 0.9, "agrees", ""),
        (0.01, 0.9, "differs", ""),
        (0.021, 0.9, "undecided", ""),
        (0.03, 0.1, "undecided", "not aligned"),
    ],
)
def test_twins_are_compared_with_a_vector_that_found_its_direction(farthest, alignment, verdict, reason):
    data = sensitivity(twins=(0.4, farthest), alignment=alignment)
    assert told(FASTER, data) == (farthest - 0.02, verdict, reason)


@pytest.mark.parametrize(("closest", "verdict"), [(0.4, "agrees"), (0.01, "differs"), (0.031, "undecided")])
def test_close_twins_are_compared_with_distant_ones(closest, verdict):
    assert told(CLOSE, sensitivity(twins=(closest, 0.2, 0.03), alignment=0.0)) == (closest - 0.03, verdict, "")


@pytest.mark.parametrize("claim", [GROW, FASTER, CLOSE])
def test_without_a_start_or_twins_nothing_was_run(claim):
    assert told(claim, sensitivity().isel(start=[]))[1] == "not run"
    assert row_of(claim, results([run("a")]))["verdict"] == "not run"
    assert claim == GROW or told(claim, sensitivity(twins=(0.4,)))[1] == "not run"
