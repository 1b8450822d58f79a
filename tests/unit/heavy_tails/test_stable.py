import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize, minimize_scalar
from scipy.special import gamma
from scipy.stats import cauchy, laplace, levy_stable, norm, t
from sgdwalk.heavy_tails import alternatives
from sgdwalk.heavy_tails.stable import bounds, symmetric
from sgdwalk.heavy_tails.stable import distribution as stable
from sgdwalk.heavy_tails.stable.likelihood import expand, expand_blocks, maximise

ALPHAS = [0.3, 0.5, 0.7, 1.3, 1.7, 1.95, 1.999]
Z = np.concatenate([np.geomspace(1e-4, 1e4, 41), np.linspace(3, 14, 23)])


def exponent(z, alpha, y):
    """log of Zolotarev's g and log dtheta/dy at y = log(theta / (pi/2 - theta)), straight from the formula."""
    theta, rest = np.pi / 2 / (1 + np.exp(-y)), np.pi / 2 / (1 + np.exp(y))
    power = alpha / (alpha - 1)
    log_v = power * (np.log(np.sin(rest)) - np.log(np.sin(alpha * theta)))
    log_v += np.log(np.cos((alpha - 1) * theta)) - np.log(np.sin(rest))
    return power * np.log(z) + log_v, np.log(theta * rest / (np.pi / 2))


def by_quadrature(z, alpha):
    """Density at z by adaptive quadrature of Zolotarev's integral, 1e-10 relative."""

    def log_integrand(y):
        u, jacobian = exponent(z, alpha, y)
        return u - np.exp(u) + jacobian

    y = np.linspace(-90, 34, 20_001)  # beyond 34, sin(alpha theta) near alpha 2 is only rounding
    with np.errstate(over="ignore"):
        height = log_integrand(y)
    inside = y[height > height.max() - 32]
    peak = y[height.argmax()]
    pieces = [(inside[0], peak), (peak, inside[-1])]
    total = sum(
        quad(lambda y: np.exp(log_integrand(y) - height.max()), *p, epsabs=0, epsrel=1e-10, limit=400)[0]
        for p in pieces
    )
    return alpha / (np.pi * abs(alpha - 1) * z) * total * np.exp(height.max())


@pytest.mark.parametrize("alpha", ALPHAS)
def test_log_density_is_that_of_direct_integration(alpha):
    expected = np.log([by_quadrature(z, alpha) for z in Z])
    assert stable.logpdf(Z, alpha) == pytest.approx(expected, rel=0, abs=1e-6)  # issue 5's bound


@pytest.mark.parametrize("alpha", [0.7, 1.0, 1.3, 1.7, 1.95, 1.999])
def test_density_is_the_fourier_integral(alpha):
    """f(z) = 1 / pi integral cos(kz) exp(-k^alpha) dk, independent of Zolotarev's integral."""
    z = np.array([0.05, 0.3, 1.0, 2.5, 6.0])
    end = 40 ** (1 / alpha)
    waves = [quad(lambda k: np.exp(-(k**alpha)), 0, end, weight="cos", wvar=v, limit=2000)[0] for v in z]
    assert np.exp(stable.logpdf(z, alpha)) == pytest.approx(np.array(waves) / np.pi, abs=1e-8)  # quad's own error


@pytest.mark.parametrize("alpha", ALPHAS)
def test_far_tail_is_the_tail_series(alpha):
    """Beyond the table too: at z^alpha = 1e8 and more, five terms are exact to 1e-16."""
    z = np.array([1e8, 1e12, 1e20]) ** (1 / alpha)
    k = np.arange(1, 6)[:, None]
    terms = (-1.0) ** (k + 1) * gamma(alpha * k + 1) / gamma(k + 1) * np.sin(k * np.pi * alpha / 2)
    series = (terms * z ** (-alpha * k) / np.pi).sum(axis=0) / z
    assert stable.logpdf(z, alpha) == pytest.approx(np.log(series), rel=0, abs=1e-6)


@pytest.mark.parametrize("alpha", [0.5, 1.2, 1.5, 1.8])
def test_density_agrees_with_scipy(alpha):
    z = np.array([0.0, 0.2, 1.0, 3.0, 20.0])
    assert np.exp(stable.logpdf(z, alpha)) == pytest.approx(levy_stable.pdf(z, alpha, 0), rel=1e-5)  # scipy's


