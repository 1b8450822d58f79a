"""The quantities of a study's runs that the claims of Chen, Qu & Gong (doi 10.1016/j.neunet.2022.01.019) are about."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from sgdwalk import quantiles
from sgdwalk.storage.provenance import stored_settings
from sgdwalk.tables.claim_parts import Quantity, highest, value
from sgdwalk.tables.study_results import Results
from sgdwalk.tables.verdicts import (
    COARSE_GRID,
    COUPLED,
    DESCRIBES,
    EARLY,
    LARGE_STEPS,
    MISFIT,
    MOMENTUM,
    NO_LIKELIHOOD,
    NULL_AGREES,
    OTHER_MODEL,
    SOLVER_ONLY,
    Estimate,
    Expected,
    about,
)
from sgdwalk.trajectory.regimes import LEAST
from sgdwalk.trajectory.trend_correlation import Correlation
from sgdwalk.trajectory.walk_models import FLEXIBLE
from sgdwalk.trajectory.window_series import noise_strength

FIRST, LAST = 0, -1  # windows
ROUGHER = 0.05  # of a dimension: smooth surfaces differ from the quadratic fitted to them by this at most (our choice)
FINE = 129  # points a side of a loss surface from which on the absence of roughness counts
SMALL_P = 0.05  # of a misfit that counts
CLEARLY = 4  # difference in AIC above which another model is better
PART = 0.2  # of a run, at its start and at its end, that are compared


def msd_exponent(window: int, fit: str = "paper") -> Quantity:
    """Exponent of the MSD in a window, with what its step lengths and directions say against it (see contradiction)."""

    def estimate(results: Results, run: str) -> Estimate | None:
        here = {"window": window, "fit": fit}
        raw, excess = (results.estimate("msd", run, variable, **here) for variable in ("exponent", "excess"))
        if raw is None:
            return None
        direction = float(results.place("msd", run, **here).direction_exponent)
        return replace(raw, null=None, reason=raw.reason or contradiction(raw, excess, direction))

    return estimate


def contradiction(raw: Estimate, excess: Estimate, direction: float) -> str:
    """Why an exponent that differs from 1 is not that of a persistent or reversing walk; empty where nothing says so.

    excess: exponent minus that of orthogonal steps of the same lengths. LARGE_STEPS where it does not differ from 0 to
    the same side. direction: exponent of the unit steps. COUPLED where it lies on the other side of 1, by more than
    half the width of the interval of the exponent.
    """
    side = np.sign(raw.value - 1) if raw.low > 1 or raw.high < 1 else 0
    if not side:
        return ""
    if not min(side * excess.low, side * excess.high) > 0:
        return LARGE_STEPS
    return COUPLED if side * (direction - 1) < -(raw.high - raw.low) / 2 else ""


def by_likelihood(window: int, variable: str = "exponent") -> Quantity:
    """A parameter of the fractional walk with white noise of the position, fitted to a window without its drift.

    To its steps where their likelihood holds, else to the unit steps (see against_fit).
    """

    def estimate(results: Results, run: str) -> Estimate | None:
        model = {"window": window, "drift": "projected out", "model": FLEXIBLE.name}
        fits = [results.place("walk_models", run, walk=walk, **model) for walk in ("steps", "unit steps")]
        if fits[0] is None:
            return None
        fit = next((fit for fit in fits if fit.status == "ok"), fits[0])
        found = [float(fit[f"{variable}{end}"]) for end in ("", "_low", "_high")]
        return Estimate(*found, reason=against_fit(fit, results.runs[run]))

    return estimate


def against_fit(fit: xr.Dataset, run: Mapping[str, Any]) -> str:
    """What speaks against the fit of a model to a window of a run with these settings.

    NO_LIKELIHOOD (a divergence has its own reason), DESCRIBES where it does not hold, MOMENTUM where that was left in
    the steps, MISFIT where the p value of the model is below 5 %, OTHER_MODEL where its AIC is more than 4 above the
    best; else empty.
    """
    moving = run.get("optimiser", "sgd") != "sgd" or bool(run.get("momentum"))
    checks = {
        NO_LIKELIHOOD: not np.isfinite(fit.exponent),
        DESCRIBES: fit.status != "ok",
        MOMENTUM: moving and not fit.momentum > 0,
        MISFIT: fit.misfit_p < SMALL_P,
        OTHER_MODEL: fit.delta_aic > CLEARLY,
    }
    return next((reason for reason, holds in checks.items() if holds), "")


def change_from_regime(results: Results, run: str) -> Estimate | None:
    """Step at which the law of the walk changes, minus the start of the subdiffusive regime; NaN without either.

    DESCRIBES where the likelihood does not hold in most windows, EARLY where the regime starts so near an end of the
    run that no change is looked for there.
    """
    models, msd = (results.files[kind].get(run) for kind in ("walk_models", "msd"))
    if models is None or msd is None:
        return None
    found, start = results.estimate("walk_models", run, "change"), float(msd.regime_start)
    place, count = int((models.window_start < start).sum()), models.sizes["window"]
    holds = (models.status.sel(walk="steps") == "ok").mean() > 0.5
    reason = "" if LEAST <= place <= count - LEAST else EARLY
    ends = (end - start for end in (found.value, found.low, found.high))
    return Estimate(*ends, reason=(reason if holds else DESCRIBES) if np.isfinite(start) else "")


def a_window(results: Results) -> Expected:
    """At most one window from 0."""
    return about(0, 1.5 * results.runs[results.base]["window"])


first_exponent = msd_exponent(FIRST)
last_exponent = msd_exponent(LAST)
first_alpha = value("tails", "alpha", window=FIRST)
last_alpha = value("tails", "alpha", window=LAST)
tau0 = value("msd", "crossover_lag", window=FIRST, fit="paper")


def curvature_ratio(results: Results, run: str) -> Estimate | None:
    """Largest eigenvalue of the Hessian, last over first snapshot; the ends are those of the residuals."""
    hessian = results.files["hessian"].get(run)
    if hessian is None:
        return None
    (first, *_, last), (before, *_, after) = hessian.eigenvalue[:, 0].values, hessian.residual[:, 0].values
    ends = (last - after) / (first + before), (last + after) / (first - before)
    return Estimate(last / first, *ends, reason=SOLVER_ONLY)


def exponent_with_noise(correlation: Callable[[np.ndarray, np.ndarray], Correlation]) -> Quantity:
    """Correlation of the exponent of the MSD and the noise strength of the windows; the null is that of their trends.

    None where no noise was recorded.
    """

    def estimate(results: Results, run: str) -> Estimate | None:
        msd = results.files["msd"].get(run)
        noise = None if msd is None else noise_strength(results.training[run], msd)
        if noise is None or not np.isfinite(noise).any():
            return None
        found = correlation(msd.exponent.sel(fit="paper").values, noise)
        return Estimate(found.value, found.low, found.high, null=found.trends)

    return estimate


def excess_dimension(results: Results, run: str) -> Estimate | None:
    """Dimension of the loss surface at distance 0 above that of the quadratic fitted to the loss.

    NULL_AGREES where the dimension alone exceeds 2 by ROUGHER and the quadratic leaves it undecided. COARSE_GRID where
    it is not above ROUGHER, but on fewer than FINE points.
    """
    excess, limit = (results.estimate("dimension", run, f"{name}_dimension") for name in ("excess", "extrapolated"))
    if excess is None:
        return None
    if excess.high < ROUGHER and results.place("dimension", run).points < FINE:
        return replace(excess, reason=COARSE_GRID)
    undecided = excess.low <= ROUGHER <= excess.high
    return replace(excess, reason=NULL_AGREES if undecided and limit.low > 2 + ROUGHER else "")


def largest_alpha(results: Results, run: str) -> Estimate | None:
    """The largest stability parameter of a run's windows; an interval that ends at 2 does not exclude a Gaussian."""
    tails = results.files["tails"].get(run)
    windows = range(tails.sizes["window"] if tails is not None else 0)
    return highest(results.estimate("tails", run, "alpha", window=k) for k in windows) if windows else None


