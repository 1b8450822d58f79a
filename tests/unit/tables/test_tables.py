"""Tables of a study: checks and claims."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sgdwalk.tables import check, checks, claims
from walks import distances_of

KNOWN = ("exponent", "crossover_lag")


def trained(train_error, test_error):
    """What the checks read of training.nc."""
    series = {name: ("step", np.ones(4)) for name in ("displacement", "step_length")}
    errors = {"train_error": ("epoch", np.array(train_error)), "test_error": ("epoch", np.array(test_error))}
    return xr.Dataset({**series, **errors, "diverged_step": -1})


def test_errors_that_nobody_measured_fail_no_check():
    nan = [np.nan, np.nan]
    for train, test, expected in (
        ([0.5, 0.1], nan, True),
        (nan, nan, True),
        ([0.5, 1.1], nan, False),
        ([0.5, np.inf], nan, False),
    ):
        passed = {name: good for name, good, _ in check.checks_of_training(trained(train, test))}
        assert passed["errors between 0 and 1"] == expected


@pytest.mark.filterwarnings("error")
def test_weights_that_stand_still_have_sound_distances():
    training = trained([0.5], [0.5]).assign(step_length=("step", np.zeros(4)))
    found = list(check.checks_of_distances(distances_of(np.ones((4, 2))), training))
    assert [name for name, passed, _ in found if not passed] == []
    assert [detail for _, _, detail in found if detail] == ["1 of 1", "0.0e+00 of the largest step", "0.0e+00"]


@pytest.mark.parametrize(("low", "high", "expected"), [(1, 2, True), (np.nan, np.nan, True), (2, 1, False)])
def test_an_estimate_may_have_no_interval_but_none_that_is_reversed(low, high, expected):
    fits = xr.Dataset({"exponent": ("fit", [1.5]), "exponent_low": ("fit", [low]), "exponent_high": ("fit", [high])})
    found = check.checks_of_analyses(fits, fits, fits, xr.Dataset({"alpha": ("window", [1.5])}))
    assert [passed for name, passed, _ in found if "right way round" in name] == [expected] * 3


def test_the_verdict_names_what_failed_without_empty_brackets(tmp_path):
    columns = ["run", "check", "passed", "detail"]
    rows = [("a", "finite", True, ""), ("a", "in range", False, ""), ("a", "windows", False, "1 of 2")]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "check.csv", index=False)
    whole = tmp_path / "checks.csv"
    table = checks.compute([str(tmp_path / "check.csv")])
    table.to_csv(whole, index=False)
    with pytest.raises(RuntimeError, match=r"failed checks: a: in range; a: windows \(1 of 2\)$"):
        checks.verdict(str(whole))
    table[table.passed].to_csv(whole, index=False)
    checks.verdict(str(whole))


def run(name, family="resnet", arguments=None, **more):
    """training.nc of a run, its settings alone."""
    factors = {"batch_size": 32, "lr": 0.1, "seed": 0, "epochs": 5, "steps": None} | more
    model = {"factory": family, "arguments": arguments or {}}
    return xr.Dataset(attrs={"run": name, "settings": json.dumps({"run": name, "model_spec": model, **factors})})


def test_runs_that_differ_in_nothing_that_counts_vary_no_factor():
    """An own network has no depth; what is recorded of a walk makes it no other walk."""
    study = claims.Results("a", [run("a", "mine"), run("again", "mine", threads=2), run("seed", "mine", seed=1)])
    for factors in (["depth"], ["batch_size"], ["lr"], ["epochs", "steps"]):
        assert study.varied(*factors) == []
    assert study.varied("seed") == ["seed"]
    assert study.varied(*claims.GEOMETRY) == ["seed"]


def test_runs_of_other_depths_vary_the_depth():
    depths = {"a": 14, "same": 14, "deep": 56, "other": 56}
    runs = [run(name, arguments={"depth": depth}, lr=0.2 if name == "other" else 0.1) for name, depth in depths.items()]
    assert claims.Results("a", runs).varied("depth") == ["deep"]


def about_depth(runs, **tau0):
    """(runs, verdict) of the claim on depth, with tau_0 of the runs."""
    files = {kind: [] for kind in ("msd", "path", "msl", "tails", "hessian", "dimension")}
    for name, value in tau0.items():
        ends = {"": value, "_low": value - 1, "_high": value + 1}
        both = {f"{what}{end}": (("window", "fit"), [[v]]) for what in KNOWN for end, v in ends.items()}
        files["msd"].append(xr.Dataset(both, {"fit": ["paper"]}, {"run": name}))
    rows = [claims.row(*claim) for claim in claims.sweep_claims(claims.Results("a", runs, **files))]
    return next((row[2], row[-1]) for row in rows if row[0] == "tau_0 grows with depth")


def test_claims_are_made_of_networks_without_a_depth():
    assert about_depth([run("a", "mine"), run("again", "mine", threads=2)], a=5) == ("", "not run")


def test_the_claim_on_depth_holds_from_shallow_to_deep_whichever_the_base_is():
    deep = [run("a", arguments={"depth": 56}), run("b", arguments={"depth": 14})]
    assert about_depth(deep, a=50, b=10) == ("a against b", "agrees")
    shallow = [run("a", arguments={"depth": 14}), run("b", arguments={"depth": 56})]
    assert about_depth(shallow, a=10, b=50) == ("b against a", "agrees")
