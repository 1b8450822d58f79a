"""The fitted laws of one sample of gradients side by side: stable, its rivals, histogram and quantiles."""

import numpy as np
from scipy.special import expit
from scipy.stats import laplace, norm
from scipy.stats import t as student

from sgdwalk.heavy_tails import alternatives, gradient_views
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.heavy_tails.stable import gaussian_edge

RIVALS = {"gaussian": alternatives.gaussian, "laplace": alternatives.laplace, "student-t": alternatives.student_t}
MIXTURE, NESTED = "mixture", "gaussian"  # NESTED is the edge alpha = 2 of the stable family: no test of Vuong's
LAWS = ("stable", *RIVALS)
PROBABILITY = expit(np.linspace(-9, 9, 61))
STABLE = {
    "alpha": ("1", "stability parameter of the minibatch gradients"),
    "alpha_low": ("1", "stability parameter, 2.5 %"),
    "alpha_high": ("1", "stability parameter, 97.5 %"),
    "scale": ("1", "scale of the stable law"),
    "scale_low": ("1", "scale of the stable law, 2.5 %"),
    "scale_high": ("1", "scale of the stable law, 97.5 %"),
    "location": ("1", "location of the stable law"),
    "location_low": ("1", "location of the stable law, 2.5 %"),
    "location_high": ("1", "location of the stable law, 97.5 %"),
    "log_likelihood": ("nat", "log-likelihood of the stable law"),
    "effective_number": ("1", "number of independent gradients that would pin alpha down as well"),
}
SKEW = {
    "beta": "skewness of the general stable law",
    "beta_low": "skewness of the general stable law, 2.5 %",
    "beta_high": "skewness of the general stable law, 97.5 %",
}
EDGE = {
    "gaussian_ratio": ("nat", "twice the log-likelihood ratio over the Gaussian, for effective_number gradients"),
    "gaussian_critical": ("nat", "value that gaussian_ratio exceeds in 5 % of Gaussian samples"),
    "gaussian_p": ("1", "p-value of the Gaussian, from 0.001"),
}
RIVAL_PARAMETERS = {
    "gaussian_location": "mean of the gradients",
    "gaussian_scale": "standard deviation of the gradients",
    "laplace_location": "location of the Laplace law",
    "laplace_scale": "scale of the Laplace law",
    "student_location": "location of Student's t",
    "student_scale": "scale of Student's t",
    "student_degrees": "degrees of freedom of Student's t",
    "mixture_location": "location of the Gaussians by layer",
}


def layer_spreads(gradients) -> list[np.ndarray]:
    """For each window the standard deviations of the layers' gradients, without exact zeros; empty if unknown."""
    found = []
    for window in gradients["layer_gradient"].transpose("window", "layer", "layer_sample").values.astype(np.float64):
        values = [row[np.isfinite(row) & (row != 0)] for row in window]
        spread = np.array([row.std() for row in values if row.size >= stable.MIN_POINTS])
        found.append(spread[spread > 0])
    return found


def side_by_side(sample, spreads, edges, tail_edges, copies, seed) -> dict:
    """All variables of one window's pooled gradients."""
    x, blocks = sample.values, sample.blocks
    fit = stable.fit(x, blocks=blocks, copies=copies, seed=seed) if x.size else gradient_views.NOTHING
    row = {name: getattr(fit, name) for name in STABLE}
    row |= {"status": fit.status, "number": sample.number, "zero_share": sample.zero_share}
    skew = stable.fit(x, symmetric=False, blocks=blocks) if fit.status == "ok" else gradient_views.NOTHING
    row |= {name: getattr(skew, name) for name in SKEW}
    row |= _against_rivals(x, blocks, fit, spreads) | _against_gaussian(x, fit)
    z = (x - fit.location) / fit.scale
    row |= {"density": _density(z, edges), "tail_density": _density(np.abs(z), tail_edges)}
    return row | _quantiles(z, fit, row)


def _against_rivals(x, blocks, fit, spreads) -> dict:
    """The rivals' parameters, and the stable law's comparison with each; NaN without a stable fit."""
    row = dict.fromkeys(RIVAL_PARAMETERS, np.nan)
    ratio, z, p = np.full((3, len(RIVALS) + 1), np.nan)
    laws = list(RIVALS.items())
    if len(spreads):
        laws.append((MIXTURE, lambda values: alternatives.scale_mixture(values, spreads)))
    if fit.status == "ok":
        own = stable.logpdf(x, fit.alpha, 0.0, fit.scale, fit.location)
        for i, (name, fit_rival) in enumerate(laws):
            rival = fit_rival(x)
            named = {f"{name.removesuffix('-t')}_{key}": value for key, value in rival.parameters.items()}
            row |= {key: value for key, value in named.items() if key in RIVAL_PARAMETERS}
            test = alternatives.vuong(own, rival.log_likelihood, 3, len(rival.parameters), blocks)
            ratio[i] = test.ratio
            z[i], p[i] = (np.nan, np.nan) if name == NESTED else (test.z, test.p)
    return row | {"log_likelihood_ratio": ratio, "vuong_z": z, "vuong_p": p}


def _against_gaussian(x, fit) -> dict:
    """The likelihood-ratio test at the edge alpha = 2, for as many independent observations as there are."""
    if fit.status != "ok":
        return dict.fromkeys(EDGE, np.nan)
    number = fit.effective_number
    ratio = 2 * (fit.log_likelihood - gaussian_edge.gaussian(x)) * number / len(x)
    values = (ratio, gaussian_edge.critical_value(number), gaussian_edge.p_value(ratio, number))
    return dict(zip(EDGE, values, strict=True))


def _density(z, edges) -> np.ndarray:
    """Histogram of z over the edges as a density of all z, those outside included; NaN where z is."""
    if not np.isfinite(z).all() or len(z) == 0:
        return np.full(len(edges) - 1, np.nan)
    return np.histogram(z, edges)[0] / (len(z) * np.diff(edges))


def _quantiles(z, fit, row) -> dict:
    """Quantiles of z and of the fitted laws in the same units."""
    if fit.status != "ok":
        return {
            "gradient_quantile": np.full(PROBABILITY.size, np.nan),
            "law_quantile": np.full((4, PROBABILITY.size), np.nan),
        }

    def place(name):
        return {
            "loc": (row[f"{name}_location"] - fit.location) / fit.scale,
            "scale": row[f"{name}_scale"] / fit.scale,
        }

    laws = [
        stable.quantile(PROBABILITY, fit.alpha),
        norm.ppf(PROBABILITY, **place("gaussian")),
        laplace.ppf(PROBABILITY, **place("laplace")),
        student.ppf(PROBABILITY, row["student_degrees"], **place("student")),
    ]
    return {"gradient_quantile": np.quantile(z, PROBABILITY), "law_quantile": np.stack(laws)}