def smallest_vuong(results: Results, run: str) -> Estimate | None:
    """The smallest of Vuong's statistics of the stable law against each alternative, over all windows.

    Their standard deviation is 1. The Gaussian, a stable law itself, has none: the test is not valid against it. The
    upper end allows for the number of statistics (Bonferroni); the lower end need not, as all must lie above.
    """
    tails = results.files["tails"].get(run)
    if tails is None:
        return None
    z = tails.vuong_z.sel(rival=tails.rival != "gaussian").values.ravel()
    return Estimate(z.min(), z.min() - quantiles.normal(0.975), z.min() + quantiles.normal(1 - 0.025 / z.size))


def last_over_first(variable: str, of_block: Callable[[np.ndarray], float]) -> Quantity:
    """Ratio of a variable of fluctuations.nc [step], last PART of a run over the first.

    Of geometric means of blocks of as many steps as the moving variance is taken over; of_block gives the value of a
    block from those of its steps, so that blocks share no loss.
    """

    def estimate(results: Results, run: str) -> Estimate | None:
        data = results.files["fluctuations"].get(run)
        if data is None:
            return None
        steps = stored_settings(data)["interval"]
        starts = range(0, data.sizes["step"] - steps + 1, steps)
        return ratio(np.array([of_block(data[variable].values[start : start + steps]) for start in starts]))

    return estimate


def within_block(change: np.ndarray) -> float:
    """Mean change between two steps of a block; the last one leads to the next block."""
    return change[:-1].mean()


def at_centre(variance: np.ndarray) -> float:
    """The moving variance about the centre of a block, which is that of its losses."""
    return variance[len(variance) // 2]


def ratio(blocks: np.ndarray) -> Estimate:
    """Geometric mean of the last PART of blocks over that of the first, with Welch's t interval of the logarithms.

    NaN for fewer than two blocks on a side, and where one of them is not positive.
    """
    number = int(PART * len(blocks))
    ends = np.array([blocks[:number], blocks[len(blocks) - number :]])
    if number < 2 or not (ends > 0).all():
        return Estimate(np.nan, np.nan, np.nan)
    first, last = np.log(ends)
    error = np.sqrt((first.var(ddof=1) + last.var(ddof=1)) / number)
    half = error * quantiles.student(0.975, number - 1)  # Welch's degrees of freedom lie between this and twice this
    middle = last.mean() - first.mean()
    return Estimate(*np.exp([middle, middle - half, middle + half]))
