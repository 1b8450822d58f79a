import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import levy_stable, norm
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.heavy_tails.stable import skewed
from sgdwalk.heavy_tails.stable.likelihood import expand

Z = np.concatenate([-np.geomspace(1e4, 0.1, 15), [0.0], np.geomspace(0.1, 1e4, 15), np.linspace(-12, 12, 14)])


def nolan(z, alpha, beta):
    """Nolan's (1997) exponent on one side: its angle-free part, log V at theta = start + a = pi/2 - c, start, front."""
    if alpha == 1:

        def log_v(a, c):
            lean, near = np.pi / 2 + beta * (a - np.pi / 2), np.minimum(a, c)
            return np.log(2 / np.pi * lean / np.sin(near)) + lean * np.sign(a - c) / np.tan(near) / beta

        return -np.pi * z / (2 * beta), log_v, -np.pi / 2, -np.log(2 * abs(beta))
    zeta = -beta * np.tan(np.pi * alpha / 2)
    if z < zeta:
        return nolan(-z, alpha, -beta)
    start = np.arctan(beta * np.tan(np.pi * alpha / 2)) / alpha
    power = alpha / (alpha - 1)

    def log_v(a, c):
        value = np.log(np.cos(alpha * start)) / (alpha - 1) + power * np.log(np.sin(c) / np.sin(alpha * a))
        return value + np.log(np.cos(alpha * start + (alpha - 1) * (a - start)) / np.sin(c))

    front = np.log(alpha / (np.pi * abs(alpha - 1) * (z - zeta)))
    return power * np.log(z - zeta), log_v, -start, front


def by_quadrature(z, alpha, beta):
    """log f(z) by adaptive quadrature of Nolan's integral, in y = logit of the angle's share of its interval."""
    free, log_v, start, front = nolan(z, alpha, beta)
    length = np.pi / 2 - start

    def log_integrand(y):
        a, c = length / (1 + np.exp(-y)), length / (1 + np.exp(y))
        u = free + log_v(a, c)
        return u - np.exp(u) + np.log(a * c / length)

    y = np.linspace(-34, 34, 20_001)
    with np.errstate(all="ignore"):
        for _ in range(3):  # ever closer to the peak, which may be 1e-5 wide
            height = np.nan_to_num(log_integrand(y), nan=-np.inf)
            inside = np.flatnonzero(height > height.max() - 32)
            low, high = max(inside[0] - 1, 0), min(inside[-1] + 1, len(y) - 1)
            y = np.linspace(y[low], y[high], 20_001)
        peak = y[np.nan_to_num(log_integrand(y), nan=-np.inf).argmax()]
        top = log_integrand(peak)
        total = sum(
            quad(lambda y: np.exp(log_integrand(y) - top), *p, epsabs=0, epsrel=1e-9, limit=400)[0]
            for p in [(y[0], peak), (peak, y[-1])]
        )
    return front + np.log(total) + top


@pytest.mark.slow
@pytest.mark.parametrize("beta", [-0.5, 0.5])
@pytest.mark.parametrize("alpha", [0.5, 0.7, 1.0, 1.3, 1.7, 1.95])
def test_log_density_is_that_of_direct_integration(alpha, beta):
    expected = [by_quadrature(z, alpha, beta) for z in Z]
    assert stable.logpdf(Z, alpha, beta) == pytest.approx(np.array(expected), rel=0, abs=1e-4)


@pytest.mark.parametrize(
    ("alpha", "beta"), [(0.9, 0.3), (0.99, -0.8), (1.0, 1.0), (1.02, 0.9), (1.5, -1.0), (1.9, 1.0)]
)
def test_density_is_the_fourier_integral(alpha, beta):
    """f(z) = 1 / pi integral exp(-k^alpha) cos(phase - kz) dk, independent of Zolotarev's integral."""
    t = np.tan(np.pi * alpha / 2)

    def phase(k):
        return -beta * 2 / np.pi * k * np.log(k) if alpha == 1 else -beta * t * (k - k**alpha)

    z, end = np.array([-3.0, -1.0, 0.0, 0.4, 2.0, 6.0]), 40 ** (1 / alpha)

    def wave(k, v):
        return np.exp(-(k**alpha)) * np.cos(phase(k) - k * v)

    waves = [quad(wave, 1e-300, end, (v,), limit=3000)[0] for v in z]
    assert np.exp(stable.logpdf(z, alpha, beta)) == pytest.approx(np.array(waves) / np.pi, abs=2e-7)


