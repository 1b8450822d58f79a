"""What decides the claims on chaos, and what keeps them undecided."""

import numpy as np
import pytest
import xarray as xr
from claim_data import results, row_of, run

GROW = "small differences grow"
FROZEN = "directions of local chaos: they grow at fixed weights as well"
CONFINED = "chaos mostly confined to the initial phase"
DISTANT = "distant twins part as the Hessian says"
CLOSE = "close twins part as the Hessian says"


def sensitivity(exponents, twins=((0.4, 0.02),), alignment=0.9, frozen=0.05):
    """sensitivity.nc with these exponents [start] -+ 0.005, and twins [start, offset]."""
    starts, twins = len(exponents), np.array(twins)
    rates = {"exponent": ("start", np.array(exponents)), "frozen_exponent": ("start", np.full(starts, frozen)),
             "twin_exponent": (("start", "offset"), np.broadcast_to(twins, (starts, twins.shape[1])))}  # fmt: skip
    return xr.Dataset(
        {f"{name}{end}": (dims, values + shift) for name, (dims, values) in rates.items()
         for end, shift in {"": 0, "_low": -0.005, "_high": 0.005}.items()}
        | {name: ("start", np.full(starts, alignment)) for name in ("alignment", "frozen_alignment")},
        attrs={"run": "a"},
    )  # fmt: skip


def told(claim, data):
    row = row_of(claim, results([run("a")], sensitivity=[data]))
    return row["estimate"], row["verdict"], row["reason"]


@pytest.mark.parametrize(
    ("exponent", "alignment", "verdict", "reason"),
    [
        (0.02, 0.9, "agrees", ""),
        (-0.02, 0.9, "differs", ""),
        (0.001, 0.9, "undecided", ""),
        (0.02, 0.1, "agrees", ""),  # a lower bound is enough
        (-0.02, 0.1, "undecided", "not aligned"),
        (0.001, np.nan, "undecided", "not aligned"),
    ],
)
def test_growth_is_decided_by_a_vector_that_found_its_direction(exponent, alignment, verdict, reason):
    data = sensitivity([exponent, 7.0], alignment=alignment, frozen=exponent)
    for claim in (GROW, FROZEN):
        assert told(claim, data) == (exponent, verdict, reason)


def test_chaos_is_confined_where_the_exponent_falls():
    assert told(CONFINED, sensitivity([0.05, 3.0, 0.01]))[1:] == ("agrees", "")
    assert told(CONFINED, sensitivity([0.01, 0.05]))[1:] == ("differs", "")
    assert told(CONFINED, sensitivity([0.05, 0.01], alignment=0.2))[1:] == ("undecided", "not aligned")
    assert told(CONFINED, sensitivity([0.05]))[1:] == ("not run", "")


def test_twins_are_compared_with_the_tangent_vector():
    data = sensitivity([0.021])
    assert told(DISTANT, data)[0] == pytest.approx(0.02 - 0.021)
    assert told(DISTANT, data)[1:] == ("agrees", "")
    assert told(CLOSE, data)[0] == pytest.approx(0.4 - 0.021)
    assert told(CLOSE, data)[1:] == ("differs", "")
    assert told(CLOSE, sensitivity([0.021], alignment=0.2))[1:] == ("undecided", "not aligned")


@pytest.mark.parametrize("claim", [GROW, FROZEN, CONFINED, DISTANT, CLOSE])
def test_without_a_start_nothing_was_run(claim):
    assert told(claim, sensitivity([]))[1] == "not run"
    assert row_of(claim, results([run("a")]))["verdict"] == "not run"
