"""Heavy tails of the minibatch gradients: stable laws, alternative distributions, histograms and quantiles."""

import numpy as np
import xarray as xr

from sgdwalk.heavy_tails import gradient_views, scale_drift
from sgdwalk.heavy_tails.model_comparison import (
    ALTERNATIVE_PARAMETERS,
    ALTERNATIVES,
    EDGE,
    LAWS,
    MIXTURE,
    PROBABILITY,
    SKEW,
    STABLE,
    layer_spreads,
    side_by_side,
)
from sgdwalk.storage.contracts import Contract, Variable, variable
from sgdwalk.storage.run_files import LAYER, WINDOW, WINDOW_START
from sgdwalk.trajectory.windows import full_windows, spacing, stacked

CORE = 12.0  # half-width of the histogram, in fitted scales
TAIL = (1e-2, 1e4)  # range of the tail's histogram, in fitted scales


def view(prefix: str, dims: str, what: str, *, optional: bool = False) -> dict[str, Variable]:
    """The variables of a view: gradient_views.ENTRIES under its prefix."""
    texts = {
        "alpha": ("1", f"stability parameter of {what}"),
        "alpha_low": ("1", f"stability parameter of {what}, 2.5 %"),
        "alpha_high": ("1", f"stability parameter of {what}, 97.5 %"),
        "scale": ("1", f"scale of the stable law of {what}"),
        "effective_number": ("1", f"effective number of independent values of {what}, by the variance of alpha"),
        "status": ("1", f"ok; 'scale drifts': the interval is a lower bound; or why {what} has no fit"),
        "number": ("1", f"values of {what} that are fitted"),
        "zero_share": ("1", f"share of {what} that is exactly 0"),
    }
    return {f"{prefix}_{n}": variable(dims, units, text, optional=optional) for n, (units, text) in texts.items()}


POOLED = {
    **{name: variable("window", units, text) for name, (units, text) in (STABLE | EDGE).items()},
    **{name: variable("window", "1", text) for name, text in (SKEW | ALTERNATIVE_PARAMETERS).items()},
    "status": variable("window", "1", "ok; 'scale drifts': the interval is a lower bound; or why there is no fit"),
    "scale_time": variable("window", "step", "correlation time of the scale of the gradients"),
    "number": variable("window", "1", "gradients fitted"),
    "zero_share": variable("window", "1", "share of the gradients that is exactly 0"),
    "log_likelihood_ratio": variable(
        "window rival", "nat", "log-likelihood ratio of the stable law to the alternative"
    ),
    "vuong_z": variable("window rival", "1", "Vuong's statistic, above 0 where the stable law is closer"),
    "vuong_p": variable("window rival", "1", "two-sided p-value of Vuong's test"),
    "density": variable("window bin", "1 / scale", "density"),
    "tail_density": variable("window tail_bin", "1 / scale", "density of the distance"),
    "gradient_quantile": variable(
        "window probability", "scale", "quantile of the gradients, from the location in scales"
    ),
    "law_quantile": variable("window law probability", "scale", "quantile of the fitted law, likewise"),
}
CONTRACT = Contract(
    "tails",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        **POOLED,
        "rival": variable("rival", "1", "alternative distribution"),
        "bin": variable("bin", "scale", "gradient, from the location in scales of the stable law"),
        "tail_bin": variable("tail_bin", "scale", "gradient's distance from the location in scales"),
        "probability": variable("probability", "1", "probability below the quantile"),
        "law": variable("law", "1", "fitted law"),
        "layer": LAYER,
        **view("layer", "window layer", "the gradients of a group of layers"),
        "tracked_parameter": variable("tracked", "1", "index of the fixed parameter among all"),
        "tracked_layer": variable("tracked", "1", "group of layers of the fixed parameter"),
        **view("tracked", "window tracked", "the gradient at a fixed parameter through time"),
        **view("time", "window", "the gradients at fixed parameters through time, each in its own scale"),
        "epoch_step": variable("epoch", "step", "steps done at the epoch's end", optional=True),
        **view("mean", "epoch", "the epoch's mean gradient", optional=True),
        **view("noise", "epoch", "the minibatch gradient minus the epoch's mean", optional=True),
    },
)


