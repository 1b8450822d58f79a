import json

import numpy as np
import pytest
from sgdwalk.analyses import walk_models
from sgdwalk.storage import contracts
from sgdwalk.trajectory.gaussian_walks import gaussian_walks
from walks import distances_of, diverge, square

STEPS, DIMENSIONS = 100, 30


def brownian(seed, lengths=1.0):
    moves = np.random.default_rng(seed).standard_normal((STEPS, DIMENSIONS))
    return (moves * np.broadcast_to(np.reshape(lengths, (-1, 1)), moves.shape)).cumsum(0)


@pytest.fixture(scope="module")
def found():
    soft = np.hstack([np.random.default_rng(2).standard_normal((STEPS, 400)), 5 * brownian(3)[:, :2]])
    persistent = gaussian_walks(DIMENSIONS * np.arange(STEPS) ** 1.5, DIMENSIONS, 1, np.random.default_rng(1))[0]
    decaying = brownian(4, 100.0 ** (-np.arange(STEPS) / STEPS))
    still = brownian(5)
    still[40] = still[41]
    data = distances_of(*(w if w.shape[1] == 402 else np.pad(w, ((0, 0), (0, 402 - w.shape[1])))
                          for w in (persistent, soft, decaying, still, brownian(6))))  # fmt: skip
    result = walk_models.compute(diverge(data, 4), copies=20)
    contracts.check(result, walk_models.CONTRACT)
    return result


@pytest.mark.slow
def test_status(found):
    rows = [
        ["ok", "ok"],
        ["not separable"] * 2,
        ["uneven steps", "ok"],
        ["steps of length zero"] * 2,
        ["not finite"] * 2,
    ]
    assert found.status.values.tolist() == rows
    fitted = found.isel(window=slice(3))
    assert (fitted.separable.values == (fitted.status.values != "not separable")).all()
    for name in ("exponent", "misfit", "delta_aic", "dimension", "msd"):
        assert np.isnan(found[name][3:]).all()


@pytest.mark.slow
def test_the_best_model_of_a_persistent_walk_is_fractional(found):
    window = found.sel(window=0)
    assert (window.delta_aic.min("model") == 0).all()
    assert (window.delta_aic.sel(model="Brownian") > 100).all()
    fit = window.sel(model="fractional")
    assert ((fit.exponent_low < 1.5) & (fit.exponent_high > 1.5)).all()
    assert (fit.misfit_p > 0.05).all()
    assert np.isnan(fit.noise_share).all()
    assert np.isnan(window.sel(model="Brownian").exponent).all()


def test_unit_steps_of_a_walk_that_slows_down_are_brownian(found):
    directions = found.sel(window=2, walk="unit steps", drift="kept")
    assert directions.delta_aic.sel(model="Brownian") < 4
    assert directions.exponent.sel(model="fractional") == pytest.approx(1, abs=0.1)


def test_a_bounce_of_stiff_directions_is_white_noise_of_the_position(found):
    bouncing = found.sel(window=1, walk="steps", drift="kept", model="fractional + white noise")
    assert bouncing.noise_share_low > 0.5
    assert bouncing.exponent > 0.8


def test_components_explain_shares_of_the_variance(found):
    walk = gaussian_walks(DIMENSIONS * np.arange(STEPS) ** 1.5, DIMENSIONS, 1, np.random.default_rng(1))[0]
    singular = np.linalg.svd(walk - walk.mean(0), compute_uv=False) ** 2
    np.testing.assert_allclose(found.explained[0], (singular / singular.sum())[:20], rtol=1e-8)
    np.testing.assert_allclose(found.explained_random_walk[:2], [6 / np.pi**2, 1.5 / np.pi**2])
    null = walk_models.spectrum(square(np.tril(np.ones((50, 50)))), 20)  # orthogonal steps of equal length
    np.testing.assert_allclose(null["explained"], null["explained_orthogonal"], rtol=1e-8)


@pytest.mark.slow
def test_recorded_weights_a_few_steps_apart():
    data = distances_of(brownian(7))
    once = walk_models.compute(data, copies=20)
    thrice = walk_models.compute(data.assign(step_spacing=3), copies=20)
    np.testing.assert_array_equal(thrice.lag, 3 * once.lag)
    np.testing.assert_allclose(thrice.relaxation_time_low, 3 * once.relaxation_time_low)
    np.testing.assert_array_equal(thrice.exponent, once.exponent)


def with_momentum(walk, momentum=0.9):
    moves = np.diff(walk, axis=0)
    for k in range(1, len(moves)):
        moves[k] += momentum * moves[k - 1]
    return moves.cumsum(0)


def of_run(data, **settings):
    return data.assign_attrs(run_settings=json.dumps(settings))


def test_momentum_is_taken_out_of_the_steps():
    exponent = 1.4
    walk = gaussian_walks(DIMENSIONS * np.arange(STEPS + 1.0) ** exponent, DIMENSIONS, 1, np.random.default_rng(8))[0]
    free = walk_models.compute(distances_of(walk[2:]), copies=20)
    data = distances_of(with_momentum(walk))
    known = walk_models.compute(of_run(data, optimiser="sgd", momentum=0.9), copies=20)
    assert known.momentum == 0.9
    for name in ("exponent", "exponent_low", "noise_share", "delta_aic", "dimension", "separable"):
        np.testing.assert_allclose(known[name][..., :3], free[name][..., :3], rtol=1e-6, atol=1e-6)
    assert abs(known.exponent.sel(model="fractional", walk="steps", drift="kept").item() - exponent) < 0.1
    unknown = walk_models.compute(data, copies=20)
    assert unknown.momentum == 0
    assert (unknown.exponent.sel(model="fractional") > 1.9).all()


@pytest.mark.parametrize(
    "settings", [{"momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "optimiser": "adam"}, {"momentum": None}]
)
def test_momentum_that_cannot_be_taken_out_is_left(settings):
    assert walk_models.known_momentum(of_run(distances_of(brownian(0)), **settings)) == 0


def test_momentum_between_records_is_left():
    data = of_run(distances_of(brownian(0)), momentum=0.9)
    assert walk_models.known_momentum(data) == 0.9
    assert walk_models.known_momentum(data.assign(step_spacing=2)) == 0


def test_windows_that_have_no_likelihood():
    for walk, why in (
        (np.arange(60.0)[:, None] ** 0, "steps of length zero"),
        (brownian(0)[:15], "fewer than 20 steps"),
    ):
        result = walk_models.compute(distances_of(walk), copies=20)
        assert (result.status == why).all()
        contracts.check(result, walk_models.CONTRACT)
