"""The quantities of a study's runs that the claims of Kunin et al. (doi 10.1162/neco_a_01626) are about."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from sgdwalk.tables.claim_parts import Quantity, lowest
from sgdwalk.tables.quantities_chen2022 import ratio
from sgdwalk.tables.runs_kunin2021 import independent, shuffled
from sgdwalk.tables.study_results import Results
from sgdwalk.tables.verdicts import NULL_AGREES, Estimate, Expected, about
from sgdwalk.trajectory import straight_line
from sgdwalk.trajectory.between_seeds import between_seeds

BLOCK = 50  # steps whose squared lengths are averaged
UNKNOWN = Estimate(np.nan, np.nan, np.nan)
LEADING = 0  # mode
RELAXED = 0.1  # largest squared error of the mean position of a mode that has relaxed, over its variance
Series = Callable[[Results, str], float | None]  # a number of one run, None without its file


# A number of one run


def number(kind: str, variable: str, **where: int | str) -> Series:
    """A variable of a run's file at a place (see Results.place)."""

    def read(results: Results, run: str) -> float | None:
        found = results.place(kind, run, **where)
        return None if found is None else float(found[variable])

    return read


FITS = ("start", "average", "without_drift")
exponent = {fit: number("displacement", "exponent", fit=fit) for fit in FITS}
free_exponent = {fit: number("displacement", "exponent_null", fit=fit) for fit in FITS}
mean_speed = number("speed", "speed")
drift_share = number("displacement", "drift_share", lag=-1)
final_displacement = number("displacement", "squared_displacement", time=-1)


# Over several runs


def mean(series: Series) -> Quantity:
    """Mean over runs that differ in their seed, with Student's interval; none of a single run."""

    def estimate(results: Results, *runs: str) -> Estimate | None:
        values = numbers(results, runs, series)
        return None if values is None else between(values)

    return estimate


def displacement_exponent(fit: str) -> Quantity:
    """Mean exponent c of a fit; NULL_AGREES where it lies above 1, but not above that of a free direction."""

    def estimate(results: Results, *runs: str) -> Estimate | None:
        found, free = (mean(series[fit])(results, *runs) for series in (exponent, free_exponent))
        if found is None:
            return None
        return replace(found, reason=NULL_AGREES if found.low > 1 and not found.low > free.value else "")

    return estimate


def slope(series: Series, against: Callable[[dict], float], *, of_logarithms: bool = True) -> Quantity:
    """Slope of a number of several runs against a function of their settings, by least squares.

    The interval is Student's, from the scatter about the line; NaN of fewer than three runs, and where a run has no
    number. of_logarithms: of both logarithms; else of the number against the logarithm to base 10.
    """

    def estimate(results: Results, *runs: str) -> Estimate | None:
        values = numbers(results, runs, series)
        if values is None:
            return None
        if not np.isfinite(values).all():
            return UNKNOWN
        across = np.log10([against(results.runs[run]) for run in runs])
        return Estimate(*straight_line.slope(across, np.log10(values) if of_logarithms else values))

    return estimate


def shuffled_over_independent(series: Series) -> Quantity:
    """Ratio of a number's geometric means over runs with shuffled epochs and over those with independent batches."""

    def estimate(results: Results, *runs: str) -> Estimate | None:
        sides = [numbers(results, select(results), series) for select in (shuffled, independent)]
        if None in [side if side is None else 0 for side in sides]:
            return None
        first, second = (between(np.log(side)) for side in sides)
        change = first - second
        return Estimate(*np.exp([change.value, change.low, change.high]))

    return estimate


def quotient(kind: str, variable: str) -> Quantity:
    """A positive variable of the second of two runs over that of the first, their errors taken as independent."""

    def estimate(results: Results, first: str, second: str) -> Estimate | None:
        found = [results.estimate(kind, run, variable) for run in (first, second)]
        if None in found:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            before, after = (Estimate(*np.log([each.value, each.low, each.high])) for each in found)
        change = after - before
        return Estimate(*np.exp([change.value, change.low, change.high]))

    return estimate


def numbers(results: Results, runs: Sequence[str], series: Series) -> np.ndarray | None:
    """The number of each run; None where a run lacks the file."""
    found = [series(results, run) for run in runs]
    return None if None in found else np.array(found)


def between(values: np.ndarray) -> Estimate:
    """Mean and its Student interval; no interval of a single value."""
    mean, low, high, _ = between_seeds(xr.DataArray(values, dims="run"))
    return Estimate(float(mean), float(low), float(high))


# Of one run


def late_over_early_speed(results: Results, run: str) -> Estimate | None:
    """Mean squared step of the last over the first fifth of a run, without its burn-in."""
    speed = results.place("speed", run)
    if speed is None:
        return None
    after = results.training[run].step_length.values[int(speed.first_step) :] ** 2
    blocks = after[: len(after) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1)
    return ratio(blocks)


def over_critical(results: Results, run: str) -> Estimate | None:
    """Fitted stiffness of the leading mode over the critical one; no interval where oscillation was not tested."""
    found = results.estimate("phase_space", run, "stiffness", mode=LEADING)
    if found is None:
        return None
    data = results.files["phase_space"][run]
    bound = float(data.critical_stiffness)
    tested = np.isfinite(float(data.oscillation_p[LEADING]))
    ends = (found.low / bound, found.high / bound) if tested else (np.nan, np.nan)
    return Estimate(found.value / bound, *ends)


def frequency_ratio(results: Results, run: str) -> Estimate | None:
    """Fitted frequency of the leading mode over that of its Hessian eigenvalue."""
    found = results.estimate("phase_space", run, "frequency", mode=LEADING)
    if found is None:
        return None
    predicted = float(results.files["phase_space"][run].frequency_hessian[LEADING])
    if not predicted:  # the Hessian says that it does not oscillate
        return UNKNOWN
    return Estimate(found.value / predicted, found.low / predicted, found.high / predicted)


def against_curvature(variable: str) -> Quantity:
    """Logarithmic slope of a stationary variance of phase_space.nc [mode] against the curvature of the modes.

    Of the modes whose position has relaxed: in slower ones the variance about the mean of the run is too small, the
    more so the flatter they are.
    """

    def estimate(results: Results, run: str) -> Estimate | None:
        data = results.files["phase_space"].get(run)
        if data is None:
            return None
        with np.errstate(invalid="ignore", divide="ignore"):
            relaxed = data.position_mean_error**2 <= RELAXED * data.position_variance_chain
            curvature, spread = np.log(data.curvature.values), np.log(data[variable].where(relaxed).values)
            return Estimate(*straight_line.slope(curvature, spread))

    return estimate


def same_epoch(results: Results) -> Expected:
    """What sampling without replacement gives two batches of an epoch, within half of it."""
    found = (results.files["epoch_memory"].get(run) for run in shuffled(results)[:1])
    predicted = next((float(data.within_epoch_predicted) for data in found if data is not None), np.nan)
    return about(round(predicted, 5), round(abs(predicted) / 2, 5))


def least_inside(results: Results, name: str) -> Estimate | None:
    """Smallest share of positions and velocities of a linear regression inside theory's 95 % band, over momenta."""
    data = results.files["regression"].get(name)
    if data is None:
        return None
    shares = data.isel(noise=-1).stack(case=["momentum", "coordinate"])
    values = zip(shares.all_inside.values, shares.all_inside_low.values, shares.all_inside_high.values, strict=True)
    return lowest(Estimate(*case) for case in values)
