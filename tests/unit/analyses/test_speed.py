"""Mean squared step of children whose noise is known, against its prediction."""

import children
import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import t as student
from sgdwalk.analyses import speed
from sgdwalk.limiting import momentum_means
from sgdwalk.storage import contracts
from sgdwalk.theory import DiscreteChain, ShuffledEpochs

RHO = np.append([2.0, 0.5, 0.1, 0.02], np.zeros(40))
NOISE = np.append([2.0, 1.0, 0.3, 0.1], np.full(40, 0.05))


def child(seed, steps=1500, modes=4, truth=1.0, rho=RHO, **given):
    """speed.nc of a child whose noise is `truth` times what its checkpoints say."""
    run, rng = children.settings(**given), np.random.default_rng(seed)
    parts = children.walk(run, rho, truth * NOISE, steps, rng)
    noise = children.noise_curvature(run, rho, NOISE, modes, steps, error=0.05, rng=rng)
    found = speed.compute(children.directions(run, parts, modes), noise, burn_in=300)
    contracts.check(found, speed.CONTRACT)
    return found


@pytest.mark.parametrize("sampler", ["independent", "shuffled-epochs"])
def test_the_prediction_is_that_of_the_exact_chain_with_all_noise_outside_the_modes_flat(sampler):
    run = children.settings(sampler=sampler, weight_decay=0.01)
    exact = children.noise_curvature(run, RHO, NOISE, 4, 1000)
    found = speed.compute(
        children.directions(run, children.walk(run, RHO, NOISE, 1000, np.random.default_rng(0)), 4), exact
    )
    settings = {
        "learning_rate": 0.1,
        "momentum": 0.9,
        "weight_decay": 0.01,
        "batch_size": 20,
        "gradient_variance": NOISE,
    }
    more = {} if sampler == "independent" else {"examples": children.EXAMPLES}
    theory = (DiscreteChain if sampler == "independent" else ShuffledEpochs)(RHO, **settings, **more).speed()
    np.testing.assert_allclose(found.predicted_at, theory.sum(), rtol=1e-10)
    np.testing.assert_allclose(found.mode_predicted, theory[:4], rtol=1e-10)
    assert int(found.first_step) == 200
    assert list(found.step.values) == [250, 500, 750, 1000]


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["independent", "shuffled-epochs"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_measured_over_predicted_is_one_and_its_interval_covers_it(sampler, momentum):
    found = [child(seed, sampler=sampler, momentum=momentum, weight_decay=1e-3) for seed in range(60)]
    ratio, low, high = (
        np.array([float(part[name]) for part in found]) for name in ("ratio", "ratio_low", "ratio_high")
    )
    assert ratio.mean() == pytest.approx(1, abs=4 * ratio.std() / np.sqrt(60))
    assert np.mean((low <= 1) & (high >= 1)) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)
    assert np.mean((low <= 1.3) & (high >= 1.3)) < 0.4  # it is no interval that contains everything


def test_the_interval_of_the_ratio_is_that_of_welch():
    """From the ends of the other two intervals: Student's with nine and with three degrees of freedom."""
    found = child(0)
    freedoms, squares = np.array([9, 3]), []
    for name, freedom in zip(("speed", "predicted"), freedoms, strict=True):
        half = float(found[f"{name}_high"] - found[f"{name}_low"]) / 2
        squares.append((half / student.ppf(0.975, freedom) / float(found[name])) ** 2)
    freedom = sum(squares) ** 2 / sum(np.array(squares) ** 2 / freedoms)
    factor = np.exp(student.ppf(0.975, freedom) * np.sqrt(sum(squares)))
    assert float(found.ratio_high / found.ratio) == pytest.approx(factor)
    assert float(found.ratio / found.ratio_low) == pytest.approx(factor)
    deviations = found.predicted_at.values.std(ddof=1) / 2
    assert float(found.predicted_high - found.predicted) == pytest.approx(student.ppf(0.975, 3) * deviations)


def test_noise_that_is_not_what_the_checkpoints_say_is_seen():
    found = [child(seed, truth=1.5) for seed in range(10)]
    assert np.mean([float(part.ratio) for part in found]) == pytest.approx(1.5, rel=0.1)
    assert sum(float(part.ratio_low) > 1 for part in found) >= 9


def test_a_mode_speed_is_the_squared_step_along_it():
    run = children.settings()
    parts = children.walk(run, RHO, NOISE, 500, np.random.default_rng(0))
    found = speed.compute(
        children.directions(run, parts, 44), children.noise_curvature(run, RHO, NOISE, 44, 500), burn_in=0
    )
    np.testing.assert_allclose(found.mode_speed, (np.diff(parts[0], axis=0) ** 2).mean(axis=0), rtol=1e-9)
    assert float(found.mode_speed.sum()) == pytest.approx(float(found.speed), rel=0.01)


@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.98])
@pytest.mark.parametrize("stiffness", [[0.02] * 3, [1e-4], [0.0026, 0.5, 0.0]])
def test_the_interval_of_the_mean_square_knows_its_autocorrelation(momentum, stiffness):
    """300 runs of 800 steps: coverage, and width over the ideal one."""
    rng, warm = np.random.default_rng(0), 2000
    squares = 0.0
    for e in stiffness:
        walk = lfilter([1], [1, e - 1 - momentum, momentum], rng.standard_normal((300, 800 + warm)), axis=1)
        squares = squares + np.diff(walk, axis=1)[:, -800:] ** 2
    truth = sum(1 / (1 - momentum**2) / (1 - e / 2 / (1 + momentum)) for e in stiffness)
    mean, error = momentum_means.mean_and_error(squares.T, momentum)
    half = momentum_means.quantile() * error
    covered, width = np.mean(np.abs(mean - truth) < half), half.mean() / 1.96 / mean.std()
    assert 0.95 - 3 * np.sqrt(0.95 * 0.05 / 300) <= covered
    assert 0.95 <= width < 2.0


def test_runs_that_diverged_or_are_unstable_or_have_one_late_checkpoint():
    run = children.settings()
    parts = children.walk(run, RHO, NOISE, 400, np.random.default_rng(0))
    directions = children.directions(run, parts, 4)
    noise = children.noise_curvature(run, RHO, NOISE, 4, 400)
    diverged = children.diverge(directions, 300)
    assert np.isnan(speed.compute(diverged, noise).speed)
    stiff = noise.assign(curvature=noise.curvature * 30)
    assert speed.compute(directions, stiff).predicted_at.isnull().all()
    late = noise.isel(snapshot=[0, 4])
    alone = speed.compute(directions, late)
    assert np.isfinite(alone.predicted)
    assert np.isnan([alone.predicted_low, alone.ratio_low]).all()
    assert np.isnan(speed.compute(directions, noise.isel(snapshot=[0])).predicted)
    below = noise.assign(curvature=-noise.curvature)
    flat = speed.compute(directions, below)
    np.testing.assert_allclose(flat.predicted_at, 0.01 * NOISE.sum() / 20 / 0.19)
