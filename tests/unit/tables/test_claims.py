"""The claims of a paper: their rows, the runs that they are about, and their verdicts."""

import json

import numpy as np
import pytest
import xarray as xr
from sgdwalk.tables import claim_parts, claims, claims_chen2022
from sgdwalk.tables.claim_parts import Claim
from sgdwalk.tables.study_results import Results
from sgdwalk.tables.verdicts import Estimate, about, above, below

KINDS = ("msd", "path", "msl", "tails", "hessian", "dimension")
NAN = float("nan")


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
    assert expected.verdict(Estimate(*estimate)) == verdict


def test_expected_ranges_are_written_as_bounds_and_margins():
    assert [expected.text for expected in (above(1), below(1.9), about(0.75, 0.15))] == ["> 1", "< 1.9", "0.75 +- 0.15"]


def test_the_interval_of_a_difference_adds_the_distances_to_the_ends_in_quadrature():
    found = Estimate(5, 2, 9) - Estimate(1, -2, 5)
    assert (found.value, found.low, found.high) == (4, 4 - 5, 4 + 5)
    assert Estimate(5, 5, 9) - Estimate(1, 1, 1) == Estimate(4, 4, 8)


def run(name, family="resnet", arguments=None, **more):
    """training.nc of a run, its settings alone."""
    factors = {"batch_size": 32, "lr": 0.1, "seed": 0, "epochs": 5, "steps": None} | more
    model = {"factory": family, "arguments": arguments or {}}
    return xr.Dataset(attrs={"run": name, "settings": json.dumps({"run": name, "model_spec": model, **factors})})


def file(name, **values):
    """A file of a run: each value of two windows and the fit 'paper', with the interval value -+ 0.1."""
    ends = {"": 0.0, "_low": -0.1, "_high": 0.1}
    variables = {
        f"{what}{end}": (("window", "fit"), np.array(windows)[:, None] + shift)
        for what, windows in values.items()
        for end, shift in ends.items()
    }
    return xr.Dataset(variables, {"fit": ["paper"]}, {"run": name})


def results(runs, base="a", **files):
    return Results(base, runs, **{kind: files.get(kind, []) for kind in KINDS})


def row_of(text, found):
    """The row of a claim by column."""
    claim = next(claim for claim in claims_chen2022.CLAIMS if claim.text == text)
    return dict(zip(claims.COLUMNS, claim.row(found), strict=True))


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
    assert claims_chen2022.other_architectures(found).names == ["seed"]


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


@pytest.mark.parametrize(("files", "expected"), [([2.0784, 2.9], "> 2.078"), (None, "> 2")])
def test_a_rough_surface_lies_above_the_reading_of_a_bowl(files, expected):
    found = xr.Dataset({"control_variogram": ("control", files or [0.0])}, attrs={"run": "a"})
    found = found.assign(dimension=2.3, dimension_low=2.2, dimension_high=2.4)
    row = row_of("loss surface rougher than a smooth bowl", results([run("a")], dimension=[found] if files else []))
    assert (row["expected"], row["verdict"]) == (expected, "agrees" if files else "not run")


def toy_walk(landscape, **exponents):
    """toy/LANDSCAPE.nc: an exponent for each stage, and alpha."""
    ends = {"": 0.0, "_low": -0.1, "_high": 0.1}
    stages = {f"exponent{end}": ("stage", np.array(list(exponents.values())) + shift) for end, shift in ends.items()}
    alpha = {f"alpha{end}": 1.5 + shift for end, shift in ends.items()}
    return xr.Dataset(stages | alpha, {"stage": list(exponents)}, {"settings": json.dumps({"landscape": landscape})})


def test_the_table_has_a_row_for_every_claim_in_order():
    toy = [toy_walk(name, descent=1.9, basin=0.5, whole=0.6) for name in ("convex", "fractal", "random")]
    table = claims.compute([run("a")], toy, base="a", **{kind: [] for kind in KINDS})
    assert list(table.columns) == list(claims.COLUMNS)
    assert list(table.claim) == [claim.text for claim in claims_chen2022.CLAIMS]
    assert table.claim.is_unique
    verdicts = table[table.runs.str.startswith("toy")].set_index("claim")
    assert list(verdicts.verdict) == ["agrees"] * 5
    assert list(verdicts.estimate) == [1.9, 0.5, 1.5, 0.6, 1.9]
    assert set(table[~table.runs.str.startswith("toy")].verdict) == {"not run"}


def test_a_claim_may_find_its_expected_range_in_the_results():
    claim = Claim(
        "t", "s", claim_parts.base, "q", lambda found: below(len(found.runs)), claim_parts.value("msd", window=0)
    )
    plain = xr.Dataset({f"exponent{end}": ("window", [0.5]) for end in ("", "_low", "_high")}, attrs={"run": "a"})
    assert claim.row(results([run("a")], msd=[plain]))[2:] == ("a", "q", "< 1", 0.5, 0.5, 0.5, "agrees")
