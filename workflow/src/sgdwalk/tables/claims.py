"""claims.csv: what the paper says, what this study measured, and whether the two agree."""

import pandas as pd
import xarray as xr

from sgdwalk.tables.claims_chen2022 import CLAIMS
from sgdwalk.tables.study_results import Results

COLUMNS = ("claim", "source", "runs", "quantity", "expected", "estimate", "low", "high", "verdict", "reason")


def compute(training: list[xr.Dataset], toy: list[xr.Dataset], *, base: str, **files: list[xr.Dataset]) -> pd.DataFrame:
    """A row per claim, with the columns of COLUMNS.

    agrees / differs: the whole 95 % interval lies inside the expected range / outside; undecided: it overlaps the
    edge of the range, there is no interval, or a reason (see verdicts.REASONS) speaks against a verdict; not run: the
    study has no run for it.

    training: training.nc of all runs. toy: the toy walks. base: name of the base run. files: the files of the runs
    that have them, by kind (msd, path, msl, tails, fluctuations, hessian, dimension).
    """
    results = Results(base, training, toy, **files)
    return pd.DataFrame([claim.row(results) for claim in CLAIMS], columns=COLUMNS)
