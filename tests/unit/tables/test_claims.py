"""The claims of a paper: their rows, the runs that they are about, and their verdicts."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from claim_data import KINDS, file, results, row_of, run
from sgdwalk.analyses import fluctuations
from sgdwalk.tables import claim_parts, claims, quantities_chen2022, runs_chen2022
from sgdwalk.tables.claim_parts import Claim
from sgdwalk.tables.study_results import Results
from sgdwalk.tables.verdicts import NOTED, REASONS, Estimate, about, above, below
from sgdwalk.trajectory.student_mean import student_mean

NAN = float("nan")
NULL = "null agrees too"


@pytest.mark.parametrize(
    ("expected", "estimate", "verdict"),
    [
        (above(1), (1.2, 1.1, 1.3), "agrees"),
        (above(1), (1.2, 0.9, 1.3), "undecided"),
        (above(1), (0.8, 0.7, 0.9), "differs"),
        (above(2), (2.1, 2.0, 2.2), "undecided"),
        (below(1), (0.8, 0.7, 0.9), "agrees"),
        (below(1), (1.2, 1.1, 1.3), "differs"),
        (about(0, 0.2), (0.1, -0.1, 0.15), "agrees"),
        (about(0, 0.2), (0.1, -0.3, 0.15), "undecided"),
        (about(0, 0.2), (-0.4, -0.5, -0.3), "differs"),
        (about(0, 0.2), (0.4, 0.3, 0.5), "differs"),
        (above(1), (1.2, NAN, 1.3), "undecided"),
        (above(1), (1.2, 1.1, np.inf), "undecided"),
    ],
)
def test_a_verdict_says_where_the_whole_interval_lies(expected, estimate, verdict):
    assert expected.verdict(Estimate(*estimate)) == (verdict, "")


def test_a_reason_against_it_leaves_every_verdict_undecided():
    for reason in set(REASONS) - set(NOTED):
        for ends in ((1.1, 1.3), (0.7, 0.9), (0.9, 1.1)):
            assert above(1).verdict(Estimate(1.0, *ends, reason=reason)) == ("undecided", reason)
    with pytest.raises(ValueError, match="reason 'too small': must be empty or one of did not learn, diverged"):
        Estimate(1, 1, 1, reason="too small")


@pytest.mark.parametrize(
    ("estimate", "null", "expected"),
    [
        ((0.75, 0.7, 0.8), 0.8, ("undecided", "null agrees too")),
        ((0.75, 0.7, 0.8), 1.0, ("agrees", "")),
        ((1.1, 1.0, 1.2), 0.8, ("differs", "")),  # a null that differs from the walk says nothing for the claim
        ((0.85, 0.8, 0.95), 0.8, ("undecided", "")),
    ],
)
def test_an_agreement_that_a_null_model_shares_is_none(estimate, null, expected):
    assert about(0.75, 0.15).verdict(Estimate(*estimate, null=null)) == expected


def test_a_difference_has_the_difference_of_nulls_and_the_reason_of_either_side():
    first, second = Estimate(3, 2, 4, null=2.5), Estimate(1, 0, 2, null=1, reason="unsupported")
    assert ((first - second).null, (first - second).reason) == (1.5, "unsupported")
    assert (second - first).reason == "unsupported"
    assert (first - Estimate(1, 0, 2)).null is None


def test_of_several_reasons_the_one_that_forbids_a_verdict_counts():
    noted, forbidding = Estimate(1.3, 1.2, 1.4, reason=NOTED[0]), Estimate(0.8, 0.7, 0.9, reason="unsupported")
    assert (noted - forbidding).reason == (forbidding - noted).reason == "unsupported"
    assert claim_parts.highest([noted, forbidding]).reason == "unsupported"
    assert (noted - Estimate(0.8, 0.7, 0.9)).reason == NOTED[0]


def test_expected_ranges_are_written_as_bounds_and_margins():
    assert [expected.text for expected in (above(1), below(1.9), about(0.75, 0.15))] == ["> 1", "< 1.9", "0.75 +- 0.15"]


def test_the_interval_of_a_difference_adds_the_distances_to_the_ends_in_quadrature():
    found = Estimate(5, 2, 9) - Estimate(1, -2, 5)
    assert (found.value, found.low, found.high) == (4, 4 - 5, 4 + 5)
    assert Estimate(5, 5, 9) - Estimate(1, 1, 1) == Estimate(4, 4, 8)


def test_an_estimate_is_taken_at_a_position_or_a_label():
    found = results([run("a")], msd=[file("a", exponent=[1.5, 0.5])])
    assert found.estimate("msd", "a", "exponent", window=-1, fit="paper") == Estimate(0.5, 0.4, 0.6)
    assert found.estimate("hessian", "a", "eigenvalue", window=0) is None


def test_identical_designs_vary_no_factor():
    """A user-defined network has no depth; threads and recordings do not change the experiment."""
    found = Results("a", [run("a", "mine"), run("again", "mine", threads=2), run("seed", "mine", seed=1)])
    for factors in (["depth"], ["batch_size"], ["lr"], ["epochs", "steps"]):
        assert found.varied(*factors) == []
    assert found.varied("seed") == ["seed"]
    assert runs_chen2022.other_architectures(found).names == ["seed"]


def test_runs_of_other_depths_vary_the_depth():
    depths = {"a": 14, "same": 14, "deep": 56, "other": 56}
    runs = [run(name, arguments={"depth": depth}, lr=0.2 if name == "other" else 0.1) for name, depth in depths.items()]
    assert Results("a", runs).varied("depth") == ["deep"]


def about_depth(runs, **tau0):
    """(runs, verdict) of the claim on depth, with tau_0 of the runs."""
    row = row_of("tau_0 grows with depth", results(runs, msd=[file(r, crossover_lag=[v]) for r, v in tau0.items()]))
    return row["runs"], row["verdict"]


def test_networks_without_a_depth_leave_the_claim_on_depth_without_a_run():
    assert about_depth([run("a", "mine"), run("again", "mine", threads=2)], a=5) == ("", "not run")


def test_the_claim_on_depth_compares_deep_with_shallow_whichever_is_the_base():
    deep = [run("a", arguments={"depth": 56}), run("b", arguments={"depth": 14})]
    assert about_depth(deep, a=50, b=10) == ("a against b", "agrees")
    shallow = [run("a", arguments={"depth": 14}), run("b", arguments={"depth": 56})]
    assert about_depth(shallow, a=10, b=50) == ("b against a", "agrees")


def test_the_batch_size_farthest_from_the_base_is_compared():
    sizes = {"a": 32, "double": 64, "eighth": 4, "fourfold": 128}
    runs = [run(name, batch_size=size) for name, size in sizes.items()]
    exponents = [file("a", exponent=[1.0]), file("eighth", exponent=[1.5])]
    row = row_of("exponent independent of batch size", results(runs, msd=exponents))
    assert (row["runs"], row["estimate"], row["verdict"]) == ("eighth against a", 0.5, "differs")


@pytest.mark.parametrize(("rate", "runs", "verdict"), [(0.01, "slow", "differs"), (0.05, "", "not run")])
def test_only_a_tenth_of_the_learning_rate_is_small(rate, runs, verdict):
    slower = [run("a"), run("slow", lr=rate), run("fast", lr=0.2)]
    msd = [file(name, exponent=[1.2, 0.8]) for name in ("a", "slow", "fast")]
    row = row_of("a small learning rate stays superdiffusive", results(slower, msd=msd))
    assert (row["runs"], row["verdict"]) == (runs, verdict)


@pytest.mark.parametrize(("epochs", "runs"), [(4999, ""), (5000, "long")])
def test_a_long_run_has_at_least_5000_epochs(epochs, runs):
    found = results([run("a"), run("long", epochs=epochs)], msd=[file("long", exponent=[1.2, 0.8])])
    assert row_of("subdiffusive after 5,000 epochs", found)["runs"] == runs


def test_an_unknown_exponent_leaves_the_claim_on_all_runs_undecided():
    runs = [run("a"), run("b", batch_size=64), run("c", seed=1)]
    for unknown, verdict in ((0.9, "undecided"), (NAN, "undecided"), (0.7, "agrees")):
        msd = [file("a", exponent=[1, 1]), file("b", exponent=[1, 0.8]), file("c", exponent=[1, unknown])]
        row = row_of("subdiffusive in the end for every depth, batch and shortcut", results(runs, msd=msd))
        assert (row["runs"], row["verdict"]) == ("b, c", verdict)


def test_a_change_within_a_run_is_of_the_named_windows():
    found = results([run("a")], msd=[file("a", exponent=[1.5, 1.25])], tails=[])
    row = row_of("superdiffusion attenuates", found)
    assert (row["estimate"], row["verdict"]) == (0.25, "agrees")
    assert row_of("tails grow lighter", found)["verdict"] == "not run"


def test_the_ratio_of_eigenvalues_has_the_residuals_as_its_interval():
    values = {"eigenvalue": [[4.0, 1], [9, 9], [2, 1]], "residual": [[1.0, 9], [9, 9], [0.5, 9]]}
    hessian = xr.Dataset({k: (("step", "rank"), v) for k, v in values.items()}, attrs={"run": "a"})
    row = row_of("curvature falls during training", results([run("a")], hessian=[hessian]))
    assert (row["estimate"], row["low"], row["high"]) == (0.5, 1.5 / 5, 2.5 / 3)
    assert (row["verdict"], row["reason"]) == ("undecided", "solver only")


@pytest.mark.parametrize(
    ("points", "limit", "excess", "verdict", "reason"),
    [
        (25, 2.5, 0.4, "agrees", ""),
        (129, 2.0, -0.1, "differs", ""),
        (25, 2.0, -0.1, "undecided", "coarse grid"),  # may be rough at shorter distances
        (25, 2.3, 0.05, "undecided", "null agrees too"),  # so is the quadratic fitted to it
        (129, 2.1, 0.1, "undecided", ""),
        (129, NAN, NAN, "undecided", ""),
    ],
)
def test_a_rough_surface_has_a_higher_dimension_than_the_quadratic_fitted_to_it(points, limit, excess, verdict, reason):
    values = {"extrapolated_dimension": limit, "excess_dimension": excess}
    ends = {
        f"{name}{end}": value + d
        for name, value in values.items()
        for end, d in {"": 0, "_low": -0.1, "_high": 0.1}.items()
    }
    found = results([run("a")], dimension=[xr.Dataset(ends | {"points": points}, attrs={"run": "a"})])
    row = row_of("loss surface rougher than a smooth bowl", found)
    assert (row["expected"], row["verdict"], row["reason"]) == ("> 0.05", verdict, reason)
    assert row_of("loss surface rougher than a smooth bowl", results([run("a")]))["verdict"] == "not run"


ENDS = (("", 0.0), ("_low", -0.1), ("_high", 0.1))
STAGES = ("descent", "approach", "basin", "whole", "start")


def toy_walk(landscape, alpha=1.5, **exponents):
    """toy/LANDSCAPE.nc of four surfaces: an exponent for each stage from both kinds of start, alpha, and others."""
    values = {
        "exponent": (("start", "stage"), np.array([[exponents.get(stage, np.nan) for stage in STAGES]] * 2)),
        "chosen": ((), exponents.get("chosen", np.nan)),
        "alpha": ((), alpha),
        "ratio_share": ((), exponents.get("ratio_share", np.nan)),
    }
    shifts = np.array([-0.01, 0, 0, 0.01])
    data = {f"{name}{end}": (dims, value + shift) for name, (dims, value) in values.items() for end, shift in ENDS}
    data |= {
        f"{name}_each": (("replicate", *dims), np.add.outer(shifts, value)) for name, (dims, value) in values.items()
    }
    coordinates = {"start": ["random", "high"], "stage": list(STAGES)}
    return xr.Dataset(data, coordinates, {"settings": json.dumps({"landscape": landscape})})


def test_the_table_has_a_row_for_every_claim_in_order():
    toy = [
        toy_walk("fractal", 1.5, descent=1.5, basin=0.5, whole=0.6, start=1.4, chosen=1.6, ratio_share=0.8),
        toy_walk("random", 1.9, whole=0.6),
        toy_walk("convex", 1.6, descent=1.9, basin=0.7, whole=1.0, start=1.3, chosen=1.8, ratio_share=0.1),
        toy_walk("flat", np.nan, descent=1.0, basin=0.97, whole=1.0, start=1.0, chosen=1.04),
    ]
    table = claims.compute([run("a")], toy, [], base="a", **{kind: [] for kind in KINDS})
    assert list(table.columns) == list(claims.COLUMNS)
    assert list(table.claim) == [claim.text for paper in claims.PAPERS for claim in paper.CLAIMS]
    assert list(table.paper.unique()) == [paper.PAPER for paper in claims.PAPERS]
    assert table.claim.is_unique
    rows = table[table.runs.str.startswith("toy")]
    assert list(zip(rows.estimate.round(9), rows.verdict, rows.reason, strict=True)) == [
        (1.5, "undecided", NULL),  # on a paraboloid too
        (-0.4, "differs", ""),  # and less than there
        (1.6, "undecided", NULL),
        (1.4, "undecided", NULL),
        (0.1, "agrees", ""),
        (0.5, "undecided", NULL),
        (-0.2, "agrees", ""),
        (1.5, "undecided", NULL),
        (-0.1, "agrees", ""),
        (0.8, "agrees", ""),
        (0.6, "agrees", ""),
        (1.9, "agrees", ""),
    ]
    assert set(table[~table.runs.str.startswith("toy")].verdict) == {"not run"}


def test_a_null_that_was_measured_agrees_only_by_its_own_interval():
    clear = Estimate(1.2, 1.1, 1.3)
    for null, expected in [((1.4, 1.3, 1.5), NULL), ((1.02, 0.98, 1.06), ""), ((0.9, 0.8, 1.0), "")]:
        found = above(1).verdict(replace(clear, nulls=(Estimate(np.nan, np.nan, np.nan), Estimate(*null))))
        assert found == ("undecided" if expected else "agrees", expected)
    assert above(2).verdict(replace(clear, nulls=(Estimate(3, 2.9, 3.1),))) == ("differs", "")


def test_a_paired_difference_is_of_the_same_surfaces():
    first, second = (toy_walk(name, descent=value) for name, value in (("fractal", 1.5), ("convex", 1.2)))
    first["alpha_each"] = ("replicate", [1.0, 1.5, np.nan, 2.0])
    second["alpha_each"] = ("replicate", [1.1, 1.5, 1.0, 2.2])
    found = Results("a", [run("a")], toy=[first, second])
    pair = claim_parts.toys("fractal", "convex")(found)
    assert pair.text == "toy fractal against convex"
    estimate = claim_parts.paired("toy", "alpha")(found, *pair.names)
    mean, _, half = student_mean(np.array([-0.1, 0.0, -0.2]))
    assert (estimate.value, estimate.high - estimate.value) == pytest.approx((mean, half))
    assert claim_parts.paired("toy", start="high", stage="descent")(found, *pair.names).value == pytest.approx(0.3)
    assert claim_parts.paired("toy")(found, "toy cone", pair.names[1]) is None
    shorter = Results("a", [run("a")], toy=[first, second.isel(replicate=slice(2))])
    assert np.isnan(claim_parts.paired("toy", "alpha")(shorter, *pair.names).value)


def test_a_claim_may_find_its_expected_range_in_the_results():
    claim = Claim(
        "t", "s", claim_parts.base, "q", lambda found: below(len(found.runs)), claim_parts.value("msd", window=0)
    )
    plain = xr.Dataset({f"exponent{end}": ("window", [0.5]) for end in ("", "_low", "_high")}, attrs={"run": "a"})
    assert claim.row(results([run("a")], msd=[plain]))[2:] == ("a", "q", "< 1", 0.5, 0.5, 0.5, "agrees", "")


# Reasons that the files tell


def supported_msd(first, last, lags):
    """msd.nc of run a: exponent 1.5 first and 0.5 last, fitted from lag `first` to `last`, with these lags supported."""
    lag = np.arange(1, 11)
    more = {
        "supported": (("window", "lag"), np.tile(np.isin(lag, lags).astype(float), (2, 1))),
        "first_lag": (("window", "fit"), np.full((2, 1), float(first))),
        "last_lag": (("window", "fit"), np.full((2, 1), float(last))),
    }
    return file("a", exponent=[1.5, 0.5]).assign_coords(lag=lag).assign(more)


@pytest.mark.parametrize(
    ("first", "last", "lags", "expected"),
    [
        (1, 10, [1, 2, 3], ("agrees", "")),  # 54 % of a decade
        (1, 10, [1, 2], ("undecided", "unsupported")),  # 39 %
        (3, 10, [1, 2, 3], ("undecided", "unsupported")),
        (3, 10, [], ("undecided", "unsupported")),
        (8, 8, [8], ("agrees", "")),
        (NAN, NAN, [], ("agrees", "")),  # nothing was fitted: the exponent itself would be NaN
    ],
)
def test_a_fit_is_supported_on_half_of_its_range(first, last, lags, expected):
    found = results([run("a")], msd=[supported_msd(first, last, lags)])
    row = row_of("subdiffusive in the end", found)
    assert (row["verdict"], row["reason"]) == expected
    row = row_of("superdiffusion attenuates", found)
    assert (row["verdict"], row["reason"]) == expected


@pytest.mark.parametrize(
    ("exponent", "excess", "direction", "expected"),
    [
        (0.8, -0.2, 0.8, ("agrees", "")),
        (0.8, -0.05, 0.8, ("undecided", "large steps only")),  # the interval of the excess holds 0
        (0.8, 0.2, 0.8, ("undecided", "large steps only")),
        (0.8, NAN, 0.8, ("undecided", "large steps only")),
        (0.8, -0.2, 1.05, ("agrees", "")),  # within the error of the exponent
        (0.8, -0.2, 1.2, ("agrees", "length and direction coupled")),
        (0.8, -0.2, NAN, ("agrees", "")),  # steps within rounding have no directions
        (1.2, 0.05, 0.8, ("undecided", "large steps only")),
        (1.2, 0.2, 0.8, ("differs", "length and direction coupled")),
        (0.95, 0.2, 1.2, ("undecided", "")),  # does not differ from 1 itself
    ],
)
def test_an_exponent_is_judged_on_its_step_lengths_and_directions_too(exponent, excess, direction, expected):
    msd = file("a", exponent=[1, exponent], excess=[0, excess], direction_exponent=[1, direction])
    row = row_of("subdiffusive in the end", results([run("a")], msd=[msd]))
    assert (row["verdict"], row["reason"]) == expected


def test_an_unsupported_run_leaves_the_claim_on_all_runs_undecided():
    runs = [run("a"), run("b", seed=1), run("c", seed=2)]
    weak = supported_msd(4, 10, []).assign_attrs(run="c")
    msd = [file("a", exponent=[1, 1]), file("b", exponent=[1, 0.8]), weak]
    row = row_of("subdiffusive in the end for every depth, batch and shortcut", results(runs, msd=msd))
    assert (row["estimate"], row["verdict"], row["reason"]) == (0.8, "undecided", "unsupported")


def test_a_run_that_did_not_learn_decides_no_claim():
    noise = 2.3 + 1e-3 * np.random.default_rng(0).standard_normal(200)
    msd = [file("a", exponent=[1.5, 0.5]), file("b", exponent=[1.5, 0.5])]
    for loss, expected in ((noise, ("undecided", "did not learn")), (noise - np.arange(200) / 1e4, ("agrees", ""))):
        found = results([run("a", loss=loss), run("b", batch_size=64)], msd=msd)
        row = row_of("subdiffusive in the end", found)
        assert (row["verdict"], row["reason"]) == expected
    found = results([run("a"), run("b", batch_size=64, loss=noise)], msd=msd)
    row = row_of("exponent independent of batch size", found)
    assert (row["verdict"], row["reason"]) == ("undecided", "did not learn")


def test_a_divergence_is_the_reason_where_it_took_the_estimate():
    found = results([run("a", diverged=40)], msd=[file("a", exponent=[1.5, NAN])])
    for claim, expected in (("subdiffusive in the end", ("undecided", "diverged")),
                            ("superdiffusive at first, beyond tau_0", ("agrees", ""))):  # fmt: skip
        row = row_of(claim, found)
        assert (row["verdict"], row["reason"]) == expected
    row = row_of("subdiffusive in the end", results([run("a")], msd=[file("a", exponent=[1.5, NAN])]))
    assert (row["verdict"], row["reason"]) == ("undecided", "")


def test_the_null_of_the_path_is_compared_with_its_claims():
    path = file("a", exponent=[1.2, 0.75]).assign(exponent_null=(("window", "fit"), [[1.0], [0.8]]))
    path = path.assign_coords(fit=["long"])
    row = row_of("contour exponent 0.75 in the end", results([run("a")], path=[path]))
    assert (row["verdict"], row["reason"]) == ("undecided", "null agrees too")
    path.exponent_null[1] = 1.0
    row = row_of("contour exponent 0.75 in the end", results([run("a")], path=[path]))
    assert (row["verdict"], row["reason"]) == ("agrees", "")


# Claims, each on data where it agrees, differs and is undecided


THREE = ("agrees", "differs", "undecided")


def short_and_long(short, long):
    """path.nc of run a, whose first window has these exponents of short and long contours, -+ 0.1."""
    exponents = np.array([[short, long], [NAN, NAN]])
    ends = {
        f"exponent{end}": (("window", "fit"), exponents + d) for end, d in {"": 0, "_low": -0.1, "_high": 0.1}.items()
    }
    return xr.Dataset(ends, {"fit": ["short", "long"]}, {"run": "a"})


def test_long_contours_are_compared_with_short_ones():
    for long, verdict in zip((1.5, 0.5, 1.05), THREE, strict=True):
        found = results([run("a")], path=[short_and_long(1.0, long)])
        row = row_of("contour exponent larger on long contours than on short ones", found)
        assert (row["estimate"], row["verdict"]) == (pytest.approx(long - 1), verdict)


def test_the_transverse_exponent_is_that_of_the_last_window():
    for exponent, verdict in zip((0.05, 1.0, 0.2), THREE, strict=True):
        path = file("a", transverse_exponent=[9, exponent]).isel(fit=0)
        row = row_of("transverse distance does not scale with the chord", results([run("a")], path=[path]))
        assert (row["estimate"], row["verdict"]) == (exponent, verdict)


def test_sections_of_the_surface_are_compared_with_the_published_dimension():
    for value, verdict in zip((1.8, 1.4, 1.7), THREE, strict=True):
        ends = {f"profile_dimension{end}": value + d for end, d in {"": 0, "_low": -0.05, "_high": 0.05}.items()}
        found = results([run("a")], dimension=[xr.Dataset(ends, attrs={"run": "a"})])
        row = row_of("dimension 1.8 of the projected loss surface", found)
        assert (row["estimate"], row["verdict"]) == (value, verdict)


def alphas(*alpha, spread=0.1):
    """tails.nc of run a with the stability parameter of each window; the interval ends at 2."""
    ends = {"": 0, "_low": -spread, "_high": spread}
    return xr.Dataset(
        {f"alpha{end}": ("window", np.minimum(np.array(alpha) + d, 2)) for end, d in ends.items()}, attrs={"run": "a"}
    )


@pytest.mark.parametrize(
    ("alpha", "estimate", "verdict"),
    [((1.2, 1.8, 1.5), 1.8, "agrees"), ((1.2, 1.95, 1.5), 1.95, "undecided"), ((1.2, NAN, 1.5), NAN, "undecided")],
)
def test_one_window_that_may_be_gaussian_leaves_the_stable_law_undecided(alpha, estimate, verdict):
    """A Gaussian is a stable law of alpha = 2: no estimate lies beyond it, and the claim cannot differ."""
    row = row_of("stable law better than a Gaussian in every window", results([run("a")], tails=[alphas(*alpha)]))
    np.testing.assert_equal((row["estimate"], row["verdict"]), (estimate, verdict))


def vuong(z):
    """tails.nc of run a: Vuong's statistic [window, rival]; there is none against the Gaussian."""
    z = np.column_stack([np.full(len(z), NAN), z])
    return xr.Dataset(
        {"vuong_z": (("window", "rival"), z)}, {"rival": ["gaussian", "laplace", "student-t"]}, {"run": "a"}
    )


