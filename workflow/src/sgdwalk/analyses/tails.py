"""Heavy tails of the minibatch gradients: stable laws in three views, their rivals, histograms and quantiles."""

import numpy as np
import xarray as xr

from sgdwalk.heavy_tails import gradient_views
from sgdwalk.heavy_tails.model_comparison import (
    EDGE,
    LAWS,
    MIXTURE,
    PROBABILITY,
    RIVAL_PARAMETERS,
    RIVALS,
    SKEW,
    STABLE,
    layer_spreads,
    side_by_side,
)
from sgdwalk.storage.contracts import Contract, Variable, variable
from sgdwalk.storage.run_files import LAYER, WINDOW, WINDOW_START
from sgdwalk.trajectory.windows import full_windows

CORE = 12.0  # half-width of the histogram, in fitted scales
TAIL = (1e-2, 1e4)  # range of the tail's histogram, in fitted scales


def view(prefix: str, dims: str, what: str, *, optional: bool = False) -> dict[str, Variable]:
    """The variables of a view: tail_views.ENTRIES under its prefix."""
    texts = {
        "alpha": ("1", f"stability parameter of {what}"),
        "alpha_low": ("1", f"stability parameter of {what}, 2.5 %"),
        "alpha_high": ("1", f"stability parameter of {what}, 97.5 %"),
        "scale": ("1", f"scale of the stable law of {what}"),
        "effective_number": ("1", f"independent values of {what} that would pin alpha down as well"),
        "status": ("1", f"ok, or why {what} has no fit"),
        "number": ("1", f"values of {what} that are finite and not exactly 0"),
        "zero_share": ("1", f"share of {what} that is exactly 0"),
    }
    return {f"{prefix}_{n}": variable(dims, units, text, optional=optional) for n, (units, text) in texts.items()}


CONTRACT = Contract(
    "tails",
    {
        "window": WINDOW,
        "window_start": WINDOW_START,
        **{name: variable("window", units, text) for name, (units, text) in (STABLE | EDGE).items()},
        **{name: variable("window", "1", text) for name, text in (SKEW | RIVAL_PARAMETERS).items()},
        "status": variable("window", "1", "ok, or why the window has no fit"),
        "number": variable("window", "1", "gradients fitted: finite and not exactly 0"),
        "zero_share": variable("window", "1", "share of the gradients that is exactly 0"),
        "rival": variable("rival", "1", "rival law"),
        "log_likelihood_ratio": variable("window rival", "nat", "log-likelihood of the stable law over the rival"),
        "vuong_z": variable("window rival", "1", "Vuong's statistic, above 0 where the stable law is closer"),
        "vuong_p": variable("window rival", "1", "two-sided p-value of Vuong's test"),
        "bin": variable("bin", "scale", "gradient, from the location in scales of the stable law"),
        "density": variable("window bin", "1 / scale", "density"),
        "tail_bin": variable("tail_bin", "scale", "gradient's distance from the location in scales"),
        "tail_density": variable("window tail_bin", "1 / scale", "density of the distance"),
        "probability": variable("probability", "1", "probability below the quantile"),
        "gradient_quantile": variable(
            "window probability", "scale", "quantile of the gradients, from the location in scales"
        ),
        "law": variable("law", "1", "fitted law"),
        "law_quantile": variable("window law probability", "scale", "quantile of the fitted law, likewise"),
        "layer": LAYER,
        **view("layer", "window layer", "the gradients of a group of layers"),
        "tracked_parameter": variable("tracked", "1", "index of the fixed parameter among all"),
        "tracked_layer": variable("tracked", "1", "group that the fixed parameter is of"),
        **view("tracked", "window tracked", "the gradient at a fixed parameter through time"),
        **view("time", "window", "the gradients at fixed parameters through time, each in its own scale"),
        "epoch_step": variable("epoch", "step", "steps done at the epoch's end", optional=True),
        **view("mean", "epoch", "the epoch's mean gradient", optional=True),
        **view("noise", "epoch", "the minibatch gradient less the epoch's mean", optional=True),
    },
)


def compute(gradients: xr.Dataset, *, block: int = 10, bins: int = 120, copies: int = 50, seed: int = 0) -> xr.Dataset:
    """Maximum-likelihood laws of gradient [window, sample], full window by full window, and of the views of it.

    Samples of the same `block` consecutive steps may depend on each other (their step numbers say which);
    intervals, effective_number and vuong_z allow for that, not for dependence across blocks or through a
    weight drawn twice. The pooled view's intervals are a block bootstrap of `copies` refits, those of all other
    views cluster-robust. NaN samples are padding. Exact zeros (dead units, blank pixels) are a point mass that
    no continuous law has: they are counted in zero_share and left out of the fits.

    Rivals: log_likelihood_ratio is the stable law's log-likelihood minus the rival's; vuong_z has the BIC
    correction. Against the Gaussian, the edge alpha = 2, z and p are NaN and gaussian_p is the test's
    (stable.edge). 'mixture' is a Gaussian for each layer, of that layer's own standard deviation.

    density is on z = (gradient - location) / scale over `bins` even bins of [-12, 12], tail_density of |z|
    on bins // 2 logarithmic ones; what lies outside still counts in the norm, so that both compare with the
    law of scale 1. A window that cannot be fitted has NaN and its reason in status (stable.StableFit, or
    'not finite' where it holds no number at all). layer_*, tracked_*, time_*, mean_*, noise_*: see tail_views; the
    last two are left out where no noise was recorded.
    """
    gradients = full_windows(gradients)
    gradient = gradients["gradient"].transpose("window", "sample").values.astype(np.float64)
    step = gradients["step"].transpose("window", "sample").values
    start = gradients["window_start"].values
    edges = np.linspace(-CORE, CORE, bins + 1)
    tail_edges = np.geomspace(*TAIL, bins // 2 + 1)
    spreads = layer_spreads(gradients)
    rows = []
    for g, s, s0, spread in zip(gradient, step, start, spreads, strict=True):
        rows.append(side_by_side(gradient_views.usable(g, (s - s0) // block), spread, edges, tail_edges, copies, seed))
    coordinates = {
        "window": gradients["window"].values,
        "rival": [*RIVALS, MIXTURE],
        "bin": (edges[1:] + edges[:-1]) / 2,
        "tail_bin": np.sqrt(tail_edges[1:] * tail_edges[:-1]),
        "probability": PROBABILITY,
        "law": list(LAWS),
    }
    found = {n: (CONTRACT.variables[n].dims, np.array([row[n] for row in rows])) for n in rows[0]}
    pooled = xr.Dataset(found | {"window_start": ("window", start)}, coordinates)
    return xr.merge([pooled, *_views(gradients, block)])


def _views(gradients, block) -> list[xr.Dataset]:
    """The other views of the gradients."""
    found = [
        gradient_views.layers(gradients, block).assign_coords(layer=gradients["layer"].values),
        gradient_views.through_time(gradients, block),
        gradients[["tracked_parameter", "tracked_layer"]].drop_attrs(),
    ]
    return [*found, gradient_views.epochs(gradients)] if "mean_gradient" in gradients else found
