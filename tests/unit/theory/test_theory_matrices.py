import numpy as np
import pytest
from sgdwalk.theory import Langevin, OrnsteinUhlenbeck

GIVEN = {"learning_rate": 0.05, "momentum": 0.8, "weight_decay": 0.3, "batch_size": 16, "noise": 1.5}
RHO = np.array([0.4, 2.0, 7.0])
TURN = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]


@pytest.fixture
def process():
    return OrnsteinUhlenbeck(TURN @ np.diag(RHO) @ TURN.T, [1.0, -2.0, 0.5], **GIVEN)


def on_modes(matrix):
    """[2 p, 2 p] in weights as [mode, 2, 2] on the eigenvectors; what couples modes must be nothing."""
    turn = np.kron(np.eye(2), TURN)
    blocks = (turn.T @ matrix @ turn).reshape(2, 3, 2, 3)
    found = np.einsum("imjm->mij", blocks)
    assert np.abs(blocks - np.einsum("mij,mn->imjn", found, np.eye(3))).max() <= 1e-12 * np.abs(matrix).max()
    return found


@pytest.mark.parametrize("step", [0, 0.7, 5, 300])
def test_matrix_exponential_against_each_mode(process, step):
    modes = Langevin(RHO, **GIVEN)
    np.testing.assert_allclose(on_modes(process.covariance(step)), modes.covariance(step), rtol=1e-9, atol=1e-15)
    start = np.arange(6.0)
    away = np.stack([TURN.T @ part for part in np.split(start - process.centre, 2)], axis=1)
    found = np.stack([TURN.T @ part for part in np.split(process.mean(step, start) - process.centre, 2)], axis=1)
    np.testing.assert_allclose(found, modes.mean(step, away), rtol=0, atol=1e-11)


def test_stationary_covariance_is_that_of_the_modes_and_of_lyapunov(process):
    found = process.stationary()
    np.testing.assert_allclose(on_modes(found), Langevin(RHO, **GIVEN).stationary(), rtol=1e-12, atol=1e-16)
    left = process.drift @ found + found @ process.drift.T
    np.testing.assert_allclose(left, 2 * process.diffusion / process.kappa, atol=1e-12)


def test_drift_is_split_as_in_kunin(process):
    split = (process.diffusion + process.rotation) @ process.potential
    np.testing.assert_allclose(split, process.drift, atol=1e-10)
    np.testing.assert_allclose(process.rotation, -process.rotation.T)


def test_mean_rests_where_the_gradient_with_weight_decay_vanishes(process):
    pulled = (process.hessian + 0.3 * np.eye(3)) @ process.centre[:3]
    np.testing.assert_allclose(pulled, [1.0, -2.0, 0.5], atol=1e-12)
    np.testing.assert_allclose(process.mean(1e4, np.ones(6)), process.centre, atol=1e-12)


def test_modified_loss_is_round_without_weight_decay():
    process = OrnsteinUhlenbeck(np.diag([0.1, 10.0]), **(GIVEN | {"weight_decay": 0.0}))
    at_rest = [process.modified_loss([np.cos(a), np.sin(a), 0, 0]) for a in (0.0, 0.7, 1.5)]
    np.testing.assert_allclose(at_rest, 1 / (0.05 * 1.8))
    np.testing.assert_allclose(process.modified_loss([[0, 0, 1, 0], [0, 0, 0, 1]]), [1 / 0.2, 1 / 20])


def test_density_integrates_to_one_with_the_stationary_variance():
    process = OrnsteinUhlenbeck([[2.0]], 1.0, **GIVEN)
    theta, v = process.stationary().diagonal() ** 0.5
    grid, spacing = np.linspace(-9, 9, 181, retstep=True)
    x, y = np.meshgrid(grid * theta, grid * v, indexing="ij")
    weight = process.density(np.stack([process.centre[0] + x, y], axis=-1)) * spacing**2 * theta * v
    moments = [weight.sum(), (weight * x**2).sum(), (weight * y**2).sum(), (weight * x * y).sum()]
    np.testing.assert_allclose(moments, [1, theta**2, v**2, 0], rtol=1e-10, atol=1e-15)


def gradient(function, x, h=1e-5):
    """Central differences of function(x) [...] along every coordinate [coordinate, ...]."""
    return np.array([(function(x + h * e) - function(x - h * e)) / (2 * h) for e in np.eye(len(x))])


def test_current_is_drift_less_diffusion_and_has_no_sources(process):
    x = process.centre + 0.3 * process.stationary().diagonal() ** 0.5 * np.array([1, -2, 1, 2, 1, -1])
    expected = -process.drift @ (x - process.centre) * process.density(x)
    expected -= process.diffusion @ gradient(process.density, x, 1e-6) / process.kappa
    np.testing.assert_allclose(process.current(x), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
    slopes = gradient(process.current, x, 1e-6)
    assert abs(np.trace(slopes)) < 1e-6 * np.abs(slopes).max()


def test_current_turns_as_the_oscillator_does():
    process = OrnsteinUhlenbeck([[2.0]], **GIVEN)
    moving, displaced = process.current([[0.0, 1.0], [1.0, 0.0]])
    assert moving[0] > 0  # theta grows where v is positive
    assert displaced[1] < 0  # v is pulled back where theta is positive


@pytest.mark.parametrize(
    ("hessian", "changed", "message"),
    [
        ([[1.0, 2.0], [0.0, 1.0]], {}, "hessian of shape (2, 2): must be a symmetric matrix"),
        ([[1.0, 0.0], [0.0, 0.0]], {}, "noise = 1.5, least eigenvalue 0: both must be above 0"),
        ([[1.0]], {"noise": 0.0}, "noise = 0.0, least eigenvalue 1: both must be above 0"),
        ([[1.0]], {"momentum": 1.0}, "momentum = 1.0: must be a number in [0, 1)"),
    ],
)
def test_bad_input_is_refused_in_one_line(hessian, changed, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        OrnsteinUhlenbeck(hessian, **(GIVEN | changed))
    assert str(caught.value) == message