@pytest.mark.parametrize(
    ("worst", "verdict"),
    [(2.1, "agrees"), (1.8, "undecided"), (-2.1, "undecided"), (-2.6, "differs"), (NAN, "undecided")],
)
def test_the_stable_law_must_win_every_comparison(worst, verdict):
    found = results([run("a")], tails=[vuong([[5.0, 7.0], [9.0, worst]])])
    row = row_of("stable law better than other heavy-tailed laws in every window", found)
    np.testing.assert_equal((row["estimate"], row["verdict"]), (worst, verdict))
    assert row["low"] == pytest.approx(worst - 1.96, abs=0.001, nan_ok=True)
    assert row["high"] == pytest.approx(worst + 2.498, abs=0.001, nan_ok=True)  # 0.05 / 4 two-sided


FLUCTUATIONS = {
    "loss changes |L_t+1 - L_t| fall during training": "loss_change",
    "moving variance of the loss falls during training": "moving_variance",
}


def fluctuating(width, seed=0, steps=2000):
    """fluctuations.nc of run a, whose losses are noise of this width [step]."""
    loss = width * np.random.default_rng(seed).standard_normal(steps)
    training = xr.Dataset({"loss": ("step", loss)}, {"step": np.arange(steps)})
    # one copy: no claim on a ratio reads a null
    return fluctuations.compute(training, interval=40, copies=1).assign_attrs(run="a", settings='{"interval": 40}')


