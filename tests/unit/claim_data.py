"""Small files of runs, and a row of claims.csv made of them."""

import json

import numpy as np
import xarray as xr
from sgdwalk.tables import claims
from sgdwalk.tables.study_results import Results

KINDS = (
    *("msd", "path", "msl", "tails", "fluctuations", "hessian", "dimension", "variance_flatness", "walk_models"),
    "sensitivity",
    *("displacement", "speed", "phase_space", "noise_curvature", "epoch_memory"),
)
FALLING = np.linspace(2, 1, 60)


def run(name, family="resnet", arguments=None, loss=FALLING, diverged=-1, **more):
    """training.nc of a run: its settings, the loss of its steps, and where it diverged."""
    factors = {"batch_size": 32, "lr": 0.1, "seed": 0, "epochs": 5, "steps": None, "window": 30} | more
    model = {"factory": family, "arguments": arguments or {}}
    settings = {"run": name, "model_spec": model, **factors}
    return xr.Dataset(
        {"loss": ("step", loss), "diverged_step": diverged}, attrs={"run": name, "run_settings": json.dumps(settings)}
    )


def file(name, **values):
    """A file of a run: each value of two windows and the fit 'paper', with the interval value -+ 0.1.

    Unless they are given, excess and direction are those of equal steps.
    """
    if "exponent" in values:
        equal = {"excess": np.array(values["exponent"]) - 1, "direction_exponent": values["exponent"]}
        values = equal | values
    ends = {"": 0.0, "_low": -0.1, "_high": 0.1}
    variables = {
        f"{what}{end}": (("window", "fit"), np.array(windows)[:, None] + shift)
        for what, windows in values.items()
        for end, shift in ends.items()
    }
    return xr.Dataset(variables, {"fit": ["paper"]}, {"run": name})


def results(runs, base="a", **files):
    """The results of a study with these runs and files."""
    return Results(base, runs, **{kind: files.get(kind, []) for kind in (*KINDS, "regression")})


def row_of(text, found):
    """The row of a claim by column."""
    claim = next(claim for paper in claims.PAPERS for claim in paper.CLAIMS if claim.text == text)
    return dict(zip(claims.COLUMNS[1:], claim.row(found), strict=True))
