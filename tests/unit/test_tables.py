"""Tables of a study: checks and claims."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sgdwalk.tables import check, checks


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
