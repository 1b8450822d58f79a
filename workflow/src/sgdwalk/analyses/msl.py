"""Mean squared loss difference (MSL) against distance, along the trajectory (Chen et al., Eq. 9)."""

import numpy as np
import xarray as xr

from sgdwalk import quantiles
from sgdwalk.storage.contracts import LOSS2, Contract, variable
from sgdwalk.storage.run_files import WINDOW, WINDOW_START
from sgdwalk.trajectory import scaling_fits
from sgdwalk.trajectory.loss_change import unchanged
from sgdwalk.trajectory.windows import longest_lag, per_window

FITS = ("short", "long", "whole")
ENDS = 2.0  # least ratio of the crossover to either end of the fitted distances
BLOCKS = 20  # of consecutive steps, of the jackknife
MOST_STEPS = 1500  # of a window that are used, for memory
POSSIBLE = (0.02, 1.98)  # exponents of the simulated fields
CONVENTION = "each minibatch loss is paired with the weights that it was computed at, before the step"
CONTRACT = Contract(
    "msl",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        "fit": variable("fit", "1", "side of the crossover, or all distances"),
        "distance": variable("window bin", "1", "distance between weights"),
        "msl": variable("window bin", LOSS2, "mean squared loss difference"),
        "count": variable("window bin", "1", "pairs in the bin"),
        "exponent": variable("window fit", "1", "exponent 2H' of the mean squared loss difference"),
        "exponent_low": variable("window fit", "1", "lower end of the 95 % interval of the exponent"),
        "exponent_high": variable("window fit", "1", "upper end of the 95 % interval of the exponent"),
        "first_distance": variable("window fit", "1", "shortest distance of the fit"),
        "last_distance": variable("window fit", "1", "longest distance of the fit"),
        "crossover_distance": variable("window", "1", "distance at the crossover"),
        "fit_rmse": variable("window", "1", "RMSE of the two-segment fit in log10 units"),
        "status": variable("window", "1", "ok, or why there is no exponent"),
    },
    version=2,
)


def compute(
    distances: xr.Dataset, *, bins: int = 30, longest: float = 0.5, copies: int = 100, seed: int = 0
) -> xr.Dataset:
    """MSL(r) = mean of (L_i - L_j)^2 over the pairs of a window at distance r, and its exponents.

    distances: distance2 [window, pair] and loss [window, step], the minibatch loss at the weights it is paired
    with. bins: logarithmic bins of distance; those with fewer than 20 pairs are shown but not fitted, nor those
    beyond the typical distance of two weights `longest` windows apart, which only the window's two ends reach.
    Windows longer than 1,500 steps are thinned evenly, for memory. An interval is the hull of two, since the
    losses may be landscape or noise: a parametric bootstrap (`copies` Gaussian fields with the fitted variogram,
    on the visited weights; seed: of these) and a jackknife that leaves out a twentieth of the window at a time.
    The crossover is held fixed in both.

    Returns the data set of CONTRACT; what cannot be measured or fitted is NaN, and status says why. If the loss of all
    windows together did not change beyond its noise (loss_change.unchanged), no window has an exponent: that of pure
    noise would be 0, whatever the landscape. ValueError if no window is full.
    Source: Chen, Qu & Gong 2022, Eq. 9 (doi 10.1016/j.neunet.2022.01.019).

    >>> from scipy.spatial.distance import pdist
    >>> walk = np.random.default_rng(0).standard_normal((200, 1)).cumsum(axis=0)
    >>> distances = xr.Dataset(  # the loss is a slope: MSL(r) = r^2
    ...     {
    ...         "distance2": (("window", "pair"), [pdist(walk, "sqeuclidean")]),
    ...         "loss": (("window", "step_in_window"), [walk[:, 0]]),
    ...     },
    ...     {"window": [0], "window_start": ("window", [0]), "window_steps": ("window", [200])},
    ... )
    >>> print(f"{compute(distances, copies=10).exponent.sel(window=0, fit='whole'):.1f}")
    2.0
    """
    rng = np.random.default_rng(seed)
    learnt = not unchanged(distances.loss.values.ravel())
    result = per_window(
        distances,
        CONTRACT,
        lambda d2, loss: window_msl(thinned(d2), thinned(loss), bins, longest, copies, learnt, rng),
        {"fit": list(FITS)},
        {"bin": bins},
    )
    return result.assign_attrs(loss_convention=CONVENTION)