@pytest.mark.parametrize("claim", FLUCTUATIONS)
def test_fluctuations_of_the_last_fifth_are_compared_with_those_of_the_first(claim):
    middle = np.where(np.abs(np.arange(2000) - 1000) < 590, 50.0, 1.0)  # between the two fifths anything may happen
    for factor, verdict in zip((0.5, 2.0, 1.0), THREE, strict=True):
        width = middle * np.where(np.arange(2000) < 1000, 1, factor)
        row = row_of(claim, results([run("a")], fluctuations=[fluctuating(width)]))
        assert row["verdict"] == verdict
        power = 2 if "variance" in claim else 1
        assert row["estimate"] == pytest.approx(factor**power, rel=0.35)


@pytest.mark.slow
@pytest.mark.parametrize("claim", FLUCTUATIONS)
def test_the_interval_of_a_ratio_of_fluctuations_holds_the_truth(claim):
    rows = (row_of(claim, results([run("a")], fluctuations=[fluctuating(1.0, seed)])) for seed in range(200))
    held = np.mean([row["low"] <= 1 <= row["high"] for row in rows])
    assert 0.9 < held <= 1  # 95 % of 200: below 0.9 with probability 2e-3


@pytest.mark.parametrize("claim", FLUCTUATIONS)
def test_too_short_a_run_and_one_that_diverged_have_no_ratio(claim):
    short = fluctuating(1.0, steps=360)  # nine blocks: one in a fifth
    row = row_of(claim, results([run("a")], fluctuations=[short]))
    assert np.isnan(row["estimate"])
    width = np.where(np.arange(2000) < 1900, 1.0, NAN)
    row = row_of(claim, results([run("a", diverged=1900)], fluctuations=[fluctuating(width)]))
    assert (row["verdict"], row["reason"]) == ("undecided", "diverged")
    assert row_of(claim, results([run("a")]))["verdict"] == "not run"


