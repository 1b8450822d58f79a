import numpy as np
import pytest
from sgdwalk.trajectory import gaussian_walks, mean_squared_displacement, simulated_msd, step_lengths
from walks import fbm, square

WHITE = np.full(59, 2.0)


def brownian(steps, dimensions, seed):
    return np.random.default_rng(seed).standard_normal((steps, dimensions)).cumsum(0)


def test_uncorrelated_steps_are_expected_to_show_their_null():
    scales = np.where(np.arange(59) % 7 == 3, 0, np.geomspace(1, 5, 59))
    spectrum = WHITE[: (scales > 0).sum()]
    found = simulated_msd.expected(simulated_msd.StepModel(spectrum, spectrum, scales))
    null = step_lengths.orthogonal_msd(2 * scales**2)
    np.testing.assert_allclose(found.msd, null, rtol=1e-9)
    np.testing.assert_allclose(found.null, null, rtol=1e-9)


def test_a_drift_is_expected_to_add_its_square():
    lags, model = np.arange(1, 60), simulated_msd.StepModel(WHITE, WHITE, np.ones(59), 0.1)
    found = simulated_msd.expected(model)
    np.testing.assert_allclose(found.msd, 2 * lags + 0.1 * lags**2, rtol=1e-9)
    np.testing.assert_allclose(found.null, 2.1 * lags, rtol=1e-9)
    walks = model.walks(4000, np.random.default_rng(0))
    assert walks.shape == (4000, 60, 2)
    np.testing.assert_allclose((walks**2).sum(2).mean(0)[1:], 2 * lags + 0.1 * lags**2, rtol=0.1)


def test_equal_scales_are_expected_to_show_the_variogram():
    spectrum = gaussian_walks.increment_spectrum(np.arange(60) ** 1.5)
    variogram = gaussian_walks.spectral_variogram(spectrum)
    found = simulated_msd.expected(simulated_msd.StepModel(spectrum, spectrum, np.ones(59)))
    np.testing.assert_allclose(found.msd, variogram[1:], rtol=1e-9)
    np.testing.assert_allclose(found.ends, variogram[30:].mean(), rtol=1e-9)


def test_fewer_dimensions_are_simulated_with_the_same_scatter():
    spectrum, dimension = np.linspace(1, 3, 59), np.geomspace(5.7, 400, 59)
    simulated = simulated_msd.StepModel(spectrum, dimension, np.ones(59), 0.1).simulated()
    assert (simulated.dimension == 5).all()
    np.testing.assert_allclose(simulated.spectrum**2 / 5, spectrum**2 / dimension)  # tr S^2
    along, simulated_along = (  # variance of the mean increment along the drift, times its square
        model.drift2 * model.spectrum[0] / model.dimension[0]
        for model in (simulated_msd.StepModel(spectrum, dimension, np.ones(59), 0.1), simulated)
    )
    assert simulated_along == pytest.approx(along)
    assert (simulated.spectrum <= spectrum).all()  # or a simulated MSD could be negative
    assert simulated_msd.StepModel(spectrum, dimension / 10, np.ones(59)).simulated().dimension[0] == 1


def kind(H, dimensions, drift, seed):
    return (
        fbm(H, 100, dimensions, np.random.default_rng(seed)) + drift * np.eye(1, dimensions) * np.arange(100)[:, None]
    )


@pytest.mark.parametrize(
    ("H", "dimensions", "drift"), [(0.25, 3, 0), (0.5, 3, 0), (0.5, 100, 0), (0.75, 20, 0), (0.5, 3, 1), (0.5, 100, 3)]
)
def test_simulated_walks_scatter_as_other_walks_of_the_same_kind(H, dimensions, drift):
    lags = np.array([1, 5, 20, 60])
    truth = [mean_squared_displacement.from_positions(kind(H, dimensions, drift, s), lags) for s in range(400)]
    truth = np.std(np.log(truth), axis=0)
    found = [
        simulated_msd.simulate(square(kind(H, dimensions, drift, s)), 100, np.random.default_rng(0)) for s in range(12)
    ]
    ratio = np.median([one.msd.std(0)[lags - 1] for one in found], axis=0) / truth
    assert (ratio > 0.85).all()
    assert (ratio < 1.45).all()  # D is taken one standard error low
    assert np.abs(np.mean([one.msd.mean(0)[lags - 1] for one in found], axis=0)).max() < 0.15


def test_independent_displacements_of_a_brownian_walk():
    # relative variance of its MSD: 4 lag / (3 T D) at lags 1 << lag << T
    walks = [square(brownian(300, 20, seed)) for seed in range(4)]
    found = [simulated_msd.simulate(d2, 400, np.random.default_rng(0)).displacements[[9, 19]] for d2 in walks]
    np.testing.assert_allclose(np.median(found, axis=0), 1.5 * 300 * 20 / np.array([10, 20]), rtol=0.25)


def test_displacements_are_those_of_the_dimension_at_the_lag_at_most():
    dimension = np.where(np.arange(100) < 10, 2.0, 50.0)  # few directions at lags beyond 100 / (2 x 10)
    found = simulated_msd.independent_displacements(np.zeros((5, 100)), dimension)
    np.testing.assert_allclose(found[[0, 4, 5, 49]], 1.5 * 100 * np.array([50, 50 / 5, 2 / 6, 2 / 50]))
    copies = np.outer([-1.0, 1.0], np.ones(100))  # relative variance 1
    np.testing.assert_allclose(simulated_msd.independent_displacements(copies, dimension), np.minimum(2, found))


def test_steps_of_length_zero_stay_zero_in_the_copies():
    walk = np.repeat(brownian(40, 30, 0), 3, axis=0)
    model = simulated_msd.step_model(square(walk))
    np.testing.assert_array_equal(model.scales > 0, np.arange(119) % 3 == 2)
    assert len(model.spectrum) == 39
    copies = simulated_msd.simulate(square(walk), 20, np.random.default_rng(0))
    np.testing.assert_allclose(copies.msd[:, 0], copies.null[:, 0], atol=1e-9)


def test_scales_follow_uneven_lengths_only():
    rng = np.random.default_rng(0)
    steps = rng.standard_normal((99, 50))
    assert (simulated_msd.step_model(square(steps.cumsum(0))).scales == 1).all()
    steps *= np.geomspace(1, 30, 99)[:, None]
    np.testing.assert_allclose(
        simulated_msd.step_model(square(steps.cumsum(0))).scales, np.linalg.norm(steps[1:], axis=1), rtol=1e-9
    )


def test_start_distance_of_a_walk_that_starts_elsewhere():
    walk = brownian(50, 3, 0) * 0
    walk[0] = [3, 0, 4]
    walk[-1] = [1, 0, 0]
    d2 = square(walk)
    ahead = (25 * 24 + 20) / 25
    assert simulated_msd.start_distance(d2) == pytest.approx(ahead / ((20 + 24) / 25))
    np.testing.assert_allclose(simulated_msd.end_distances(walk[None])[0], simulated_msd.halves(d2))
    assert np.isnan(simulated_msd.start_distance(np.zeros((50, 50))))
