import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_discrete_lyapunov
from sgdwalk.theory import DiscreteChain, process
from slow import agree, covariances, matrices, walk

MOMENTA = [0.0, 0.3, 0.9, 0.99, 0.999]


def chain(stiffness, momentum, eta=0.1, decay=0.0, batch=4, variance=1.0):
    """Modes of the given eta (rho + lambda), all with the same gradient noise."""
    rho = np.asarray(stiffness, float) / eta - decay
    return DiscreteChain(
        rho, learning_rate=eta, momentum=momentum, weight_decay=decay, batch_size=batch, gradient_variance=variance
    )


def of_every_kind(momentum):
    """eta (rho + lambda) of all regimes and at, or within 1e-6 of, what divides them."""
    low, high, end = (1 - momentum**0.5) ** 2, (1 + momentum**0.5) ** 2, 2 * (1 + momentum)
    edges = [low, low * (1 - 1e-6), low * (1 + 1e-6), high, high * 0.99, high * 1.0001, end, end * 0.999, end * 1.01]
    return np.array([-0.01, 0, 1e-12, 1e-8, 1e-4, 0.01, 0.3, 1, 1 + momentum, 1.001 + momentum, *edges])


stable_chains = st.builds(
    lambda part, momentum, decay: chain([part * 2 * (1 + momentum)], momentum, decay=decay),
    st.floats(1e-3, 0.999),
    st.one_of(st.just(0.0), st.floats(0, 0.99)),
    st.floats(0, 1e-3),
)


def test_moments_against_walkers():
    model = DiscreteChain(
        [60.0, 5, 0.5, 0.01], learning_rate=0.05, momentum=0.8, weight_decay=0.01, batch_size=8, noise=2
    )
    rng, count, start = np.random.default_rng(0), 20_000, np.array([[1.0, 0], [-1, 3], [0.5, 0], [2, -1]])
    noise = rng.standard_normal((40, count, 4)) * np.sqrt(4 * model.rho / 8)
    theta, v = walk(model, noise, (start[:, 0] + np.zeros((count, 4)), start[:, 1] + np.zeros((count, 4))))
    for step in (1, 2, 7, 40):
        mean, covariance = model.mean(step, start), model.covariance(step)
        agree(theta[step], mean[:, 0], covariance[:, 0, 0])
        agree(v[step], mean[:, 1], covariance[:, 1, 1])
        products = (theta[step] - mean[:, 0]) * (v[step] - mean[:, 1])
        spread = np.sqrt((covariance[:, 0, 0] * covariance[:, 1, 1] + covariance[:, 0, 1] ** 2) / count)
        assert (np.abs(products.mean(axis=0) - covariance[:, 0, 1]) <= 4 * spread).all()


def test_displacement_and_step_against_walkers():
    model = DiscreteChain([60.0, 5, 0.5], learning_rate=0.05, momentum=0.8, weight_decay=0.01, batch_size=8)
    rng, count = np.random.default_rng(1), 20_000
    factors = np.linalg.cholesky(model.stationary())
    start = np.einsum("mij,wmj->iwm", factors, rng.standard_normal((count, 3, 2)))
    theta, _ = walk(model, rng.standard_normal((30, count, 3)) * np.sqrt(model.rho / 8), start)
    for step in (1, 3, 30):
        agree(theta[step] - theta[0], 0, model.displacement(step))
    agree(theta[30] - theta[29], 0, model.speed())


@pytest.mark.parametrize("momentum", MOMENTA)
def test_covariance_against_its_recursion_in_every_regime(momentum):
    model = chain(of_every_kind(momentum), momentum)
    slow = covariances(model, 80)
    scale = np.sqrt(np.einsum("...ii->...i", slow))
    wrong = np.abs(model.covariance(np.arange(81)) - slow)[1:] / (scale[..., :, None] * scale[..., None, :])[1:]
    assert wrong.max() < 1e-13 + 1e-14 / (1 - momentum) ** 2
    assert (model.covariance(0) == 0).all()


