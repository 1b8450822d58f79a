"""Children that differ only in their seed: how far they go, with intervals between seeds."""

import xarray as xr

from sgdwalk.storage.contracts import Contract, variable, with_interval
from sgdwalk.trajectory.between_seeds import between_seeds, mean_curve

CURVES = {"squared_displacement": "squared displacement from the start", "msd": "time-averaged MSD after the burn-in"}
MEANS = {
    "exponent": ("fit", "exponent c of the squared displacement"),
    "exponent_of_length": ("length", "exponent c of the fit from the start, of a run of this length"),
    "start_exponent": ("time", "running exponent of the squared displacement"),
    "local_exponent": ("lag", "running exponent of the time-averaged MSD"),
    "drift_share": ("lag", "share of the time-averaged MSD due to a mean drift"),
}
TEXTS = CURVES | {name: text for name, (_, text) in MEANS.items()}
DIMS = {"squared_displacement": "time", "msd": "lag"} | {name: dim for name, (dim, _) in MEANS.items()}


CONTRACT = Contract(
    "limiting_ensemble",
    {
        "run": variable("run", "1", "run"),
        "time": variable("time", "step", "steps since the start"),
        "lag": variable("lag", "step", "lag"),
        "fit": variable("fit", "1", "fit: from the start (paper), time-averaged, and the latter without its drift"),
        "length": variable("length", "step", "length of the run"),
        "run_exponent": variable("run fit", "1", "exponent c of each run"),
        "runs_used": variable("fit", "1", "runs with a finite exponent"),
    }
    | {
        key: known
        for name, text in TEXTS.items()
        for key, known in with_interval(name, DIMS[name], "1", f"{text}, mean over runs", between="seeds").items()
    },
)


def compute(displacement: list[xr.Dataset]) -> xr.Dataset:
    """Averages over children with different seeds, from their displacement.nc, with Student's intervals between seeds.

    displacement: one data set per run, with attribute run. Curves: mean over runs, the interval is of the logarithms.
    Exponents and shares: mean over the n runs that have one, +- t s / sqrt(n); NaN for a single run. With two seeds t
    is 12.7: such an interval is wide. Returns the data set of CONTRACT.
    """
    run = xr.DataArray([data.attrs["run"] for data in displacement], dims="run", name="run")
    kept = [data[list(DIMS)] for data in displacement]
    together = xr.concat(kept, run, join="outer", coords="minimal", compat="equals")
    columns = {"run_exponent": together.exponent.transpose("run", "fit")}
    for name in CURVES:
        columns |= dict(zip((name, f"{name}_low", f"{name}_high"), mean_curve(together[name]), strict=True))
    for name in MEANS:
        *bounds, count = between_seeds(together[name])
        columns |= dict(zip((name, f"{name}_low", f"{name}_high"), bounds, strict=True))
        columns |= {"runs_used": count} if name == "exponent" else {}
    return xr.Dataset(columns, {"run": run})