def test_blocks_share_no_loss():
    """A step that leads from one block to the next belongs to neither, a variance only to the block that it is of."""
    change = np.array([1.0, 1, 1, 99])
    assert quantities_chen2022.within_block(change) == 1
    data = fluctuating(1.0)
    blocks = [quantities_chen2022.at_centre(data.moving_variance.values[k : k + 40]) for k in (0, 40)]
    loss = np.random.default_rng(0).standard_normal(2000)
    np.testing.assert_allclose(blocks, [loss[:40].var(ddof=1), loss[40:80].var(ddof=1)])


def tau0_row(claim, runs, **tau0):
    return row_of(claim, results(runs, msd=[file(name, crossover_lag=[lag]) for name, lag in tau0.items()]))


def test_a_network_with_shortcuts_is_compared_with_one_without_whichever_is_the_base():
    for base, other in (("a", "b"), ("b", "a")):
        runs = [
            run(base, arguments={"depth": 14, "shortcut": True}),
            run(other, arguments={"depth": 14, "shortcut": False}),
        ]
        for lag, verdict in zip((40, 60, 50), THREE, strict=True):
            found = results(runs, msd=[file(base, crossover_lag=[lag]), file(other, crossover_lag=[50])], base="a")
            row = row_of("shortcuts lower tau_0", found)
            assert (row["runs"], row["estimate"], row["verdict"]) == (f"{base} against {other}", lag - 50, verdict)
    assert tau0_row("shortcuts lower tau_0", [run("a")], a=5)["verdict"] == "not run"


