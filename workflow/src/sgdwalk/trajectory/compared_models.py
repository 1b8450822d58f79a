"""All models of a walk fitted to one window: estimates with intervals, differences in AIC, misfit."""

from collections.abc import Sequence

import numpy as np

from sgdwalk.trajectory import toeplitz_likelihood
from sgdwalk.trajectory.band_dimension import band_dimensions
from sgdwalk.trajectory.likelihood_fits import Fit, Steps, fit
from sgdwalk.trajectory.model_misfit import misfit
from sgdwalk.trajectory.walk_models import FLEXIBLE, PARAMETERS, Model

SEPARABLE = 3.0  # ratio of the largest dimension of a band to the least, above which the covariance is not separable


def compared(
    products: np.ndarray, models: Sequence[Model], lags: np.ndarray, copies: int, rng
) -> dict[str, np.ndarray]:
    """Variables of walk_models.nc of one walk, by name, from the dot products of its n steps [n, n].

    models: to compare. lags: of 1 ... n, at which misfits are measured. copies: simulated walks behind each of these.
    """
    sums = toeplitz_likelihood.diagonal_sums(products)
    bands, overall = dimensions(products, sums)
    rows = []
    for drift in (False, True):
        steps = Steps(products, sums, drift)
        fits = [fit(model, steps, overall) for model in models]
        each = [of_model(model, found, steps, overall, lags, copies, rng)
                for model, found in zip(models, fits, strict=True)]  # fmt: skip
        rows.append({name: np.stack([one[name] for one in each]) for name in each[0]} | {"delta_aic": delta_aic(fits)})
    both = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    ratio = bands.max() / bands.min()
    return both | {"dimension": overall, "dimension_ratio": ratio, "separable": float(ratio <= SEPARABLE)}


def dimensions(products: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, float]:
    """Effective dimension of the steps by band of frequency, and overall (band_dimensions).

    Their autocovariance is taken from the most flexible model, with a drift projected out.
    """
    found = fit(FLEXIBLE, Steps(products, sums, True), 1.0)  # where the maximum is does not depend on the dimension
    return band_dimensions(products, FLEXIBLE.covariances(found.coordinates, len(products)))


def of_model(model: Model, found: Fit, steps: Steps, dimension: float, lags, copies: int, rng) -> dict[str, np.ndarray]:
    """Parameters of a fit with their intervals, NaN for those that the model does not have, and its misfit."""
    values = {f"{name}{end}": np.nan for name in PARAMETERS for end in ("", "_low", "_high")}
    for parameter, value, (low, high) in zip(model.parameters, found.values, found.intervals, strict=True):
        values |= {parameter.name: value, f"{parameter.name}_low": low, f"{parameter.name}_high": high}
    seen = misfit(model, found, steps, dimension, lags, copies, rng)
    values |= {"misfit": seen.ratio, "misfit_low": seen.low, "misfit_high": seen.high, "misfit_p": seen.p}
    return {name: np.asarray(value, float) for name, value in values.items()}


def delta_aic(fits: list[Fit]) -> np.ndarray:
    """Akaike's information criterion, 2 parameters - 2 log L, minus that of the best of the fits [fit]."""
    aic = np.array([2 * len(found.coordinates) - 2 * found.log_likelihood for found in fits])
    return aic - aic.min()