def test_alpha_one_and_two_are_exact():
    z = np.concatenate([[0.0], Z])
    assert stable.logpdf(z, 1) == pytest.approx(cauchy.logpdf(z), rel=0, abs=2e-8)  # the table's own error
    assert stable.logpdf(z, 2) == pytest.approx(norm.logpdf(z, scale=2**0.5), rel=1e-14, abs=1e-14)
    assert stable.cdf(-z, 1) == pytest.approx(cauchy.cdf(-z), rel=2e-8)
    assert stable.cdf(-z[z < 40], 2) == pytest.approx(norm.cdf(-z[z < 40] / 2**0.5), rel=1e-12)


def test_log_density_is_continuous_at_alpha_one_and_two():
    z = np.concatenate([[0.0], Z[Z < 5]])
    for alpha in (1.0, 2.0):
        near = stable.logpdf(z, alpha - 1e-7)  # the derivative in alpha is below 10 here
        assert near == pytest.approx(stable.logpdf(z, alpha), rel=0, abs=1e-6)


@pytest.mark.parametrize("alpha", [0.3, 0.7, 1.0, 1.5, 1.95])
def test_distribution_is_the_integral_of_the_density(alpha):
    points = np.array([0.01, 0.5, 4.0, 50.0])
    mass = [
        quad(lambda q: np.exp(stable.logpdf(np.exp(q), alpha) + q), *np.log(pair), epsabs=1e-11, limit=200)[0]
        for pair in itertools.pairwise(points)
    ]
    assert np.diff(stable.cdf(points, alpha)) == pytest.approx(np.array(mass), abs=5e-8)
    assert stable.cdf(np.array([0.0]), alpha) == pytest.approx(0.5, abs=1e-12)
    assert stable.cdf(points, alpha) + stable.cdf(-points, alpha) == pytest.approx(np.ones(4), abs=1e-15)


@pytest.mark.parametrize("alpha", [0.4, 1.0, 1.6, 2.0])
def test_slope_and_bend_are_derivatives(alpha):
    curve, z, h = symmetric.log_density(alpha), np.array([0.02, 0.4, 2.0, 7.0, 300.0]), 1e-4
    step = h * z
    slope, bend = curve.derivatives(z)
    assert slope == pytest.approx((curve(z + step) - curve(z - step)) / (2 * step), rel=1e-5)
    above, below = curve.derivatives(z + step)[0], curve.derivatives(z - step)[0]
    assert bend == pytest.approx((above - below) / (2 * step), rel=1e-4)


@pytest.mark.parametrize("alpha", [0.6, 1.0, 1.5, 2.0])
def test_samples_follow_the_distribution(alpha):
    x = stable.sample(40_000, alpha, 0, 3.0, -2.0, np.random.default_rng(5))
    ranks = np.sort(stable.cdf(x, alpha, 0, 3.0, -2.0))
    distance = np.abs(ranks - (np.arange(40_000) + 0.5) / 40_000).max()
    assert distance < 1.63 / 200  # Kolmogorov's 1 % point over sqrt(n)


@pytest.mark.parametrize("alpha", [0.7, 1.2, 1.5, 1.8])
def test_recovers_alpha_with_stated_error_and_coverage(alpha):
    """80 samples of 400: mean within 4 sd, coverage within 3.3 sd (binomial), spread as the intervals imply."""
    fits = [stable.fit(stable.sample(400, alpha, 0, 2e-6, 5e-6, seed)) for seed in range(80)]
    found = np.array([fit.alpha for fit in fits])
    low, high = np.array([(fit.alpha_low, fit.alpha_high) for fit in fits]).T
    assert abs(found.mean() - alpha) < 4 * found.std() / 80**0.5
    assert 0.87 <= np.mean((low <= alpha) & (alpha <= high)) <= 1
    assert np.mean([f.scale_low <= 2e-6 <= f.scale_high for f in fits]) >= 0.87
    assert np.mean([f.location_low <= 5e-6 <= f.location_high for f in fits]) >= 0.87
    assert found.std() / np.mean((high - low) / 3.92) == pytest.approx(1, abs=0.28)  # 3.5 / sqrt(2 x 80)


