"""Distributions fitted to one sample of gradients: stable law against its alternatives, histogram, quantiles."""

import numpy as np
from scipy.special import expit

from sgdwalk import quantiles
from sgdwalk.heavy_tails import alternatives, gradient_views
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.heavy_tails.stable import gaussian_edge

ALTERNATIVES = {"gaussian": alternatives.gaussian, "laplace": alternatives.laplace, "student-t": alternatives.student_t}
MIXTURE, NESTED = "mixture", "gaussian"  # NESTED: the edge alpha = 2 of the stable family, where Vuong's test fails
LAWS = ("stable", *ALTERNATIVES)
PROBABILITY = expit(np.linspace(-9, 9, 61))  # of the quantiles, even in the logit
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
    "effective_number": ("1", "effective number of independent gradients, by the variance of alpha"),
}
SKEW = {
    "beta": "skewness of the general stable law",
    "beta_low": "skewness of the general stable law, 2.5 %",
    "beta_high": "skewness of the general stable law, 97.5 %",
}
EDGE = {
    "gaussian_ratio": ("nat", "twice the log-likelihood ratio over the Gaussian, for effective_number gradients"),
    "gaussian_critical": ("nat", "value that gaussian_ratio exceeds in 5 % of Gaussian samples"),
    "gaussian_p": ("1", "p-value of the Gaussian, not below 0.001"),
}
ALTERNATIVE_PARAMETERS = {
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
    """For each window the standard deviations [layer] of the layers' gradients, without a point mass at zero.

    gradients: as in gradients.nc. Layers of fewer than 50 such gradients are left out; empty if that is all.
    """
    found = []
    for window in gradients["layer_gradient"].transpose("window", "layer", "layer_sample").values.astype(np.float64):
        values = [gradient_views.usable(row).values for row in window]
        spread = np.array([row.std() for row in values if row.size >= stable.MIN_POINTS])
        found.append(spread[spread > 0])
    return found


def side_by_side(sample, spreads, edges, tail_edges, copies, seed) -> dict:
    """The variables of one window's pooled gradients by name, without those that need a fit where there is none.

    sample: gradient_views.Usable. spreads: standard deviations of the layers (layer_spreads). edges, tail_edges:
    of the histograms, in fitted scales. copies, seed: of the block bootstrap.
    """
    x, blocks = sample.values, sample.blocks
    fit = stable.fit(x, blocks=blocks, copies=copies, seed=seed) if x.size else gradient_views.NOTHING
    row = {name: getattr(fit, name) for name in STABLE}
    row |= {"status": sample.status(fit.status), "number": sample.number, "zero_share": sample.zero_share}
    if fit.status != "ok":
        return row
    skew = stable.fit(x, symmetric=False, blocks=blocks)
    row |= {name: getattr(skew, name) for name in SKEW}
    row |= _against_alternatives(x, blocks, fit, spreads) | _against_gaussian(x, fit)
    z = (x - fit.location) / fit.scale
    row |= {"density": _density(z, edges), "tail_density": _density(np.abs(z), tail_edges)}
    return row | {"gradient_quantile": np.quantile(z, PROBABILITY), "law_quantile": _law_quantiles(fit, row)}


def _against_alternatives(x, blocks, fit, spreads) -> dict:
    """The alternatives' parameters, and the stable law's comparison with each; NaN for a mixture without spreads."""
    row = {}
    ratio, z, p = np.full((3, len(ALTERNATIVES) + 1), np.nan)
    laws = list(ALTERNATIVES.items())
    if len(spreads):
        laws.append((MIXTURE, lambda values: alternatives.scale_mixture(values, spreads)))
    own = stable.logpdf(x, fit.alpha, 0.0, fit.scale, fit.location)
    for i, (name, fit_alternative) in enumerate(laws):
        found = fit_alternative(x)
        named = {f"{name.removesuffix('-t')}_{key}": value for key, value in found.parameters.items()}
        row |= {key: value for key, value in named.items() if key in ALTERNATIVE_PARAMETERS}
        test = alternatives.vuong(own, found.log_likelihood, 3, len(found.parameters), blocks)
        ratio[i] = test.ratio
        z[i], p[i] = (np.nan, np.nan) if name == NESTED else (test.z, test.p)
    return row | {"log_likelihood_ratio": ratio, "vuong_z": z, "vuong_p": p}


def _against_gaussian(x, fit) -> dict:
    """The likelihood-ratio test at the edge alpha = 2, for as many independent observations as there are."""
    number = fit.effective_number
    ratio = 2 * (fit.log_likelihood - gaussian_edge.gaussian(x)) * number / len(x)
    values = (ratio, gaussian_edge.critical_value(number), gaussian_edge.p_value(ratio, number))
    return dict(zip(EDGE, values, strict=True))


def _density(z, edges) -> np.ndarray:
    """Histogram of z over the edges as a density of all z, including those outside."""
    return np.histogram(z, edges)[0] / (len(z) * np.diff(edges))


def _law_quantiles(fit, row) -> np.ndarray:
    """Quantiles [law, probability] of the fitted LAWS, from the stable law's location in its scales."""

    def placed(name, standard):
        return (row[f"{name}_location"] - fit.location + row[f"{name}_scale"] * standard) / fit.scale

    return np.stack(
        [
            stable.quantile(PROBABILITY, fit.alpha),
            placed("gaussian", quantiles.normal(PROBABILITY)),
            placed("laplace", quantiles.laplace(PROBABILITY)),
            placed("student", quantiles.student(PROBABILITY, row["student_degrees"])),
        ]
    )