def thinned(values: np.ndarray) -> np.ndarray:
    """Every n-th step along each axis, with the smallest n that leaves at most MOST_STEPS."""
    every = -(-len(values) // MOST_STEPS)
    return values[(slice(None, None, every),) * values.ndim]


class Pairs:
    """The pairs of a window's weights in logarithmic bins of distance, without those at distance 0.

    distance, count [bin]: mean distance and number of the pairs in each bin.
    """

    def __init__(self, d2: np.ndarray, bins: int):
        self.rows, self.columns = np.nonzero(np.triu(d2, 1))
        distance = np.sqrt(d2[self.rows, self.columns])
        edges = np.geomspace(distance.min(), distance.max() * (1 + 1e-12), bins + 1)
        self.bins = bins
        self.index = np.clip(np.searchsorted(edges, distance, side="right") - 1, 0, bins - 1)
        self.count = np.bincount(self.index, minlength=bins)
        self.distance = self._mean(distance, slice(None))

    def curve(self, loss: np.ndarray, without: np.ndarray | None = None) -> np.ndarray:
        """Mean squared difference [bin] of loss [step]; without [step]: True for steps that are left out."""
        keep = slice(None)
        if without is not None:
            keep = ~(without[self.rows] | without[self.columns])
        return self._mean((loss[self.rows] - loss[self.columns]) ** 2, keep)

    def _mean(self, values: np.ndarray, keep) -> np.ndarray:
        index = self.index[keep]
        with np.errstate(invalid="ignore"):
            return np.bincount(index, values[keep], minlength=self.bins) / np.bincount(index, minlength=self.bins)


def window_msl(d2, loss, bins: int, longest: float, copies: int, learnt: bool, rng) -> dict[str, np.ndarray]:
    """The variables of msl.nc of one window, by name, without those that cannot be measured or fitted.

    d2 [step, step]: squared distances. loss [step]. learnt: False if no exponent is wanted.
    """
    status = obstacle(d2, loss)
    if status != "ok":
        return {"status": status}
    pairs = Pairs(d2, bins)
    found = {"distance": pairs.distance, "msl": pairs.curve(loss), "count": pairs.count.astype(float)}
    if not learnt:
        return found | {"status": "loss unchanged within its noise"}
    typical = np.sqrt(np.diagonal(d2, longest_lag(longest, len(d2))).mean())
    inside = (pairs.count >= scaling_fits.LEAST_PAIRS) & (found["msl"] > 0) & (pairs.distance <= typical)
    return found | fits(pairs, d2, loss, found["msl"], inside, copies, rng)


def obstacle(d2: np.ndarray, loss: np.ndarray) -> str:
    """Why the MSL of a window cannot be measured, or 'ok'."""
    if not (np.isfinite(d2).all() and np.isfinite(loss).all()):
        return "weights or losses not finite"
    if not d2.any():
        return "weights do not move"
    return "ok" if np.ptp(loss) else "constant loss"


def fits(pairs: Pairs, d2, loss, curve, inside, copies: int, rng) -> dict[str, np.ndarray]:
    """Exponents, intervals and fitted distances of a curve [bin], of which the bins `inside` are fitted; status."""
    distance = pairs.distance[inside]
    both = scaling_fits.two_segments(distance, curve[inside], ends=ENDS)
    if not np.isfinite(both.rmse):
        return {"status": "too few bins of distance to fit"}
    estimate = exponents(distance, curve[inside], both.crossover)
    ends = [
        jackknife(pairs, loss, inside, both.crossover, estimate),
        field_bootstrap(pairs, d2, inside, both.crossover, estimate, copies, rng),
    ]
    return {
        "exponent": estimate,
        "exponent_low": np.min([low for low, _ in ends], axis=0),
        "exponent_high": np.max([high for _, high in ends], axis=0),
        "first_distance": np.array([distance[0], both.crossover, distance[0]]),  # in the order of FITS
        "last_distance": np.array([both.crossover, distance[-1], distance[-1]]),
        "crossover_distance": both.crossover,
        "fit_rmse": both.rmse,
        "status": "ok",
    }


def exponents(distance: np.ndarray, curve: np.ndarray, crossover: float) -> np.ndarray:
    """Exponents [fit] of a curve [bin], in the order of FITS."""
    fit = scaling_fits.two_segments(distance, curve, crossover=crossover)
    return np.array([fit.short, fit.long, scaling_fits.power_law(distance, curve)[0]])


def jackknife(pairs: Pairs, loss, inside, crossover, estimate) -> tuple[np.ndarray, np.ndarray]:
    """(low, high), each [fit], of the estimate [fit] by leaving out each block of consecutive steps in turn."""
    block = np.arange(len(loss)) * BLOCKS // len(loss)
    left = []
    for k in range(BLOCKS):
        curve = pairs.curve(loss, block == k)
        keep = inside & (np.nan_to_num(curve) > 0)
        left.append(exponents(pairs.distance[keep], curve[keep], crossover))
    spread = np.sqrt((BLOCKS - 1) * np.var(left, axis=0)) * quantiles.student(0.975, BLOCKS - 1)
    return estimate - spread, estimate + spread


def field_bootstrap(pairs: Pairs, d2, inside, crossover, estimate, copies, rng) -> tuple[np.ndarray, np.ndarray]:
    """(low, high), each [fit], from Gaussian fields whose variogram is the power law fitted to all distances."""
    truth = float(np.clip(estimate[FITS.index("whole")], *POSSIBLE))
    fields = gaussian_fields(d2 ** (truth / 2), copies, rng)
    drawn = [exponents(pairs.distance[inside], pairs.curve(field)[inside], crossover) for field in fields]
    low, high = np.quantile(np.array(drawn) - truth, [0.025, 0.975], axis=0)
    return estimate - high, estimate - low


def gaussian_fields(variogram: np.ndarray, copies: int, rng) -> np.ndarray:
    """Gaussian fields [copy, point] with E (L_i - L_j)^2 = variogram [point, point], up to a common constant.

    Powers of Euclidean distance with exponents in (0, 2) are valid variograms; eigenvalues of the covariance that
    rounding makes negative are set to zero.
    """
    variogram = variogram - np.diag(np.diag(variogram))
    mean = variogram.mean(0)
    covariance = (mean[:, None] + mean[None, :] - variogram - mean.mean()) / 2
    values, vectors = np.linalg.eigh(covariance)
    return rng.standard_normal((copies, len(values))) * np.sqrt(np.maximum(values, 0)) @ vectors.T