@pytest.mark.parametrize("alpha", [1.2, 1.5, 1.8])
def test_spread_is_near_the_cramer_rao_bound(alpha):
    """Fisher information by quadrature over quantiles, independent of the observed information in the code."""
    n, h, count = 1000, 1e-3, 60
    z = np.concatenate([[0], np.geomspace(1e-4, 1e9, 40_000)])
    p = np.exp(stable.logpdf(z, alpha))
    by_alpha = (stable.logpdf(z, alpha + h) - stable.logpdf(z, alpha - h)) / (2 * h)
    by_scale = -1 - z * np.gradient(stable.logpdf(z, alpha), z)
    a, b, c = (2 * np.trapezoid(v * p, z) for v in (by_alpha**2, by_alpha * by_scale, by_scale**2))
    bound = (n * (a - b**2 / c)) ** -0.5
    found = [stable.fit(stable.sample(n, alpha, rng=seed)).alpha for seed in range(count)]
    assert np.std(found) / bound == pytest.approx(1, abs=0.32)  # 3.5 / sqrt(2 x 60)
    fit = stable.fit(stable.sample(20_000, alpha, rng=3))
    assert (fit.alpha_high - fit.alpha_low) / 3.92 * 20**0.5 == pytest.approx(bound, rel=0.06)


@settings(max_examples=8, deadline=None)
@given(unit=st.floats(1e-20, 1e12), shift=st.floats(-100, 100), flip=st.booleans())
def test_fit_is_equivariant_under_shift_and_scale(unit, shift, flip):
    x = stable.sample(300, 1.4, rng=8)
    sign = -1 if flip else 1
    plain, moved = stable.fit(x), stable.fit(sign * unit * (x + shift))
    assert moved.alpha == pytest.approx(plain.alpha, abs=2e-4)  # the search ends within 1e-6 of the maximum
    assert moved.scale == pytest.approx(unit * plain.scale, rel=2e-4)
    assert moved.location == pytest.approx(sign * unit * (plain.location + shift), abs=2e-4 * unit)
    assert moved.log_likelihood == pytest.approx(plain.log_likelihood - 300 * np.log(unit), abs=1e-5)


@pytest.mark.parametrize("alpha", [0.3005, 1.0, 1.6, 1.9995])
def test_expansion_is_that_of_the_log_likelihood(alpha):
    """Scores and information by central differences, the tables at the edges of alpha included."""
    x, point = stable.sample(500, 1.6, 0, 2.0, 1.0, 4), np.array([alpha, 0.6, 0.9])
    h, wide = np.diag([3e-5, 1e-4, 1e-5]), np.diag([3e-4, 1e-3, 1e-3])

    def total(p):
        return stable.logpdf(x, p[0], 0, np.exp(p[1]), p[2]).sum()

    found = expand(x, point)
    slopes = [(total(point + d) - total(point - d)) / (2 * d.sum()) for d in h]
    assert found.value == pytest.approx(total(point), rel=1e-12)
    assert found.scores.sum(axis=0) == pytest.approx(np.array(slopes), rel=3e-3, abs=0.1)  # of the differences
    if alpha == 1.6:  # elsewhere far from the maximum, where the information need not be positive
        bends = [
            [total(point + a + b) - total(point + a - b) - total(point - a + b) + total(point - a - b) for b in wide]
            for a in wide
        ]
        expected = -np.array(bends) / (4 * np.outer(wide.sum(axis=0), wide.sum(axis=0)))
        assert found.information([0, 1, 2]) == pytest.approx(expected, rel=0.01, abs=0.01 * expected.max())


def test_alpha_leaves_the_edge_where_the_likelihood_rises_inwards():
    x = np.random.default_rng(2).normal(0, 2**0.5, 1000)
    assert list(expand(x, np.array([2.0, 0, 0])).free) == [1, 2]
    assert list(expand(np.append(x, 8.0), np.array([2.0, 0, 0])).free) == [0, 1, 2]


