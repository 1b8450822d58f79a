"""Heavy tails of the minibatch gradients: the stable law of each window, its rivals, and a histogram."""

import numpy as np
import xarray as xr

from sgdwalk import rivals, stable
from sgdwalk.contracts import Contract, variable

RIVALS = {"gaussian": rivals.gaussian, "laplace": rivals.laplace, "student-t": rivals.student_t}
NESTED = "gaussian"  # the edge alpha = 2 of the stable family: Vuong's test does not hold
CORE = 12.0  # half-width of the histogram, in fitted scales
TAIL = (1e-2, 1e4)  # range of the tail's histogram, in fitted scales
STABLE = {
    "alpha": ("1", "stability parameter of the minibatch gradients"),
    "alpha_low": ("1", "stability parameter, 2.5 %"),
    "alpha_high": ("1", "stability parameter, 97.5 %"),
    "scale": ("1", "scale of the stable law"),
    "location": ("1", "location of the stable law"),
    "log_likelihood": ("nat", "log-likelihood of the stable law"),
    "effective_number": ("1", "number of independent gradients that would pin alpha down as well"),
}
RIVAL_PARAMETERS = {
    "gaussian_location": "mean of the gradients",
    "gaussian_scale": "standard deviation of the gradients",
    "laplace_location": "location of the Laplace law",
    "laplace_scale": "scale of the Laplace law",
    "student_location": "location of Student's t",
    "student_scale": "scale of Student's t",
    "student_degrees": "degrees of freedom of Student's t",
}

CONTRACT = Contract(
    "tails",
    {
        "window": variable("window", "1", "window"),
        "window_start": variable("window", "step", "first step of the window"),
        **{name: variable("window", units, text) for name, (units, text) in STABLE.items()},
        "status": variable("window", "1", "ok, or why the window has no fit"),
        "number": variable("window", "1", "gradients fitted: finite and not exactly 0"),
        "zero_share": variable("window", "1", "share of the gradients that is exactly 0"),
        **{name: variable("window", "1", text) for name, text in RIVAL_PARAMETERS.items()},
        "rival": variable("rival", "1", "rival law"),
        "log_likelihood_ratio": variable("window rival", "nat", "log-likelihood of the stable law over the rival"),
        "vuong_z": variable("window rival", "1", "Vuong's statistic, above 0 where the stable law is closer"),
        "vuong_p": variable("window rival", "1", "two-sided p-value of Vuong's test"),
        "bin": variable("bin", "scale", "gradient, from the location in scales of the stable law"),
        "density": variable("window bin", "1 / scale", "density"),
        "tail_bin": variable("tail_bin", "scale", "gradient's distance from the location in scales"),
        "tail_density": variable("window tail_bin", "1 / scale", "density of the distance"),
    },
)


def compute(gradients: xr.Dataset, *, block: int = 10, bins: int = 120) -> xr.Dataset:
    """Maximum-likelihood laws of gradient [window, sample], window by window.

    Samples of the same `block` consecutive steps may depend on each other (their step numbers say which);
    intervals, effective_number and vuong_z allow for that, not for dependence across blocks or through a
    weight drawn twice. NaN samples are padding. Exact zeros (dead units, blank pixels) are a point mass
    that no continuous law has: they are counted in zero_share and left out of the fits.

    Rivals: log_likelihood_ratio is the stable law's log-likelihood minus the rival's; vuong_z has the BIC
    correction. Against the Gaussian, the edge alpha = 2, z and p are NaN (see rivals.vuong).

    density is on z = (gradient - location) / scale over `bins` even bins of [-12, 12], tail_density of |z|
    on bins // 2 logarithmic ones; what lies outside still counts in the norm, so that both compare with the
    law of scale 1. A window that cannot be fitted has NaN and its reason in status (stable.StableFit, or
    'not finite' where it holds no number at all).
    """
    gradient = gradients["gradient"].transpose("window", "sample").values.astype(np.float64)
    step = gradients["step"].transpose("window", "sample").values
    start = gradients["window_start"].values
    edges = np.linspace(-CORE, CORE, bins + 1)
    tail_edges = np.geomspace(*TAIL, bins // 2 + 1)
    rows = [_window(g, (s - s0) // block, edges, tail_edges) for g, s, s0 in zip(gradient, step, start, strict=True)]
    coordinates = {
        "window": gradients["window"].values,
        "rival": list(RIVALS),
        "bin": (edges[1:] + edges[:-1]) / 2,
        "tail_bin": np.sqrt(tail_edges[1:] * tail_edges[:-1]),
    }
    found = {n: (CONTRACT.variables[n].dims, np.array([row[n] for row in rows])) for n in rows[0]}
    return xr.Dataset(found | {"window_start": ("window", start)}, coordinates)


def _window(gradient, blocks, edges, tail_edges) -> dict:
    """All variables of one window."""
    kept = ~np.isnan(gradient)
    nonzero = kept & (gradient != 0)
    used = nonzero if nonzero.any() else kept
    fit = stable.fit(gradient[used], blocks[used]) if kept.any() else stable.StableFit("not finite")
    row = {name: getattr(fit, name) for name in STABLE}
    row |= {"status": fit.status, "number": nonzero.sum()}
    row["zero_share"] = 1 - nonzero.sum() / kept.sum() if kept.any() else np.nan
    row |= _against_rivals(gradient[used], blocks[used], fit)
    z = (gradient[used] - fit.location) / fit.scale
    return row | {"density": _density(z, edges), "tail_density": _density(np.abs(z), tail_edges)}


def _against_rivals(x, blocks, fit) -> dict:
    """The rivals' parameters, and the stable law's comparison with each; NaN without a stable fit."""
    row = dict.fromkeys(RIVAL_PARAMETERS, np.nan)
    ratio, z, p = np.full((3, len(RIVALS)), np.nan)
    if fit.status == "ok":
        own = stable.logpdf(x, fit.alpha, fit.scale, fit.location)
        for i, (name, fit_rival) in enumerate(RIVALS.items()):
            rival = fit_rival(x)
            row |= {f"{name.removesuffix('-t')}_{key}": value for key, value in rival.parameters.items()}
            test = rivals.vuong(own, rival.log_likelihood, 3, len(rival.parameters), blocks)
            ratio[i] = test.ratio
            z[i], p[i] = (np.nan, np.nan) if name == NESTED else (test.z, test.p)
    return row | {"log_likelihood_ratio": ratio, "vuong_z": z, "vuong_p": p}


def _density(z, edges) -> np.ndarray:
    """Histogram of z over the edges as a density of all z, those outside included; NaN where z is."""
    if not np.isfinite(z).all() or len(z) == 0:
        return np.full(len(edges) - 1, np.nan)
    return np.histogram(z, edges)[0] / (len(z) * np.diff(edges))