def compute(gradients: xr.Dataset, *, block: int = 10, bins: int = 120, copies: int = 50, seed: int = 0) -> xr.Dataset:
    """Stable laws, and alternatives, of the gradients of each full window, by maximum likelihood.

    gradients: gradient and step [window, sample], layer_gradient and others as in gradients.nc; NaN is padding.
    block: consecutive steps whose samples may depend on each other, at least; blocks are longer where the scale of
    the gradients changes slowly (scale_drift). Intervals, effective_number and vuong_z allow for that, not for
    dependence across blocks or through a weight that is sampled twice. Where the scale changes even more slowly,
    status is 'scale drifts' and the interval a lower bound. copies, seed: the pooled view's intervals are a block
    bootstrap of `copies` refits; those of all other views are cluster-robust. Exact zeros are counted in zero_share;
    those that are no small values rounded (dead units, blank pixels) are a point mass that no continuous law has,
    left out of the fits (point_mass).

    Alternatives: log_likelihood_ratio is the stable law's log-likelihood minus the alternative's; vuong_z has the
    BIC correction. Against the Gaussian, the edge alpha = 2, z and p are NaN and gaussian_p is the p-value
    (stable.gaussian_edge). 'mixture' is a Gaussian per layer, with the standard deviation of the layer's sample.

    density is of z = (gradient - location) / scale in `bins` even bins of [-12, 12], tail_density of |z| in
    bins // 2 logarithmic ones; values outside count in the normalisation, so that both compare with the law of
    scale 1.

    Returns the data set of CONTRACT. A window that cannot be fitted is NaN and has the reason in status (StableFit,
    or 'not finite' where all is NaN). layer_*, tracked_*, time_*, mean_*, noise_*: see gradient_views; the last two
    are left out where no noise was recorded. ValueError if no window is full.

    >>> from sgdwalk.heavy_tails.stable import distribution as stable
    >>> gradients = xr.Dataset(
    ...     {
    ...         "gradient": (("window", "sample"), stable.sample((1, 2000), 1.5, rng=0)),
    ...         "step": (("window", "sample"), np.repeat(np.arange(100), 20)[None]),
    ...         "layer_gradient": (("window", "layer", "layer_sample"), stable.sample((1, 1, 500), 1.5, rng=1)),
    ...         "layer_step": (("window", "layer_sample"), np.repeat(np.arange(100), 5)[None]),
    ...         "tracked_gradient": (("window", "step_in_window", "tracked"), stable.sample((1, 100, 2), 1.5, rng=2)),
    ...         "tracked_parameter": ("tracked", [0, 1]),
    ...         "tracked_layer": ("tracked", ["dense", "dense"]),
    ...     },
    ...     {
    ...         "window": [0],
    ...         "layer": ["dense"],
    ...         "window_start": ("window", [0]),
    ...         "window_steps": ("window", [100]),
    ...     },
    ... )
    >>> found = compute(gradients, copies=5).sel(window=0)
    >>> print(f"{found.alpha:.1f}, {found.layer_alpha[0]:.1f} in the layer")
    1.5, 1.4 in the layer
    """
    gradients = full_windows(gradients)
    gradient = gradients["gradient"].transpose("window", "sample").values.astype(np.float64)
    step = gradients["step"].transpose("window", "sample").values
    start, every = gradients["window_start"].values, spacing(gradients)
    edges = np.linspace(-CORE, CORE, bins + 1)
    tail_edges = np.geomspace(*TAIL, bins // 2 + 1)
    spreads = layer_spreads(gradients)
    rows = []
    for g, within, spread in zip(gradient, (step - start[:, None]) // every, spreads, strict=True):
        blocks = scale_drift.blocks(g, within, gradients.sizes["step_in_window"], block)
        sample = gradient_views.usable(g, within, blocks)
        row = side_by_side(sample, spread, edges, tail_edges, copies, seed)
        rows.append(row | {"scale_time": blocks.time * every})
    coordinates = {
        "window": gradients["window"].values,
        "rival": [*ALTERNATIVES, MIXTURE],
        "bin": (edges[1:] + edges[:-1]) / 2,
        "tail_bin": np.sqrt(tail_edges[1:] * tail_edges[:-1]),
        "probability": PROBABILITY,
        "law": list(LAWS),
    }
    sizes = {name: len(values) for name, values in coordinates.items()}
    pooled = xr.Dataset(stacked(rows, POOLED, sizes) | {"window_start": ("window", start)}, coordinates)
    return xr.merge([pooled, *_views(gradients, block)])


def _views(gradients, block) -> list[xr.Dataset]:
    """The other views of the gradients."""
    found = [
        gradient_views.layers(gradients, block).assign_coords(layer=gradients["layer"].values),
        gradient_views.through_time(gradients, block),
        gradients[["tracked_parameter", "tracked_layer"]].drop_attrs(),
    ]
    return [*found, gradient_views.epochs(gradients)] if "mean_gradient" in gradients else found