def test_batch_sizes_are_compared_at_the_depth_that_a_claim_names():
    sizes = {"a": (14, 32), "b": (14, 128), "c": (20, 512), "d": (20, 64), "e": (20, 128), "f": (56, 4)}
    runs = [run(name, arguments={"depth": depth}, batch_size=batch) for name, (depth, batch) in sizes.items()]
    for lag, verdict in zip((40, 60, 50), THREE, strict=True):
        row = tau0_row("tau_0 falls with batch size at depth 14", runs, a=50, b=lag)
        assert (row["runs"], row["verdict"]) == ("b against a", verdict)
        row = tau0_row("tau_0 falls with batch size at depth 20", runs, c=lag, d=50)
        assert (row["runs"], row["verdict"]) == ("c against d", verdict)
    assert tau0_row("tau_0 falls with batch size at depth 20", runs[:3], a=5, b=5, c=5)["verdict"] == "not run"


VARIANTS = {
    "in windows of 10,000 steps": {"window": 10_000},
    "on MNIST": {"dataset": "mnist", "family": "small"},
    "with the KL divergence": {"loss_name": "kl-divergence"},
    "without batch norm": {"arguments": {"batch_norm": False}},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_the_base_run_behave_as_it_does(variant):
    """Each has one run that differs from the base in what the claim names, and one that must not be taken for it."""
    settings = dict(VARIANTS[variant])
    common = {"dataset": "cifar10", "loss_name": "cross-entropy"}
    wrong = (
        {"window": 9999} if "window" in settings else {"dataset": "surrogate"} if "dataset" in settings else {"lr": 0.2}
    )
    runs = [variant_run("a", **common), variant_run("wrong", **common | wrong), variant_run("b", **common | settings)]
    for first, last, verdict in zip((1.5, 0.5, 1.05), (0.5, 1.5, 1.05), THREE, strict=True):
        msd = [file(name, exponent=[first, last] if name == "b" else [1.0, 1.0]) for name in ("a", "wrong", "b")]
        for claim in (f"superdiffusive at first {variant}", f"subdiffusive in the end {variant}"):
            row = row_of(claim, results(runs, msd=msd))
            assert (row["runs"], row["verdict"]) == ("b", verdict)
            assert row_of(claim, results(runs[:2], msd=msd))["verdict"] == "not run"


def variant_run(name, loss_name, **settings):
    """A run whose settings contain its loss function."""
    data = run(name, **settings)
    stored = json.loads(data.attrs["run_settings"]) | {"loss": loss_name}
    return data.assign_attrs(run_settings=json.dumps(stored))


FINE_FIT = {"misfit_p": 0.5, "delta_aic": 0.0}


@pytest.mark.parametrize(
    ("status", "fit", "training", "value", "verdict", "reason"),
    [
        (("ok", "ok"), {}, {}, 1.3, "agrees", ""),
        (("ok", "ok"), {}, {}, 0.7, "differs", ""),
        (("uneven steps", "ok"), {}, {}, 1.3, "agrees", ""),  # of the unit steps
        (("uneven steps", "not separable"), {}, {}, 1.3, "undecided", "fit only describes"),
        (("ok", "ok"), {"misfit_p": 0.01}, {}, 1.3, "undecided", "model misfits"),
        (("ok", "ok"), {"delta_aic": 5.0}, {}, 1.3, "undecided", "other model"),
        (("ok", "ok"), {"delta_aic": 3.0}, {}, 1.3, "agrees", ""),
        (("ok", "ok"), {}, {"momentum": 0.9}, 1.3, "undecided", "momentum"),
        (("ok", "ok"), {}, {"optimiser": "adam"}, 1.3, "undecided", "momentum"),
        (("ok", "ok"), {"momentum": 0.9}, {"momentum": 0.9}, 1.3, "agrees", ""),
    ],
)
def test_persistence_beyond_a_drift_is_read_from_a_likelihood_that_holds(status, fit, training, value, verdict, reason):
    dims = ("window", "walk", "drift", "model")
    exponent = np.full((2, 2, 2, 1), 5.0)
    exponent[0, 0 if status[0] == "ok" else 1, 1] = value
    fits = xr.Dataset(
        {f"exponent{end}": (dims, exponent + shift) for end, shift in {"": 0, "_low": -0.1, "_high": 0.1}.items()}
        | {name: (dims, np.full(exponent.shape, fit.get(name, usual))) for name, usual in FINE_FIT.items()}
        | {"status": (dims[:2], [status, status]), "momentum": fit.get("momentum", 0.0)},
        {"walk": ["steps", "unit steps"], "drift": ["kept", "projected out"], "model": ["fractional + white noise"]},
        {"run": "a"},
    )
    found = results([run("a", **training)], walk_models=[fits])
    row = row_of("superdiffusive at first by persistence, not by a drift", found)
    assert (row["verdict"], row["reason"]) == (verdict, reason)
    if verdict != "undecided":
        assert row["estimate"] == value


@pytest.mark.parametrize(
    ("claim", "window", "variable"),
    [
        ("superdiffusive at first by persistence, not by a drift", 0, "exponent"),
        ("subdiffusive at first by memory, not by a bounce", 0, "exponent"),
        ("subdiffusive at first by a bounce", 0, "noise_share"),
        ("subdiffusive in the end by memory, not by a bounce", 1, "exponent"),
    ],
)
def test_a_claim_by_likelihood_reads_its_window_without_the_drift(claim, window, variable):
    dims = ("window", "walk", "drift", "model")
    numbers = np.arange(8.0).reshape(2, 2, 2, 1)
    fits = xr.Dataset(
        {f"{name}{end}": (dims, numbers + 10 * (name == "noise_share")) for end in ("", "_low", "_high")
         for name in ("exponent", "noise_share")}
        | {"misfit_p": (dims, numbers + 1), "status": (dims[:2], [["ok", "ok"]] * 2), "momentum": 0.0,
           "delta_aic": (dims, 0 * numbers)},
        {"walk": ["steps", "unit steps"], "drift": ["kept", "projected out"], "model": ["fractional + white noise"]},
        {"run": "a"},
    )  # fmt: skip
    expected = numbers[window, 0, 1, 0] + 10 * (variable == "noise_share")
    assert row_of(claim, results([run("a")], walk_models=[fits]))["estimate"] == expected


@pytest.mark.parametrize(
    ("change", "start", "status", "estimate", "verdict", "reason"),
    [
        (300, 240, "ok", 60.0, "agrees", ""),  # a window apart
        (360, 240, "ok", 120.0, "differs", ""),
        (300, 240, "uneven steps", 60.0, "undecided", "fit only describes"),
        (300, 60, "ok", 240.0, "undecided", "at an end"),
        (300, 540, "ok", -240.0, "undecided", "at an end"),
        (np.nan, 240, "ok", np.nan, "undecided", ""),
        (300, np.nan, "ok", np.nan, "undecided", ""),
    ],
)
def test_the_law_changes_within_a_window_of_the_regime(change, start, status, estimate, verdict, reason):
    starts = 60 * np.arange(10)
    models = xr.Dataset(
        {"change": change, "change_low": change - 25, "change_high": change + 25}
        | {"status": (("window", "walk"), np.full((10, 1), status)), "window_start": ("window", starts)},
        {"walk": ["steps"]},
        {"run": "a"},
    )
    msd = xr.Dataset({"regime_start": start}, attrs={"run": "a"})
    found = results([run("a", window=60)], walk_models=[models], msd=[msd])
    row = row_of("the law of the walk changes where the subdiffusive regime starts", found)
    assert (row["verdict"], row["reason"]) == (verdict, reason)
    np.testing.assert_equal(row["estimate"], estimate)


def test_a_window_without_a_likelihood_says_so():
    dims = ("window", "walk", "drift", "model")
    fits = xr.Dataset(
        {f"exponent{end}": (dims, np.full((1, 2, 2, 1), np.nan)) for end in ("", "_low", "_high")}
        | {name: (dims, np.full((1, 2, 2, 1), np.nan)) for name in FINE_FIT}
        | {"status": (dims[:2], [["steps of length zero"] * 2]), "momentum": 0.0},
        {"walk": ["steps", "unit steps"], "drift": ["kept", "projected out"], "model": ["fractional + white noise"]},
        {"run": "a"},
    )
    row = row_of("subdiffusive at first by memory, not by a bounce", results([run("a")], walk_models=[fits]))
    assert (row["verdict"], row["reason"]) == ("undecided", "no likelihood")
