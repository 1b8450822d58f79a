"""check.csv of a run: whether the values in its finished files are possible (finite, consistent, in range)."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from sgdwalk import registered
from sgdwalk.storage import run_files
from sgdwalk.storage.provenance import stored_settings
from sgdwalk.trajectory.pairs import matrix
from sgdwalk.trajectory.windows import full_windows

SLACK = 1e-6


def compute(
    training: xr.Dataset,
    distances: xr.Dataset,
    gradients: xr.Dataset,
    msd: xr.Dataset,
    path: xr.Dataset,
    msl: xr.Dataset,
    tails: xr.Dataset,
    fluctuations: xr.Dataset,
    own: Sequence[xr.Dataset] = (),
) -> pd.DataFrame:
    """A row per check: run, check, passed, detail. Diverged windows are left out, and counted.

    The arguments are the files of the run of these names; own: those of analyses of the user's own.
    """
    distances, gradients = full_windows(distances), full_windows(gradients)
    rows = [
        *checks_of_training(training),
        *checks_of_distances(distances, training),
        check_of_msd(msd, distances),
        *checks_of_analyses(msd, path, msl, tails),
        checks_of_gradients(gradients, distances, training),
        ("loss changes not negative", not (fluctuations.loss_change < 0).any(), ""),
        *(row for data in own for row in checks_of_own(data)),
    ]
    table = pd.DataFrame(rows, columns=["check", "passed", "detail"])
    table.insert(0, "run", training.attrs["run"])
    return table


def checks_of_own(data: xr.Dataset) -> Iterator[tuple[str, bool, str]]:
    """What the function `checks` in the module of an own analysis yields, if it has one: (check, passed, detail)."""
    name = data.attrs["contract"]
    checks = getattr(registered.analysis(name), "checks", None)
    for check, passed, detail in checks(data) if checks else ():
        yield f"{name}: {check}", bool(passed), detail


def diverged(distances: xr.Dataset) -> xr.DataArray:
    """Whether a window diverged [window]."""
    return distances.distance2.isnull().any("pair")


def checks_of_training(training: xr.Dataset) -> Iterator[tuple[str, bool, str]]:
    """The recorder saw nothing wrong, series are finite up to a divergence, known error rates lie between 0 and 1."""
    status = run_files.status(training)
    fine = status == run_files.RECORDED
    yield "recorded is what was trained", fine, "" if fine else status
    step = int(training.diverged_step)
    whole = training.isel(step=slice(0, step if step >= 0 else None))
    note = f"diverged at step {step}" if step >= 0 else ""
    yield "displacement finite", bool(np.isfinite(whole.displacement).all()), note
    yield "step lengths not negative", bool((whole.step_length.dropna("step") >= 0).all()), note
    errors = np.concatenate([training.train_error, training.test_error])
    known = errors[~np.isnan(errors)]  # an imported training may know only one of the two
    yield "errors between 0 and 1", bool(((known >= 0) & (known <= 1)).all()), ""


def checks_of_distances(distances: xr.Dataset, training: xr.Dataset) -> Iterator[tuple[str, bool, str]]:
    """Distances agree with the step lengths, satisfy the triangle inequality, and none is negative."""
    kept = distances.isel(window=~diverged(distances).values)
    end, count = int(training.diverged_step), distances.sizes["window"]
    expected = count if end < 0 else end // distances.sizes["step_in_window"]
    yield "windows kept up to a divergence", kept.sizes["window"] == expected, f"{kept.sizes['window']} of {count}"
    yield "squared distances not negative", bool((kept.distance2 >= 0).all()), ""
    worst, triangle = 0.0, 0.0
    for start, pairs in zip(kept.window_start.values, kept.distance2.values, strict=True):
        d = np.sqrt(matrix(pairs))
        row = np.searchsorted(training.step.values, start)
        steps = training.step_length.values[row : row + len(d) - 1]
        worst = max(worst, float(np.max(np.abs(np.diagonal(d, 1) - steps)) / (steps.max() or 1)))
        contour = np.concatenate([[0], np.cumsum(np.diagonal(d, 1))])
        triangle = max(triangle, float(np.max(d[0] - contour) / (d.max() or 1)))
    yield "distances of successive weights equal the steps", worst < SLACK, f"{worst:.1e} of the largest step"
    yield "no end-to-end distance above its contour", triangle < SLACK, f"{triangle:.1e}"


def checks_of_gradients(gradients, distances, training) -> tuple[str, bool, str]:
    """Every window that did not diverge has samples; an imported walk need not have any."""
    sampled = gradients.gradient.notnull().any("sample")
    imported = stored_settings(training)["walk"] is not None
    passed = bool((sampled | diverged(distances)).all()) or imported
    return "gradients sampled in every window", passed, f"{int(sampled.sum())} of {gradients.sizes['window']}"


def check_of_msd(msd: xr.Dataset, distances: xr.Dataset) -> tuple[str, bool, str]:
    """Every window that did not diverge has an MSD at every lag."""
    known = msd.msd.notnull().all("lag").values
    passed = bool((known | diverged(distances).values).all())
    return "msd known in every window", passed, f"{int(known.sum())} of {len(known)}"


def checks_of_analyses(msd, path, msl, tails) -> Iterator[tuple[str, bool, str]]:
    """Estimates lie in their possible range, and the lower end of an interval is below its upper end."""
    for name, data in (("msd", msd), ("path", path), ("msl", msl)):
        reversed_ = data.exponent_low > data.exponent_high
        yield f"{name} intervals the right way round", not reversed_.any(), ""
    known = msd.exponent.values[np.isfinite(msd.exponent.values)]
    yield "msd exponents at most 2", bool((known < 2.2).all()), f"largest {known.max(initial=0):.2f}"
    alpha = tails.alpha.values[np.isfinite(tails.alpha.values)]
    yield "alpha between 0 and 2", bool(((alpha > 0) & (alpha <= 2)).all()), ""
