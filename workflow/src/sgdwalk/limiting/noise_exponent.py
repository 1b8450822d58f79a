"""The exponent gamma of the gradient noise along Hessian eigenvectors, variance ~ curvature^gamma."""

import numpy as np

from sgdwalk import quantiles

ROUNDS = 30
FEWEST_MODES = 3


def exponents(variance: np.ndarray, curvature: np.ndarray, variance_error: np.ndarray, curvature_error: np.ndarray):
    """The exponent [...] of variance ~ curvature^exponent over the last axis: a line of logarithms, errors in both.

    York's method (York et al. 2004, doi 10.1119/1.1632486): errors [mode] are standard errors, small compared with the
    values; plain least squares would be too low, as errors of the curvature flatten the line. Points that are not
    positive are left out; NaN where fewer than three are left.
    """
    usable = (curvature > 0) & (variance > 0)
    x, y = (np.log(np.where(usable, value, 1.0)) for value in (curvature, variance))
    along, across = (curvature_error / np.exp(x)) ** 2, (variance_error / np.exp(y)) ** 2
    slope = np.ones((*x.shape[:-1], 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(ROUNDS):
            weight = usable / (across + slope**2 * along)
            weight = weight / weight.sum(axis=-1, keepdims=True)
            u, v = (value - (weight * value).sum(axis=-1, keepdims=True) for value in (x, y))
            leverage = (u * across + slope * v * along) / (across + slope**2 * along)
            slope = (weight * leverage * v).sum(-1, keepdims=True) / (weight * leverage * u).sum(-1, keepdims=True)
    return np.where(usable.sum(axis=-1) < FEWEST_MODES, np.nan, slope[..., 0])


def interval(squares: np.ndarray, curvatures: np.ndarray, copies: int, rng) -> tuple[float, float, float]:
    """(gamma, low, high): the exponent and the 95 % interval of a bootstrap over batches.

    squares [batch, mode]: squared deviations along each mode, whose mean is the variance. curvatures [batch, mode]: of
    the loss of each batch, whose mean is the curvature (of a single batch it counts as exact). Both kinds of batches
    are drawn anew, with replacement, `copies` times. It says how well these modes are measured, not how other modes of
    the network would differ.
    """
    parts = squares, curvatures
    means, errors = [part.mean(axis=0) for part in parts], [standard_error(part) for part in parts]
    again = exponents(*(resampled(part, copies, rng) for part in parts), *errors)
    low, high = np.nanquantile(again, [0.025, 0.975]) if np.isfinite(again).any() else (np.nan, np.nan)
    return float(exponents(*means, *errors)), float(low), float(high)


def standard_error(part: np.ndarray) -> np.ndarray:
    """Of the mean over batches of part [batch, mode]; 0 for a single batch."""
    return part.std(axis=0, ddof=1) / np.sqrt(len(part)) if len(part) > 1 else np.zeros(part.shape[1])


def resampled(part: np.ndarray, copies: int, rng) -> np.ndarray:
    """Means [copy, mode] of batches [batch, mode] drawn anew, spread wider by Student's quantile over the Gaussian's: a
    bootstrap of few batches varies too little.
    """
    count, mean = len(part), part.mean(axis=0)
    if count < 2:
        return np.broadcast_to(mean, (copies, len(mean)))
    wider = quantiles.student(0.975, count - 1) / quantiles.normal(0.975) * np.sqrt(count / (count - 1))
    shares = rng.multinomial(count, np.full(count, 1 / count), copies) / count
    return mean + wider * (shares @ part - mean)
