"""The Ornstein-Uhlenbeck process: its path and its current."""

import numpy as np
from figure_data import draw
from matplotlib.quiver import Quiver
from sgdwalk.figures import limiting_process
from sgdwalk.theory import OrnsteinUhlenbeck

PROCESS = OrnsteinUhlenbeck(np.diag(limiting_process.EIGENVALUES), **limiting_process.SETTINGS)


def test_the_path_has_the_moments_of_the_process(monkeypatch):
    monkeypatch.setattr(limiting_process, "STEPS", 60_000)
    path = limiting_process.sampled(PROCESS)
    np.testing.assert_array_equal(path[0], limiting_process.START)
    move = np.linalg.lstsq(path[:-1], path[1:], rcond=None)[0].T
    error = path[1:] - path[:-1] @ PROCESS.propagator(1).T
    scale = np.sqrt(np.diagonal(PROCESS.stationary()))
    np.testing.assert_allclose(move * scale / scale[:, None], PROCESS.propagator(1) * scale / scale[:, None], atol=0.01)
    np.testing.assert_allclose(error.std(axis=0), np.sqrt(np.diagonal(PROCESS.covariance(1))), rtol=0.02)
    np.testing.assert_allclose(path[5000:].std(axis=0), scale, rtol=0.1)


def test_the_current_moves_a_weight_where_its_velocity_points():
    (arrows,) = draw("limiting_process", {}).panels["c"].findobj(Quiver)
    weight, velocity, across, up = arrows.X, arrows.Y, arrows.U, arrows.V
    assert (across[velocity > 0] > 0).all()
    assert (up[weight > 0] < 0).all()
    np.testing.assert_allclose(np.sign(across), np.sign(np.round(velocity, 12)))


def test_the_stationary_state_has_the_shape_of_the_modified_loss_and_not_of_the_training_loss():
    drawn = draw("limiting_process", {})
    circle = next(line for line in drawn.panels["b"].lines if line.get_linestyle() == "--").get_xydata()
    heights = limiting_process.in_plane(PROCESS, (0, 1))(circle)
    np.testing.assert_allclose(heights, 5.991 / 2 / PROCESS.kappa, rtol=1e-9)
    assert np.ptp(limiting_process.training_loss(circle)) > 0.8 * limiting_process.training_loss(circle).max()
