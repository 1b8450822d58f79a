import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from sgdwalk.theory import DiscreteChain, Langevin

EXAMPLE = {
    "rho": [5, 1, 0.1, 0.01, 0.001],
    "learning_rate": 0.1,
    "momentum": 0.9,
    "weight_decay": 0.001,
    "batch_size": 32,
}


def exact(model, mode, step, parts=64):
    """exp(-A t) and the covariance after a known start: one exponential (Van Loan 1978) for a 64th of t, put together."""
    eta, beta = model.learning_rate, model.momentum
    a, s2 = model.rho[mode] + model.weight_decay, model.gradient_variance[mode] / model.batch_size
    drift = np.array([[0, -1], [2 * a / (eta * (1 + beta)), 2 * (1 - beta) / (eta * (1 + beta))]])
    noise = np.diag([0, 4 * s2 / (eta * (1 + beta) ** 2)])
    both = expm(np.block([[drift, noise], [np.zeros((2, 2)), -drift.T]]) * eta * step / parts)
    part, covariance = both[2:, 2:].T, np.zeros((2, 2))
    for _ in range(parts):
        covariance = part @ covariance @ part.T + part @ both[:2, 2:]
    return expm(-drift * eta * step), covariance


def langevin(stiffness, momentum, eta=0.1, variance=1.0):
    """Modes of the given eta (rho + lambda), all with the same gradient noise."""
    rho = np.asarray(stiffness, float) / eta
    return Langevin(
        rho, learning_rate=eta, momentum=momentum, weight_decay=0.0, batch_size=4, gradient_variance=variance
    )


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9, 0.99])
@pytest.mark.parametrize("step", [0.5, 1, 7, 20])
def test_closed_form_against_matrix_exponentials(momentum, step):
    critical = (1 - momentum) ** 2 / (2 * (1 + momentum))
    model = langevin(
        [0, 1e-9, critical / 2, critical * (1 - 1e-6), critical, critical * (1 + 1e-6), 0.4, 3.0, -0.01], momentum
    )
    mean = np.stack([model.mean(step, start) for start in ([1.0, 0.0], [0.0, 1.0])], axis=-1)
    found = model.covariance(step)
    for mode in range(len(model.rho)):
        exact_propagator, covariance = exact(model, mode, step)
        np.testing.assert_allclose(
            mean[mode], exact_propagator, rtol=0, atol=1e-10 * np.abs(exact_propagator).max() + 1e-13
        )
        scale = np.sqrt(np.diagonal(covariance))
        assert (np.abs(found[mode] - covariance) <= 1e-10 * scale * scale[:, None]).all()


@settings(deadline=None)
@given(st.floats(1e-3, 20), st.floats(0, 0.95), st.floats(0.5, 20))
def test_displacement_against_matrix_exponentials(stiffness, momentum, step):
    model = langevin([stiffness], momentum)
    propagator, limit = exact(model, 0, step)[0], model.stationary()[0]
    expected = 2 * (limit - propagator @ limit)[0, 0]
    assert model.displacement(step)[0] == pytest.approx(expected, rel=1e-10, abs=1e-11 * limit[0, 0])


def test_moments_against_walkers():
    # Euler's scheme in small steps; its own error is of the order of their length
    model, rng, count, parts = langevin([0.02, 0.5], 0.7), np.random.default_rng(0), 4000, 200
    h = model.learning_rate / parts
    theta, v = np.full((count, 2), 1.0), np.full((count, 2), -2.0)
    noise = 2 * np.sqrt(model.gradient_variance / model.batch_size / model.learning_rate * h) / (1 + model.momentum)
    for _ in range(5 * parts):
        pull = model.omega2 * theta + 2 * model.gamma * v
        theta, v = theta + h * v, v - h * pull + noise * rng.standard_normal((count, 2))
    mean, covariance = model.mean(5, [1.0, -2.0]), model.covariance(5)
    for entry, sample in enumerate((theta, v)):
        variance = covariance[:, entry, entry]
        assert (
            np.abs(sample.mean(axis=0) - mean[:, entry]) < 4 * np.sqrt(variance / count) + 0.01 * np.abs(mean[:, entry])
        ).all()
        assert (np.abs(sample.var(axis=0) / variance - 1) < 4 * np.sqrt(2 / count) + 0.01).all()


def test_listed_example():
    chain, continuum = DiscreteChain(**EXAMPLE), Langevin(**EXAMPLE)
    assert chain.total_displacement(2000) == pytest.approx(0.14284, abs=5e-6)
    assert continuum.total_displacement(2000) == pytest.approx(0.13717, abs=5e-6)
    lags = np.arange(1, 2000)
    summed = 2000 + 2 * ((2000 - lags)[:, None] * continuum.autocorrelation(lags, "velocity")).sum(axis=0)
    assert (continuum.speed() * summed).sum() == pytest.approx(0.497, abs=5e-4)  # the form not to use