@pytest.mark.parametrize("momentum", MOMENTA)
def test_mean_and_carried_covariance_against_matrix_powers(momentum):
    model = chain(of_every_kind(momentum), momentum)
    begin = np.array([[2.0, 0.3], [0.3, 1.5]])
    for step in (0, 1, 2, 9, 60):
        moves = matrices(model)[0]
        power = np.linalg.matrix_power(moves, step)
        size = 1e-11 * np.abs(power).max(axis=(1, 2)) + 1e-15 * np.abs(moves).max(axis=(1, 2))
        assert (np.abs(model.mean(step, [0.7, -0.2]) - power @ [0.7, -0.2]) <= size[:, None]).all()
        carried = model.covariance(step, begin) - model.covariance(step)
        np.testing.assert_allclose(carried, power @ begin @ power.transpose(0, 2, 1), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("momentum", MOMENTA)
def test_stationary_covariance_against_lyapunovs_equation(momentum):
    model = chain(np.array([0.02, 0.2, 0.5, 0.8, 0.98]) * 2 * (1 + momentum), momentum, decay=0.01)
    for move, kick, found in zip(*matrices(model), model.stationary(), strict=True):
        np.testing.assert_allclose(found, move @ found @ move.T + kick, rtol=0, atol=1e-12 * np.abs(found).max())
        if momentum <= 0.9:
            np.testing.assert_allclose(found, solve_discrete_lyapunov(move, kick), rtol=1e-12)


@pytest.mark.parametrize("momentum", MOMENTA)
def test_displacement_of_flat_and_stiff_modes_in_extended_precision(momentum):
    model = chain([1e-7, 1e-5, (1 - momentum**0.5) ** 2, 0.3, 1.9 * (1 + momentum)], momentum)
    steps = 300
    moves, limit = matrices(model, np.longdouble)[0], model.stationary().astype(np.longdouble)
    state, slow = limit, []
    for _ in range(steps):
        state = moves @ state
        slow.append(2 * (limit - state)[:, 0, 0])
    # what rounding of the limit, 1e-16 of it, makes of a displacement that is a small part of it
    left = 1e-15 * (limit[:, 0, 0] / np.array(slow)).astype(float) + 1e-14 / (1 - momentum)
    found = model.displacement(np.arange(1, steps + 1))
    assert (np.abs(found / np.array(slow, float) - 1) <= left).all()


def test_displacement_from_a_start_is_squared_mean_plus_variance():
    model = chain([1e-9, 0.05, 1.0, 3.0], 0.9)
    steps, start = np.arange(50), np.array([[1.0, 2.0]] * 4)
    away = model.mean(steps, start)[..., 0] - start[:, 0]
    expected = away**2 + model.covariance(steps)[..., 0, 0]
    np.testing.assert_allclose(model.displacement(steps, start), expected, rtol=1e-6, atol=1e-13)


def test_the_flattest_mode_is_pulled_back_without_rounding():
    # first step from rest: theta_1 - theta_0 = -eta a theta_0, 1e-12 of theta_0
    model = chain([1e-12], 0.9, variance=0.0)
    assert model.displacement(1, [1.0, 0.0])[0] == pytest.approx(1e-24, rel=1e-12, abs=0)


def test_sums_over_modes_do_not_depend_on_blocks(monkeypatch):
    model = chain(np.geomspace(1e-4, 3, 23), 0.9)
    steps, start = np.array([[1, 5, 17], [40, 3, 1000]]), np.arange(46.0).reshape(23, 2)
    whole = model.displacement(steps).sum(axis=-1), model.displacement(steps, start).sum(axis=-1)
    monkeypatch.setattr(process, "BLOCK", 10)
    monkeypatch.setattr(process, "LEAST", 1)
    np.testing.assert_allclose(model.total_displacement(steps), whole[0], rtol=1e-13)
    np.testing.assert_allclose(model.total_displacement(steps, start), whole[1], rtol=1e-13)
    np.testing.assert_array_equal(model.displacement(steps, start).sum(axis=-1), whole[1])


def test_an_unstable_mode_has_its_own_number_in_every_block(monkeypatch):
    monkeypatch.setattr(process, "BLOCK", 1)
    monkeypatch.setattr(process, "LEAST", 1)
    with pytest.raises(ValueError, match=r"^eta \(rho \+ lambda\) = 5 in mode 3: "):
        chain([0.1, 0.2, 0.3, 5.0], 0.9).total_displacement([1, 2])


def test_regimes_at_their_thresholds():
    model = chain([0, 0.1, 0.25, 0.3, 2.2, 2.3, 2.4999, 2.5, -0.1], 0.25)
    regimes = ["free", "overdamped", "critical", *["underdamped"] * 2, *["alternating"] * 2, *["unstable"] * 2]
    assert model.modes().regime.tolist() == regimes
    assert model.stable().tolist() == [True] * 7 + [False] * 2
    assert chain([1.999, 2.0], 0.0).stable().tolist() == [True, False]


def test_frequency_and_damping_are_those_of_the_matrix():
    model = chain([0.01, 0.3, 1.0, 2.0, 3.5, 3.79], 0.9)
    roots = np.linalg.eigvals(matrices(model)[0])
    slowest = roots[np.arange(6), np.abs(roots).argmax(axis=1)]
    found = model.modes()
    np.testing.assert_allclose(np.exp(-found.damping), np.abs(slowest), rtol=1e-12)
    np.testing.assert_allclose(found.frequency, np.abs(np.angle(slowest)) / (2 * np.pi), atol=1e-12)
    np.testing.assert_allclose(found.frequency[1], np.arccos((1.9 - 0.3) / (2 * 0.9**0.5)) / (2 * np.pi), rtol=1e-12)


def test_autocorrelation_and_spectrum_against_matrix_powers():
    model, lags = chain([0.05, 0.4, 2.5], 0.8), np.arange(400)
    frequencies, limit = np.array([0.0, 0.01, 0.2, 0.5, -0.2]), model.stationary()
    powers = np.array(
        [np.linalg.matrix_power(m, k) @ c for m, c in zip(matrices(model)[0], limit, strict=True) for k in lags]
    )
    products = powers.reshape(3, 400, 2, 2)
    for entry, of in enumerate(("position", "velocity")):
        covariance = products[:, :, entry, entry].T
        np.testing.assert_allclose(model.autocorrelation(lags, of), covariance / covariance[0], atol=1e-13)
        waves = np.cos(2 * np.pi * np.outer(frequencies, lags)) * np.where(lags == 0, 1, 2)
        expected = waves @ covariance
        np.testing.assert_allclose(model.spectrum(frequencies, of), expected, rtol=1e-9, atol=1e-12 * expected.max())


def test_a_mode_without_curvature_and_noise_stays_put():
    model = DiscreteChain([0.0, 1.0], learning_rate=0.1, momentum=0.9, weight_decay=0.0, batch_size=4)
    assert (model.covariance([1, 100])[:, 0] == 0).all()
    assert (model.displacement([1, 100])[:, 0] == 0).all()
    assert (model.mean([1, 100], [3.0, 0.0])[:, 0] == [3.0, 0.0]).all()
    assert (model.stationary()[0] == 0).all()
    assert (model.spectrum([0.0, 0.1])[:, 0] == 0).all()


def test_a_free_mode_with_noise_of_its_own_diffuses():
    model = chain([0.0], 0.9, eta=0.1, batch=4, variance=2.0)
    slope = np.diff(model.displacement([5000, 5001])[:, 0])
    np.testing.assert_allclose(slope, 0.1**2 * 2 / 4 / (1 - 0.9) ** 2, rtol=1e-9)
    assert model.stationary()[0, 0, 0] == np.inf
    assert model.spectrum(0.0)[0] == np.inf
    np.testing.assert_allclose(model.spectrum(0.0, "velocity"), 2 / 4 / (1 - 0.9) ** 2, rtol=1e-12)


def test_noise_is_the_deviation_and_may_differ_between_modes():
    given = {"learning_rate": 0.1, "momentum": 0.5, "weight_decay": 0.0, "batch_size": 2}
    one, two = DiscreteChain([1.0, 2.0], noise=3.0, **given), DiscreteChain([1.0, 2.0], noise=[3.0, 6.0], **given)
    np.testing.assert_allclose(two.speed() / one.speed(), [1, 4])
    measured = DiscreteChain([1.0, 2.0], gradient_variance=[9.0, 18.0], **given)
    np.testing.assert_array_equal(measured.speed(), one.speed())


@settings(deadline=None)
@given(stable_chains)
def test_stationary_state_solves_its_equation(model):
    (move,), (kick,), (found,) = *matrices(model), model.stationary()
    np.testing.assert_allclose(found, move @ found @ move.T + kick, rtol=0, atol=1e-12 * np.abs(found).max())


@settings(deadline=None)
@given(stable_chains)
def test_displacement_starts_at_a_step_and_ends_at_twice_the_variance(model):
    found = model.displacement([0, 1, 2, 10, 100, 10**7])[:, 0]
    assert found[0] == 0
    assert found[1] == pytest.approx(model.speed()[0], rel=1e-12, abs=0)
    limit = 2 * model.stationary()[0, 0, 0]
    assert (found[1:] > 0).all()
    assert (found <= 2 * limit * (1 + 1e-12)).all()
    assert found[-1] == pytest.approx(limit, rel=1e-9, abs=0)


@settings(deadline=None)
@given(stable_chains, st.integers(0, 1000))
def test_uncertainty_grows_towards_the_stationary_state(model, step):
    now, then, limit = *model.covariance([step, step + 1])[:, 0], model.stationary()[0]
    scale = np.sqrt(np.diagonal(limit))
    for more, less in ((then, now), (limit, then)):
        grown = (more - less) / scale / scale[:, None]
        assert np.linalg.eigvalsh(grown).min() >= -1e-10


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0, 0.9))
def test_variances_are_the_integrals_of_the_spectra(part, momentum):
    model = chain([part * 2 * (1 + momentum)], momentum)
    frequencies = (np.arange(8000) + 0.5) / 8000 - 0.5
    for entry, of in enumerate(("position", "velocity")):
        variance = model.stationary()[0, entry, entry]
        assert model.spectrum(frequencies, of)[:, 0].mean() == pytest.approx(variance, rel=1e-9, abs=0)