@pytest.mark.parametrize(("alpha", "beta"), [(0.6, 0.5), (1.4, -0.7), (1.8, 0.9)])
def test_density_and_distribution_agree_with_scipy(alpha, beta):
    z, shift = np.array([-4.0, -0.5, 0.0, 1.0, 5.0]), beta * np.tan(np.pi * alpha / 2)  # scipy's location is S1's
    assert np.exp(stable.logpdf(z, alpha, beta)) == pytest.approx(levy_stable.pdf(z + shift, alpha, beta), rel=1e-5)
    assert stable.cdf(z, alpha, beta) == pytest.approx(levy_stable.cdf(z + shift, alpha, beta), abs=1e-6)


def test_the_one_sided_law_of_alpha_one_half_is_the_levy_distribution():
    """S0(1/2, 1) is Levy's law from zeta = -1 on: f = s^(-3/2) exp(-1 / (2 s)) / sqrt(2 pi)."""
    s = np.array([0.05, 0.3, 1.0, 10.0, 1e4])
    expected = -1.5 * np.log(s) - 1 / (2 * s) - np.log(2 * np.pi) / 2
    assert stable.logpdf(s - 1, 0.5, 1) == pytest.approx(expected, rel=0, abs=2e-4)  # beta is 1 - 1e-6


@pytest.mark.parametrize("beta", [-1, -0.4, 0.4])
def test_log_density_is_continuous_across_special_parameters(beta):
    """At alpha 1, 2 and where the nodes' origin jumps; and beta to 0."""
    z = np.array([-6.0, -1.0, 0.0, 0.7, 3.0])
    for alpha in (skewed.SINGULAR, 1 - skewed.NEAR_ONE, 1.0, 1 + skewed.NEAR_ONE):
        below, above = stable.logpdf(z, alpha - 1e-7, beta), stable.logpdf(z, alpha + 1e-7, beta)
        assert below == pytest.approx(above, rel=0, abs=3e-3 if beta == -1 else 2e-6)
    assert np.exp(stable.logpdf(z, 2 - 1e-6, beta)) == pytest.approx(norm.pdf(z, 0, 2**0.5), abs=1e-6)
    assert stable.logpdf(z, 1.3, 1e-9) == pytest.approx(stable.logpdf(z, 1.3), rel=0, abs=1e-6)


@pytest.mark.parametrize(("alpha", "beta"), [(0.4, 0.5), (0.8, -0.6), (1.0, 0.5), (1.6, 0.9)])
def test_distribution_is_the_integral_of_the_density(alpha, beta):
    points = np.array([-20.0, -1.0, -0.3, 0.2, 1.0, 30.0])
    mass = [
        quad(lambda z: np.exp(stable.logpdf(z, alpha, beta)), *pair, epsabs=1e-9, limit=400)[0]
        for pair in itertools.pairwise(points)
    ]
    assert np.diff(stable.cdf(points, alpha, beta)) == pytest.approx(np.array(mass), abs=1e-6)
    assert stable.cdf(-points, alpha, -beta) == pytest.approx(1 - stable.cdf(points, alpha, beta), abs=1e-8)


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.0), (0.8, 0.5), (1.5, -0.9), (2.0, 0.3)])
def test_quantiles_invert_the_distribution(alpha, beta):
    p = np.array([[1e-6, 0.03, 0.4], [0.5, 0.9, 0.9999]])
    x = stable.quantile(p, alpha, beta, 3.0, -1.0)
    assert stable.cdf(x, alpha, beta, 3.0, -1.0) == pytest.approx(p, rel=1e-8)


@pytest.mark.parametrize(("alpha", "beta"), [(0.6, 0.7), (1.0, -0.5), (1.0001, 0.9), (1.5, 1.0), (2.0, 0.5)])
def test_samples_follow_the_distribution(alpha, beta):
    x = np.sort(stable.sample(20_000, alpha, beta, 3.0, -2.0, 5))
    ranks = (np.arange(20_000) + 0.5) / 20_000
    kept = slice(None, None, 40)
    assert np.abs(stable.cdf(x[kept], alpha, beta, 3.0, -2.0) - ranks[kept]).max() < 1.63 / 20_000**0.5


