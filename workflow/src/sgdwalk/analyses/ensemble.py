"""Runs that differ only in their seed: ensemble average against time average, and the spread between seeds."""

import numpy as np
import xarray as xr

from sgdwalk import quantiles
from sgdwalk.storage.contracts import Contract, variable, with_interval
from sgdwalk.storage.run_files import WINDOW, WINDOW_START
from sgdwalk.trajectory.between_seeds import between_seeds, mean_curve

CONTRACT = Contract(
    "ensemble",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "lag": variable("lag", "step", "lag"),
        "fit": variable("fit", "1", "fit"),
        "run": variable("run", "1", "run"),
        "time_averaged": variable("run window lag", "1", "time-averaged MSD of each run"),
        "ensemble_averaged": variable(
            "window lag", "1", "squared displacement from the window's start, mean over runs"
        ),
        **with_interval("mean_time_averaged", "window lag", "1", "time-averaged MSD, mean over runs", between="seeds"),
        **with_interval("ergodicity_breaking", "window lag", "1", "ergodicity-breaking parameter", between="seeds"),
        **with_interval("exponent", "window fit", "1", "exponent of the MSD, mean over runs", between="seeds"),
        "runs_used": variable("window fit", "1", "runs with a finite exponent"),
    },
)


def compute(msd: list[xr.Dataset]) -> xr.Dataset:
    """Averages over runs with different seeds, from their msd.nc.

    ergodicity_breaking: EB(lag) = var(d2) / mean(d2)^2 of the time-averaged MSD d2 over runs, with the sample
    variance (He, Burov, Metzler & Barkai 2008) and breaking_interval. The band of the mean MSD is Student's, of the
    logarithms, so that it stays above zero with few seeds. The interval of an exponent is mean +- t s / sqrt(n) over
    the n runs that have one; NaN for fewer than two. With two seeds t is 12.7: such an interval is wide.

    msd: one data set per run, with attribute run; windows that only some runs have are averaged over those.
    Returns the data set of CONTRACT.
    """
    run = xr.DataArray([data.attrs["run"] for data in msd], dims="run", name="run")
    kept = [data[["msd", "msd_from_start", "exponent"]].reset_coords(drop=True) for data in msd]
    together = xr.concat(kept, run, join="outer", coords="minimal", compat="equals")
    average, below, above = mean_curve(together.msd)
    mean, low, high, count = between_seeds(together.exponent)
    breaking = together.msd.var("run", ddof=1) / average**2
    least, most = breaking_interval(breaking, together.msd.notnull().sum("run"))
    return xr.Dataset(
        {
            "time_averaged": together.msd.transpose("run", "window", "lag"),
            "ensemble_averaged": together.msd_from_start.mean("run"),
            "mean_time_averaged": average,
            "mean_time_averaged_low": below,
            "mean_time_averaged_high": above,
            "ergodicity_breaking": breaking,
            "ergodicity_breaking_low": least,
            "ergodicity_breaking_high": most,
            "exponent": mean,
            "exponent_low": low,
            "exponent_high": high,
            "runs_used": count,
        },
        coords={"run": run, "window_start": max((data.window_start for data in msd), key=len)},
    )


def breaking_interval(breaking: xr.DataArray, runs: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """(low, high) of EB: that of a Gaussian variance, (n - 1) EB over the chi-square quantiles of n - 1.

    breaking: EB of n = `runs` runs. NaN for fewer than two. The scatter of the mean in its denominator is left out.
    """
    freedom = np.maximum(runs - 1, 1)
    ends = (xr.DataArray(quantiles.chi2(level, freedom), runs.coords, runs.dims) for level in (0.975, 0.025))
    low, high = (freedom * breaking / end for end in ends)
    return low, high