def test_fit_is_the_maximum():
    x = stable.sample(2000, 1.6, 0, 2.0, 1.0, 4)
    fit = stable.fit(x)
    at = stable.logpdf(x, fit.alpha, 0, fit.scale, fit.location).sum()
    assert fit.log_likelihood == pytest.approx(at, abs=1e-6)
    for da, ds, dm in [(0.01, 0, 0), (-0.01, 0, 0), (0, 0.02, 0), (0, -0.02, 0), (0, 0, 0.02), (0, 0, -0.02)]:
        assert stable.logpdf(x, fit.alpha + da, 0, fit.scale + ds, fit.location + dm).sum() < at
    start = np.array([fit.alpha, fit.scale, fit.location])
    options = {"initial_simplex": start + 3e-4 * np.vstack([np.zeros(3), np.eye(3)])}
    polished = minimize(
        lambda p: -stable.logpdf(x, p[0], 0, *p[1:]).sum(), start, method="Nelder-Mead", options=options
    )
    assert -polished.fun - at < 1e-6  # the rise at which the search may end


def test_gaussian_data_lie_at_the_edge():
    fits = [stable.fit(np.random.default_rng(seed).normal(3, 2, 1000)) for seed in range(20)]
    assert min(fit.alpha for fit in fits) > 1.95
    assert sum(fit.alpha == 2 for fit in fits) >= 10
    assert all(fit.alpha_high == 2 and 1.7 < fit.alpha_low < fit.alpha for fit in fits if fit.alpha == 2)
    assert np.mean([fit.scale for fit in fits]) == pytest.approx(2**0.5, rel=0.02)


@pytest.mark.parametrize("seed", [2, 6, 9])
def test_interval_at_the_edge_is_that_of_the_profile_likelihood(seed):
    x = np.random.default_rng(seed).normal(3, 2, 1000)
    fit = stable.fit(x)
    assert fit.alpha == 2
    best = minimize_scalar(
        lambda s: -stable.logpdf(x, fit.alpha_low, 0, s, fit.location).sum(), bounds=(1, 2), method="bounded"
    )
    drop = fit.log_likelihood + best.fun
    assert drop == pytest.approx(norm.ppf(0.975) ** 2 / 2, rel=0.05)  # the profile is approximated by a parabola


def test_blocks_of_clustered_data_widen_the_interval():
    """Each draw occurs 5 times in its block, jittered: about a fifth of the observations is independent."""
    rng = np.random.default_rng(2)
    x = np.repeat(stable.sample(600, 1.5, rng=rng), 5) + 1e-3 * rng.normal(size=3000)
    labels = np.repeat(np.arange(600), 5)
    mixed = rng.permutation(3000)  # neither order nor names of the labels matter
    naive, robust = stable.fit(x), stable.fit(x[mixed], blocks=7 * labels[mixed] - 100)
    assert robust.alpha == pytest.approx(naive.alpha, abs=1e-4)
    wider = (robust.alpha_high - robust.alpha_low) / (naive.alpha_high - naive.alpha_low)
    assert wider == pytest.approx(5**0.5, rel=0.15)
    assert naive.effective_number == 3000
    assert robust.effective_number == pytest.approx(600, rel=0.05)