@pytest.mark.parametrize(("alpha", "beta"), [(0.6, 0.3), (1.0, -0.5), (1.6, 0.6)])
def test_expansion_is_that_of_the_log_likelihood(alpha, beta):
    x, point = stable.sample(300, 1.3, 0.3, 2.0, 1.0, 4), np.array([alpha, beta, 0.6, 0.9])
    steps = np.diag([2e-3, 2e-3, 1e-3, 1e-3])

    def total(p):
        return stable.logpdf(x, p[0], p[1], np.exp(p[2]), p[3]).sum()

    found = expand(x, point)
    slopes = [(total(point + d) - total(point - d)) / (2 * d.sum()) for d in steps]
    assert found.value == pytest.approx(total(point), rel=1e-12)
    assert found.scores.sum(axis=0) == pytest.approx(np.array(slopes), rel=0.01, abs=0.5)
    bends = [
        [total(point + a + b) - total(point + a - b) - total(point - a + b) + total(point - a - b) for b in steps]
        for a in steps
    ]
    expected = np.array(bends) / (4 * np.outer(steps.sum(axis=0), steps.sum(axis=0)))
    assert found.second == pytest.approx(expected, rel=0.05, abs=0.02 * np.abs(expected).max())


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "beta"), [(0.7, 0.5), (1.0, 0.0), (1.5, -0.5)])
def test_recovers_all_parameters_with_stated_coverage(alpha, beta):
    """20 samples of 800, of the size of gradients: means within 4 sd, coverage of each within 4 sd of 95 %."""
    truth = {"alpha": alpha, "beta": beta, "scale": 2e-6, "location": 5e-6}
    fits = [stable.fit(stable.sample(800, alpha, beta, 2e-6, 5e-6, seed), symmetric=False) for seed in range(20)]
    for name, value in truth.items():
        found, low, high = np.array([[getattr(f, name + end) for end in ("", "_low", "_high")] for f in fits]).T
        assert abs(found.mean() - value) < 4 * found.std() / 20**0.5
        assert np.mean((low <= value) & (value <= high)) >= 0.75
        assert found.std() / np.mean((high - low) / 3.92) == pytest.approx(1, abs=0.55)  # 3.5 / sqrt(2 x 20)


@pytest.mark.parametrize(("alpha", "beta"), [(0.32, 0.2), (0.4, 0.5), (0.4, -1), (0.5, -0.9), (0.7, 0.9)])
def test_sharply_peaked_laws_are_recovered_in_few_steps(alpha, beta):
    """Within 5 standard errors, 3.92 of which are an interval's width, by few densities: each is an integration."""
    before = skewed.log_density.cache_info().misses
    fit = stable.fit(stable.sample(2000, alpha, beta, 3.0, -2.0, 1), symmetric=False)
    assert skewed.log_density.cache_info().misses - before <= 70
    assert fit.status == "ok"
    for name, value in {"alpha": alpha, "beta": beta, "scale": 3.0, "location": -2.0}.items():
        found, low, high = (getattr(fit, name + end) for end in ("", "_low", "_high"))
        assert abs(found - value) < 5 * (high - low) / 3.92


def test_fit_is_the_maximum_and_mirrors():
    x = stable.sample(1500, 1.4, 0.6, 2.0, 1.0, 4)
    fit, mirrored = stable.fit(x, symmetric=False), stable.fit(-x, symmetric=False)
    at = stable.logpdf(x, fit.alpha, fit.beta, fit.scale, fit.location).sum()
    assert fit.log_likelihood == pytest.approx(at, abs=1e-6)
    assert fit.log_likelihood > stable.fit(x).log_likelihood + 20
    for da, db, ds, dm in np.vstack([d * np.eye(4) for d in (0.02, -0.02)]):
        assert stable.logpdf(x, fit.alpha + da, fit.beta + db, fit.scale + ds, fit.location + dm).sum() < at
    assert mirrored.beta == pytest.approx(-fit.beta, abs=1e-3)
    assert (mirrored.beta_low, mirrored.beta_high) == pytest.approx((-fit.beta_high, -fit.beta_low), abs=1e-3)
    assert mirrored.location == pytest.approx(-fit.location, abs=1e-3)


def test_edges_of_beta_and_of_alpha():
    gauss = stable.fit(np.random.default_rng(2).normal(3, 2, 1000), symmetric=False)
    assert (gauss.alpha, gauss.beta, gauss.beta_low, gauss.beta_high) == (2, 0, -1, 1)
    one = stable.fit(stable.sample(1000, 1.5, 1.0, rng=3), symmetric=False)
    assert one.status == "ok"
    assert one.beta_high == 1
    assert 0.8 < one.beta_low < one.beta


def test_skewness_out_of_range_is_an_error():
    with pytest.raises(ValueError, match="beta"):
        stable.logpdf(0, 1.5, 1.1)


@pytest.mark.slow
def test_a_general_fit_of_gaussian_data_has_alpha_at_or_near_two():
    for seed in (0, 34, 53, 54):
        x = np.random.default_rng(seed).normal(size=2000)
        fit, symmetric = stable.fit(x, symmetric=False), stable.fit(x)
        assert fit.status == "ok"
        assert fit.alpha > 1.97
        assert fit.log_likelihood > symmetric.log_likelihood - 0.1