@settings(deadline=None)
@given(st.floats(1e-3, 0.499), st.floats(0, 0.99), st.integers(1, 500))
def test_a_mode_and_its_mirror_wander_alike(part, momentum, step):
    end = 2 * (1 + momentum)
    found = chain([part * end, (1 - part) * end], momentum).covariance(step)[:, 0, 0]
    assert found[0] == pytest.approx(found[1], rel=1e-10 / (1 - momentum), abs=0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"momentum": 1.0}, "momentum = 1.0: must be a number in [0, 1)"),
        ({"momentum": -0.1}, "momentum = -0.1: must be a number in [0, 1)"),
        ({"momentum": float("nan")}, "momentum = nan: must be a number in [0, 1)"),
        ({"batch_size": 0.5}, "batch_size = 0.5: must be a number at least 1"),
        ({"learning_rate": 0.0}, "learning_rate = 0.0: must be a number above 0"),
        ({"weight_decay": -1.0}, "weight_decay = -1.0: must be a number at least 0"),
        ({"noise": [1.0, 2.0, 3.0]}, "noise has the shape (3,): must be a number or one for each of 2 modes"),
        ({"rho": [1.0, -2.0]}, "noise^2 rho = -2 in mode 1: must be finite and at least 0"),
        ({"rho": [1.0, np.inf]}, "rho = inf in mode 1: must be finite"),
        ({"rho": []}, "rho has the shape (0,): must be a list of at least one eigenvalue"),
    ],
)
def test_bad_settings_are_refused_in_one_line(changed, message):
    given = {"rho": [1.0, 2.0], "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.0, "batch_size": 4}
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        DiscreteChain(**(given | changed))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.mean(0.5, [1, 0]), "steps = 0.5: must be whole numbers of at least 0"),
        (lambda m: m.covariance(-1), "steps = -1: must be whole numbers of at least 0"),
        (lambda m: m.covariance(1, [1.0, 2.0, 3.0]), "start has the shape (3,): must be (2, 2, 2)"),
        (lambda m: m.spectrum(0.1, "speed"), "of = 'speed': must be 'position' or 'velocity'"),
    ],
)
def test_bad_questions_are_refused_in_one_line(ask, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        ask(chain([0.1, 0.2], 0.9))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "ask",
    ["stationary", "speed", lambda m: m.displacement(1), lambda m: m.autocorrelation(1), lambda m: m.spectrum(0.1)],
)
@pytest.mark.parametrize("stiffness", [3.9, -0.1])
def test_an_unstable_mode_is_named(ask, stiffness):
    model = chain([0.1, stiffness], 0.9)
    with pytest.raises(
        ValueError,
        match=r"^eta \(rho \+ lambda\) = .* in mode 1: must be in \[0, 2 \(1 \+ beta\)\), else the mode is unstable$",
    ):
        getattr(model, ask)() if isinstance(ask, str) else ask(model)