def test_blocks_of_independent_data_leave_the_interval():
    x = stable.sample(4000, 1.5, rng=6)
    naive, robust = stable.fit(x), stable.fit(x, blocks=np.arange(4000) // 10)
    ratio = (robust.alpha_high - robust.alpha_low) / (naive.alpha_high - naive.alpha_low)
    assert ratio == pytest.approx(1, abs=0.15)  # 400 blocks: 4 / sqrt(2 x 400)
    assert robust.effective_number > 3000


@pytest.mark.slow
@pytest.mark.parametrize("symmetric", [True, False])
def test_bootstrap_of_blocks_agrees_with_the_sandwich(symmetric):
    """Each draw occurs 4 times in its block: a quarter of the observations is independent."""
    rng = np.random.default_rng(2)
    x = np.repeat(stable.sample(250, 1.4, rng=rng), 4) + 1e-3 * rng.normal(size=1000)
    labels = np.repeat(np.arange(250), 4)
    count = 60 if symmetric else 12
    drawn = stable.fit(x, symmetric, blocks=labels, copies=count, seed=1)
    robust = stable.fit(x, symmetric, blocks=labels)
    wide = 3.5 / (2 * count) ** 0.5
    for name in ("alpha", "scale", "location") if symmetric else ("alpha", "beta"):
        value, low, high = (getattr(drawn, name + end) for end in ("", "_low", "_high"))
        assert low < value < high
        expected = getattr(robust, name + "_high") - getattr(robust, name + "_low")
        assert (high - low) / expected == pytest.approx(1, abs=wide)
    assert drawn.effective_number == pytest.approx(250, rel=2 * wide)
    assert drawn == stable.fit(x, symmetric, blocks=labels, copies=count, seed=1)


@pytest.mark.parametrize(("alpha", "everywhere"), [(0.8, True), (1.5, True), (1.97, False)])
def test_a_newton_step_stands_for_a_refit_where_it_is_short(alpha, everywhere):
    """Blocks of a scale that varies between them; the refits go on to the maximum of each resample."""
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(25), 40)
    z = np.sort(stable.sample(1000, alpha, rng=rng) * np.exp(0.1 * rng.standard_normal(25))[labels])
    labels = labels[rng.permutation(1000)]
    best, _ = maximise(z, np.array([alpha, 0.0, 0.0]))
    drawn = rng.integers(0, 25, (16, 25))
    steps, near = bounds._newton_steps(best, z, labels, drawn)
    assert near.all() == everywhere
    samples = [np.concatenate([z[labels == block] for block in blocks]) for blocks in drawn]
    refits = np.array([maximise(np.sort(sample), best.point)[0].point for sample in samples])
    spread = refits.std(axis=0)
    assert (np.abs(steps - refits)[near] < 0.3 * spread).all()
    assert (np.abs((steps - refits)[near].std(axis=0)) < 0.1 * spread).all()


def test_a_newton_step_is_that_of_the_resample_alone():
    rng = np.random.default_rng(6)
    labels, z = np.arange(400) % 20, np.sort(stable.sample(400, 1.4, rng=rng))
    best, _ = maximise(z, np.array([1.4, 0.0, 0.0]))
    drawn = rng.integers(0, 20, (5, 20))
    for step, blocks in zip(bounds._newton_steps(best, z, labels, drawn)[0], drawn, strict=True):
        alone = expand(np.concatenate([z[labels == block] for block in blocks]), best.point)
        expected = best.point - np.linalg.solve(alone.second, alone.scores.sum(axis=0))
        np.testing.assert_allclose(step, expected, rtol=1e-8)


def test_sums_of_derivatives_within_blocks_add_up_to_those_of_the_sample():
    z, labels = np.sort(stable.sample(300, 1.3, rng=7)), np.arange(300) % 7
    point = np.array([1.4, 0.1, -0.2])
    first, second = expand_blocks(z, point, labels)
    for block in range(7):
        alone = expand(z[labels == block], point)
        np.testing.assert_allclose(first[block], alone.scores.sum(axis=0), rtol=1e-10)
        np.testing.assert_allclose(second[block], alone.second, rtol=1e-10)


def test_bootstrap_at_the_edge_ends_there():
    x = np.random.default_rng(2).normal(3, 2, 500)
    fit = stable.fit(x, copies=30)
    assert fit.alpha == fit.alpha_high == 2
    assert 1.8 < fit.alpha_low < 2