def test_stationary_law_is_that_of_kunin():
    rho, eta, beta, decay, batch, sigma = np.array([5.0, 0.3]), 0.05, 0.8, 0.2, 16, 1.5
    model = Langevin(rho, learning_rate=eta, momentum=beta, weight_decay=decay, batch_size=batch, noise=sigma)
    found = model.stationary()
    np.testing.assert_allclose(found[:, 0, 0], sigma**2 * eta * rho / (2 * batch * (1 - beta) * (rho + decay)))
    np.testing.assert_allclose(found[:, 1, 1], sigma**2 * rho / (batch * (1 - beta**2)))
    assert (found[:, 0, 1] == 0).all()
    np.testing.assert_allclose(model.speed(), eta**2 * sigma**2 * rho / (batch * (1 - beta**2)))
    np.testing.assert_allclose(model.covariance(1e6), found, rtol=1e-12, atol=1e-20)


def test_chain_over_continuum_is_one_factor():
    chain = DiscreteChain(**(EXAMPLE | {"learning_rate": 0.5}))
    factor = 1 - chain.stiffness / (2 * 1.9)
    ratio = Langevin.of(chain).stationary()[:, [0, 1], [0, 1]] / chain.stationary()[:, [0, 1], [0, 1]]
    np.testing.assert_allclose(ratio, np.stack([factor, factor], axis=1), rtol=1e-12)


def test_chain_becomes_the_langevin_equation_as_eta_falls():
    # times in units of a mode's relaxation; the chain's error is of first order in eta
    def error(eta):
        chain = DiscreteChain([1.0], learning_rate=eta, momentum=0.9, weight_decay=0.01, batch_size=8)
        steps = np.round(np.array([0.3, 1, 3]) * (1 - 0.9) / (eta * 1.01))
        return np.abs(chain.displacement(steps) / Langevin.of(chain).displacement(steps) - 1).max()

    assert error(1e-5) < 2e-5
    assert error(1e-6) == pytest.approx(error(1e-5) / 10, rel=0.01, abs=0)


def test_chain_becomes_the_langevin_equation_as_momentum_rises():
    # (1 - beta) / eta^(1/2) and (1 - beta) steps fixed: an oscillator of fixed shape
    def error(left):
        chain = DiscreteChain([left**2], learning_rate=1.0, momentum=1 - left, weight_decay=0.0, batch_size=8)
        steps = np.round(np.array([0.5, 1, 5]) / left)
        return np.abs(chain.covariance(steps)[:, 0] / Langevin.of(chain).covariance(steps)[:, 0] - 1).max()

    assert error(1e-3) == pytest.approx(error(1e-2) / 10, rel=0.1, abs=0)


def test_regimes():
    model = langevin([0.0, 0.4, 0.5, 0.6, 5.0, -0.1], 0.0)
    assert model.modes().regime.tolist() == ["free", "overdamped", "critical", "underdamped", "underdamped", "unstable"]
    assert model.stable().tolist() == [True] * 5 + [False]


@pytest.mark.parametrize(("momentum", "period", "time"), [(0.9, 76, 19), (0.99, 65.4, 199), (0.999, 65.5, 1999)])
def test_spirals_of_linear_regression(momentum, period, time):
    model = Langevin([919.6], learning_rate=1e-5, momentum=momentum, weight_decay=0.0, batch_size=512)
    found = model.modes()
    assert 1 / found.frequency[0] == pytest.approx(period, abs=0.5 if period == 76 else 0.05)
    assert 1 / found.damping[0] == pytest.approx(time, abs=0.5)


def test_damping_of_slow_modes():
    model = langevin([1e-9, 0.001, 0.01], 0.6)
    late, later = model.mean([3000, 3001], [1.0, 0.0])[..., 0]
    np.testing.assert_allclose(later / late, np.exp(-model.modes().damping), rtol=1e-9)
    assert model.modes().damping[0] == pytest.approx(1e-9 / 0.4, rel=1e-6, abs=0)


def test_spectrum_against_its_autocorrelation():
    model = langevin([0.02, 0.3], 0.8)
    lags, spacing = np.linspace(0, 400, 400_001, retstep=True)
    for entry, of in enumerate(("position", "velocity")):
        covariance = model.autocorrelation(lags, of) * model.stationary()[:, entry, entry]
        for frequency in (0.0, 0.03, 0.3):
            expected = 2 * np.trapezoid(covariance * np.cos(2 * np.pi * frequency * lags)[:, None], dx=spacing, axis=0)
            np.testing.assert_allclose(
                model.spectrum(frequency, of), expected, rtol=1e-3, atol=1e-5 * covariance[0].max()
            )


def test_a_free_mode_diffuses_as_in_the_chain():
    given = {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.0, "batch_size": 4, "gradient_variance": 1.0}
    slopes = [np.diff(model([0.0], **given).displacement([9000, 9001])[:, 0]) for model in (DiscreteChain, Langevin)]
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-9)
    np.testing.assert_allclose(Langevin([0.0], **given).spectrum(0.0, "velocity"), 1 / 4 / 0.1**2, rtol=1e-12)


def test_bad_steps_and_unstable_modes_are_refused():
    model = langevin([0.1, -0.2], 0.9)
    with pytest.raises(ValueError, match=r"^steps = -0\.5: must be at least 0$"):
        model.mean(-0.5, [1, 0])
    with pytest.raises(
        ValueError, match=r"^eta \(rho \+ lambda\) = -0\.2 in mode 1: must be at least 0, else the mode is unstable$"
    ):
        model.displacement(1)
