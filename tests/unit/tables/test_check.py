"""The checks of a run's files, and the verdict on all of them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sgdwalk.tables import check, checks
from walks import distances_of


def trained(train_error, test_error):
    """What the checks read of training.nc."""
    series = {name: ("step", np.ones(4)) for name in ("displacement", "step_length")}
    errors = {"train_error": ("epoch", np.array(train_error)), "test_error": ("epoch", np.array(test_error))}
    return xr.Dataset({**series, **errors, "diverged_step": -1})


def test_errors_that_were_not_measured_fail_no_check():
    nan = [np.nan, np.nan]
    for train, test, expected in (
        ([0.5, 0.1], nan, True),
        (nan, nan, True),
        ([0.5, 1.1], nan, False),
        ([0.5, np.inf], nan, False),
    ):
        passed = {name: good for name, good, _ in check.checks_of_training(trained(train, test))}
        assert passed["errors between 0 and 1"] == expected


def test_what_the_recorder_found_wrong_fails_a_check_that_says_it():
    training = trained([0.5], [0.5])
    for status, expected in (("recorded", (True, "")), ("weights do not move", (False, "weights do not move"))):
        found = {name: rest for name, *rest in check.checks_of_training(training.assign_attrs(status=status))}
        assert tuple(found["recorded is what was trained"]) == expected
    older = {name: passed for name, passed, _ in check.checks_of_training(training)}
    assert older["recorded is what was trained"]


@pytest.mark.filterwarnings("error")
def test_weights_that_do_not_move_pass_the_checks_of_distances():
    training = trained([0.5], [0.5]).assign(step_length=("step", np.zeros(4)))
    found = list(check.checks_of_distances(distances_of(np.ones((4, 2))), training))
    assert [name for name, passed, _ in found if not passed] == []
    assert [detail for _, _, detail in found if detail] == ["1 of 1", "0.0e+00 of the largest step", "0.0e+00"]


@pytest.mark.parametrize(
    ("unknown", "diverged", "expected"), [([], [], True), ([0, 1], [], False), ([1], [], False), ([1], [1], True)]
)
def test_an_msd_may_lack_the_windows_that_diverged_and_no_others(unknown, diverged, expected):
    windows = np.ones((2, 5, 3)).cumsum(1)
    windows[diverged] = np.nan
    msd = np.ones((2, 4))
    msd[unknown, 2] = np.nan
    found = check.check_of_msd(xr.Dataset({"msd": (("window", "lag"), msd)}), distances_of(*windows))
    assert found == ("msd known in every window", expected, f"{2 - len(unknown)} of 2")


@pytest.mark.parametrize(("low", "high", "expected"), [(1, 2, True), (np.nan, np.nan, True), (2, 1, False)])
def test_an_estimate_may_lack_an_interval_but_not_have_a_reversed_one(low, high, expected):
    fits = xr.Dataset({"exponent": ("fit", [1.5]), "exponent_low": ("fit", [low]), "exponent_high": ("fit", [high])})
    found = check.checks_of_analyses(fits, fits, fits, xr.Dataset({"alpha": ("window", [1.5])}))
    assert [passed for name, passed, _ in found if "right way round" in name] == [expected] * 3


def test_the_verdict_names_failed_checks_and_omits_empty_details(tmp_path):
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


def test_a_run_whose_name_is_a_number_keeps_it(tmp_path):
    (tmp_path / "check.csv").write_text("run,check,passed,detail\n007,finite,True,\n1e3,in range,False,0\n")
    assert checks.read(str(tmp_path / "check.csv")).run.tolist() == ["007", "1e3"]
    with pytest.raises(RuntimeError, match=r"failed checks: 1e3: in range \(0\)$"):
        checks.verdict(str(tmp_path / "check.csv"))
