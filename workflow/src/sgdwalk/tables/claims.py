"""claims.csv: what the papers say, what this study measured, and whether the two agree."""

import pandas as pd
import xarray as xr

from sgdwalk.tables import claims_chen2022, claims_feng2021, claims_herrmann2022, claims_kunin2021
from sgdwalk.tables.study_results import Results

PAPERS = (claims_chen2022, claims_feng2021, claims_herrmann2022, claims_kunin2021)
COLUMNS = ("paper", "claim", "source", "runs", "quantity", "expected", "estimate", "low", "high", "verdict", "reason")


def compute(
    training: list[xr.Dataset],
    toy: list[xr.Dataset],
    regression: list[xr.Dataset],
    *,
    base: str,
    **files: list[xr.Dataset],
) -> pd.DataFrame:
    """A row per claim, with the columns of COLUMNS.

    agrees / differs: the whole 95 % interval lies inside the expected range / outside; undecided: it overlaps the
    edge of the range, there is no interval, or a reason (see verdicts.REASONS) speaks against a verdict; not run: the
    study has no run for it.

    training: training.nc of all runs. toy: the toy walks. regression: the linear regressions. base: name of the base
    run. files: the files of the runs that have them, by kind (msd, walk_models, path, msl, tails, fluctuations,
    hessian, dimension, variance_flatness, sensitivity, displacement, speed, phase_space, noise_curvature,
    epoch_memory).
    """
    results = Results(base, training, toy, regression, **files)
    rows = [(paper.PAPER, *claim.row(results)) for paper in PAPERS for claim in paper.CLAIMS]
    return pd.DataFrame(rows, columns=COLUMNS)