@pytest.mark.parametrize(
    ("x", "blocks", "status"),
    [
        (np.append(np.arange(60.0), np.nan), None, "not finite"),
        (np.append(np.arange(60.0), np.inf), None, "not finite"),
        (np.arange(49.0), None, "too few points"),
        ([], None, "too few points"),
        (np.zeros(100), None, "all zeros"),
        (np.full(100, 3e-7), None, "constant"),
        (np.append(np.zeros(30), np.arange(70.0)), None, "repeated values"),
        (np.arange(100.0), np.arange(100) // 25, "too few blocks"),
        (np.sinh(np.linspace(-20, 20, 400)), None, "alpha at lower edge"),
    ],
)
def test_bad_input_has_a_status_and_no_numbers(x, blocks, status):
    fit = stable.fit(x, blocks=blocks)
    assert fit.status == status
    assert np.isnan([v for k, v in vars(fit).items() if k != "status"]).all()


def test_parameters_out_of_range_are_errors():
    for alpha, scale in [(0.2, 1), (2.1, 1), (np.nan, 1), (1.5, 0), (1.5, -1)]:
        with pytest.raises(ValueError, match=r"alpha|scale"):
            stable.logpdf(0, alpha, 0, scale)


def test_alternatives_are_maxima_of_their_likelihoods():
    x = 1e-6 * np.random.default_rng(7).standard_t(3, 3000) + 4e-6
    laws = {"gaussian": norm, "laplace": laplace, "student_t": t}
    for name, law in laws.items():
        fit = getattr(alternatives, name)(x)
        p = fit.parameters
        shape = [p["degrees"]] if "degrees" in p else []
        assert fit.log_likelihood == pytest.approx(law.logpdf(x, *shape, p["location"], p["scale"]), abs=1e-8)
        best = fit.log_likelihood.sum()
        for factor in (0.99, 1.01):
            worse = [law.logpdf(x, *shape, p["location"], factor * p["scale"]).sum()]
            worse += [law.logpdf(x, *shape, p["location"] + 1e-2 * (factor - 1) * 1e-6, p["scale"]).sum() - 1e-6]
            worse += [law.logpdf(x, factor * d, p["location"], p["scale"]).sum() for d in shape]
            assert max(worse) < best
    assert alternatives.student_t(x).parameters["degrees"] == pytest.approx(3, rel=0.2)


def test_the_mixture_by_layer_is_a_maximum_and_recovers_its_weights():
    rng = np.random.default_rng(7)
    layer = rng.choice(3, 4000, p=[0.6, 0.1, 0.3])
    scales = np.array([1e-6, 1e-7, 2e-5])
    x = 3e-7 + scales[layer] * rng.normal(size=4000)
    fit = alternatives.scale_mixture(x, scales)
    p = fit.parameters
    weights = np.array([p["weight_0"], p["weight_1"], 1 - p["weight_0"] - p["weight_1"]])
    assert [p["scale_0"], p["scale_1"], p["scale_2"]] == sorted(scales)
    assert weights == pytest.approx(np.array([0.1, 0.6, 0.3]), abs=0.03)
    assert p["location"] == pytest.approx(3e-7, abs=2e-8)
    assert len(p) == 6

    def total(weights, location):
        return np.log((weights[:, None] * norm.pdf(x, location, np.sort(scales)[:, None])).sum(axis=0))

    assert fit.log_likelihood == pytest.approx(total(weights, p["location"]), abs=1e-2)
    best = fit.log_likelihood.sum()
    for shift in ([0.01, -0.01, 0], [-0.01, 0, 0.01], [0, 0.01, -0.01]):
        assert total(weights + shift, p["location"]).sum() < best
    assert total(weights, p["location"] + 2e-8).sum() < best


def test_vuong_is_its_formula():
    rng = np.random.default_rng(3)
    a, b = rng.normal(0.1, 1, 500), rng.normal(0, 1, 500)
    test = alternatives.vuong(a, b, 3, 2)
    z = ((a - b).sum() - np.log(500) / 2) / (500 * np.var(a - b, ddof=1)) ** 0.5
    assert (test.ratio, test.z) == pytest.approx(((a - b).sum(), z))
    assert test.p == pytest.approx(2 * norm.sf(abs(z)))
    swapped = alternatives.vuong(b, a, 2, 3)
    assert (swapped.ratio, swapped.z) == pytest.approx((-test.ratio, -test.z))


def test_vuong_counts_repeated_observations_once():
    rng = np.random.default_rng(4)
    d, labels = rng.normal(0.1, 1, 400), np.repeat(np.arange(400), 9)
    once = alternatives.vuong(d, np.zeros(400), 2, 2)
    repeated = alternatives.vuong(np.repeat(d, 9), np.zeros(3600), 2, 2, labels)
    assert repeated.z == pytest.approx(once.z, rel=1e-9)
    assert alternatives.vuong(np.repeat(d, 9), np.zeros(3600), 2, 2).z == pytest.approx(3 * once.z, rel=2e-3)
    assert np.isnan(alternatives.vuong(d, d, 3, 2).z)
