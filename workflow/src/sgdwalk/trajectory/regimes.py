"""Where the law of a walk changes from one window to another, beyond what changes smoothly in time.

Each quantity of the windows (an exponent, the logarithm of a step variance) is a smooth trend in time, a + b ln t + c t
with t the last step of a window, plus noise of unknown variance; a change at a window adds a jump to each quantity
there. Walks age: steps that become shorter, or an exponent that falls slowly, are no change of the law.
"""

from dataclasses import dataclass, replace

import numpy as np

LEAST = 2  # windows on each side of a change
FEWEST = 8  # windows in which a change is looked for
TREND = 3  # parameters of the trend of one quantity
ROUNDING = 1e-9  # of a quantity: less is no variation
LEVEL = 0.05  # p value from which on there is no change


@dataclass(frozen=True)
class Change:
    """The window at which a law changes, the first of the new one, with its 95 % interval; p value of no change.

    NaN where there are too few windows.
    """

    window: float
    low: float
    high: float
    p: float


NONE = Change(*[np.nan] * 4)


def change(values: np.ndarray, ends: np.ndarray, copies: int, rng) -> Change:
    """The one change of law that the values [quantity, window] show; the window is NaN unless p is below LEVEL.

    ends [window]: last step of each, above 0. For Gaussian noise of unknown covariance between the quantities log L =
    -K/2 ln det S, with K windows and S the sums of products of what is left; the change is where it is largest.
    Quantities that do not vary beyond their trend are left out. p: share of `copies` series of white noise, with the
    same windows, whose largest gain is as large: exact for a trend of this form and white Gaussian noise. The interval:
    the central 95 % of the changes found in as many series with the fitted trends, jumps and noise.
    """
    known = np.isfinite(values).all(axis=0)
    count = int(known.sum())
    if count < FEWEST:
        return NONE
    trend, jumps = directions(ends[known])
    left = values[:, known] - values[:, known] @ trend @ trend.T
    left = left[np.linalg.norm(left, axis=1) > ROUNDING * np.linalg.norm(values[:, known], axis=1)]
    if not len(left):
        return NONE
    found = gains(left[None], jumps)[0]
    noise = rng.standard_normal((copies, *left.shape))
    noise -= noise @ trend @ trend.T
    p = (1 + (gains(noise, jumps).max(1) >= found.max()).sum()) / (1 + copies)
    if p >= LEVEL:
        return replace(NONE, p=float(p))
    best = int(found.argmax())
    fitted = np.outer(left @ jumps[best], jumps[best])
    mixed, size, _ = np.linalg.svd(left - fitted, full_matrices=False)
    again = gains(fitted + mixed * size / np.sqrt(count - TREND - 1) @ noise, jumps).argmax(1)
    ends_of_interval = np.quantile(again, [0.025, 0.975], method="closest_observation")
    places = [float(np.flatnonzero(known)[k + LEAST]) for k in (best, *ends_of_interval)]
    return Change(*places, float(p))


def directions(ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(orthonormal directions of the trend [window, TREND], unit directions [change, window] of jumps beside it).

    Jumps at windows LEAST ... K - LEAST, in this order.
    """
    scaled = ends / ends[-1]
    trend, _ = np.linalg.qr(np.column_stack([np.ones(len(ends)), np.log(scaled), scaled]))
    places = np.arange(LEAST, len(ends) - LEAST + 1)
    jumps = (np.arange(len(ends)) >= places[:, None]).astype(float)
    jumps -= jumps @ trend @ trend.T
    return trend, jumps / np.linalg.norm(jumps, axis=1, keepdims=True)


def gains(left: np.ndarray, jumps: np.ndarray) -> np.ndarray:
    """Log likelihood gained [series, change] by each jump; left [series, quantity, window]: without the trends."""
    along = left @ jumps.T
    inverse = np.linalg.inv(left @ left.swapaxes(1, 2))
    share = np.einsum("sqc,sqr,src->sc", along, inverse, along)
    return -0.5 * left.shape[-1] * np.log1p(-share)
