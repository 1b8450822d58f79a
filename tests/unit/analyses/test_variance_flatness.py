"""Variance against flatness: a known exponent, a null without relation, and the coverage of the interval."""

import numpy as np
import pytest
import torch
import xarray as xr
from claim_data import results, row_of, run
from sgdwalk.analyses import variance_flatness
from sgdwalk.recorder.principal_directions import PrincipalDirections
from sgdwalk.recorder.squared_distances import squared_distances
from sgdwalk.storage import contracts
from sgdwalk.tables import claims_feng2021

WINDOWS, DIRECTIONS = 10, 6


def recorded(exponent, noise=0.0, rng=None, windows=WINDOWS):
    """training.nc of windows with their own levels whose variances follow F^exponent along principal directions."""
    rng = rng or np.random.default_rng(0)
    shape = windows, DIRECTIONS
    flatness = {kind: np.exp(rng.normal(size=shape)) for kind in variance_flatness.KINDS}
    spread = np.exp(rng.normal(size=(windows, 1)) + noise * rng.normal(size=shape))
    variance = {"principal": spread * flatness["principal"] ** exponent, "random": np.exp(rng.normal(size=shape))}
    dims = ("window", "direction")
    return xr.Dataset(
        {f"{kind}_variance": (dims, variance[kind]) for kind in variance}
        | {f"{kind}_slow_share": (dims, np.full(shape, 0.1)) for kind in variance}
        | {f"{kind}_width_minus": (dims, 0.3 * flatness[kind]) for kind in variance}
        | {f"{kind}_width_plus": (dims, 0.7 * flatness[kind]) for kind in variance}
        | {"centre_loss": ("window", np.ones(windows))},
        {"window": np.arange(windows), "window_start": ("window", 50 * np.arange(windows))},
    )


def test_an_exact_relation_is_found_in_every_window():
    found = variance_flatness.compute(recorded(-4))
    contracts.check(found, variance_flatness.CONTRACT)
    np.testing.assert_allclose(found.window_exponent.sel(along="principal"), -4)
    np.testing.assert_allclose([found[f"exponent{end}"].sel(along="principal") for end in ("", "_low", "_high")], -4)
    np.testing.assert_allclose(found.asymmetry, 0.4)
    assert found.late.values.tolist() == [0] * 5 + [1] * 5


@pytest.mark.slow
def test_intervals_hold_the_truth_and_the_null_as_often_as_they_say():
    rng, inside = np.random.default_rng(1), []
    for _ in range(200):
        found = variance_flatness.compute(recorded(-2, 0.7, rng))
        for kind, truth in (("principal", -2), ("random", 0)):
            here = found.sel(along=kind)
            inside.append([here.exponent_low < truth < here.exponent_high,
                           float(((here.window_exponent_low < truth) & (truth < here.window_exponent_high)).mean())])  # fmt: skip
    of_means, of_windows = np.mean(inside, axis=0)
    assert of_means == pytest.approx(0.95, abs=0.033)  # three standard errors of 400 intervals
    assert of_windows == pytest.approx(0.95, abs=0.015)


def test_directions_without_a_width_are_left_out_and_too_few_are_nan():
    data = recorded(-4)
    data.principal_width_plus[0, 2:] = np.nan
    data.principal_width_plus[1, 3:] = np.nan
    data.random_width_plus[:] = np.nan
    found = variance_flatness.compute(data)
    principal = found.window_exponent.sel(along="principal").values
    assert np.isnan(principal[0])
    np.testing.assert_allclose(principal[1:], -4)
    assert found.late.values.tolist() == [0] * 5 + [1] * 5
    assert np.isnan(found.exponent.sel(along="random"))


def test_a_run_without_the_record_is_refused():
    with pytest.raises(ValueError, match="no variances along principal directions"):
        variance_flatness.compute(recorded(-4).drop_vars("principal_variance"))


@pytest.mark.parametrize(("exponent", "null", "verdicts"), [
    (-4, (0.0, 0.5), ["agrees", "agrees", "agrees"]),
    (-4, (-4.0, 0.5), ["undecided", "agrees", "undecided"]),  # along random directions too
    (2, (0.0, 0.5), ["differs", "differs", "differs"]),
    (-2, (0.0, 5.0), ["agrees", "differs", "undecided"]),
])  # fmt: skip
def test_claims_need_what_random_directions_do_not_show(exponent, null, verdicts):
    value, half = np.array([exponent, null[0]]), np.array([0.3, null[1]])
    ends = {"": value, "_low": value - half, "_high": value + half}
    data = xr.Dataset(
        {f"exponent{end}": ("along", part) for end, part in ends.items()}
        | {"slow_share": (("along", "window", "direction"), np.full((2, 2, 3), 0.1)), "late": ("window", [0, 1])},
        {"along": ["principal", "random"]},
        {"run": "a"},
    )
    found = results([run("a")], variance_flatness=[data])
    assert [row_of(claim.text, found)["verdict"] for claim in claims_feng2021.CLAIMS] == verdicts
    nothing = results([run("a")])
    assert {row_of(claim.text, nothing)["verdict"] for claim in claims_feng2021.CLAIMS} == {"not run"}
    data.slow_share[0, 1] = 0.9  # of the late window
    row = row_of(claims_feng2021.CLAIMS[0].text, results([run("a")], variance_flatness=[data]))
    assert (row["verdict"], row["reason"]) == ("undecided", "not relaxed")


def test_principal_directions_of_windows_without_relaxation_are_slow_ones():
    """Equal stationary variances on a quadratic loss: slopes far above 0, which slow_share gives away."""
    steps, size, curvatures = 250, 60, np.geomspace(1e-3, 0.5, 60)
    rng = np.random.default_rng(4)
    weights, here = np.empty((steps, size)), rng.normal(size=size)
    for t in range(steps):
        here = (1 - curvatures) * here + np.sqrt(curvatures * (2 - curvatures)) * rng.normal(size=size)
        weights[t] = here
    weights = torch.tensor(weights)

    def loss_at(w):
        return float(0.1 + (torch.as_tensor(curvatures) * w.square()).sum() / 2)

    found = PrincipalDirections(6, loss_at, 0).measure(weights, squared_distances(weights), 0)
    assert np.median(found["principal_slow_share"]) > 0.5
    flatness = found["principal_width_minus"] + found["principal_width_plus"]
    assert np.polyfit(np.log(flatness), np.log(found["principal_variance"]), 1)[0] > 1
