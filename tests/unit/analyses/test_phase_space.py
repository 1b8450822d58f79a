"""Stiffness, oscillation and moments of modes whose law is known."""

import children
import numpy as np
import pytest
from sgdwalk.analyses import phase_space
from sgdwalk.limiting import expected_modes, felt_curvature, fitted_modes, loss_minima, stiffness_tests
from sgdwalk.limiting.child import Child
from sgdwalk.limiting.simulated_modes import batch_noise, simulated
from sgdwalk.samplers import SAMPLERS
from sgdwalk.storage import contracts

MANY = 300  # modes of one walk: as many independent repetitions


def child_of(**given):
    return Child.of(children.stamped(children.xr.Dataset(), children.settings(**given)))


def measured(rho, noise, steps=1000, seed=0, gradient=None, start=0.0, minimum=0.0, settings=None, **given):
    """phase_space.nc of a child with these modes, all recorded, and exact checkpoints."""
    run, rng = children.settings(**given), np.random.default_rng(seed)
    rho, noise = np.asarray(rho, float), np.asarray(noise, float)
    parts = children.walk(run, rho, noise, steps, rng, start=start, minimum=minimum)
    directions = children.directions(run, parts, len(rho), start)
    checkpoints = children.noise_curvature(run, rho, noise, len(rho), steps)
    if gradient is None:
        at = loss_minima.positions_at(directions, checkpoints.step.values, child_of(**given))
        where = np.broadcast_to(np.asarray(minimum, float) - np.asarray(start, float), len(rho))
        checkpoints["gradient"] = (("snapshot", "mode"), rho * (at - where))
    found = phase_space.compute(directions, checkpoints, **{"copies": 500, "interval_copies": 100} | (settings or {}))
    contracts.check(found, phase_space.CONTRACT)
    return found


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_stiffness_is_that_of_the_autoregression_of_the_position(sampler):
    """Against a slow rewrite: y = theta_{k+1} - (1 + beta) theta_k + beta theta_{k-1} on theta_k, constant and trend."""
    run, rng = children.settings(weight_decay=0.02, sampler=sampler, batch_size=30), np.random.default_rng(0)
    position, _, gradient = children.walk(run, np.array([1.0, 0.1]), np.ones(2), 300, rng, start=0.5)
    child, first = child_of(weight_decay=0.02, sampler=sampler, batch_size=30), 60
    epoch = child.batches(children.EXAMPLES)
    felt = felt_curvature.regress(position, gradient, first, 30, None if child.independent else epoch)
    for mode in range(2):
        theta, rows, left, weights = position[:, mode], [], [], []
        for k in range(first, 299):
            phase, size = k % len(epoch), epoch[k % len(epoch)]
            begin, share = k - phase, np.zeros(k + 1)
            share[k] = 1.0
            rest = epoch.sum() - epoch[:phase].sum()
            if not child.independent:
                share[begin:k] = epoch[:phase] / rest
            used = np.flatnonzero(share)
            used = used[used > 0]  # y needs the step before
            y = theta[used + 1] - 1.9 * theta[used] + 0.9 * theta[used - 1]
            columns = [share[used] @ part for part in (-0.1 * theta[used], np.ones(len(used)), 1.0 * used)]
            variance = 1 / size - (0 if child.independent else 1 / rest)
            if variance > 0:
                weights.append(1 / variance)
                rows.append(columns)
                left.append(share[used] @ y)
        root = np.sqrt(weights)
        design = np.array(rows) * root[:, None]
        solution, residual, *_ = np.linalg.lstsq(design, np.array(left) * root, rcond=None)
        error = np.sqrt(residual[0] / (len(rows) - 3) * np.linalg.inv(design.T @ design)[0, 0])
        # the last step, whose position is not known to the rewrite, is in the fit
        assert child.stiffness(felt.curvature[mode]) == pytest.approx(0.1 * solution[0], abs=0.5 * 0.1 * error)
        assert felt.error[mode] == pytest.approx(error, rel=0.05)


def test_noise_without_replacement_is_whitened_and_its_variance_found():
    child = child_of(sampler="shuffled-epochs", batch_size=30)  # ten full batches and a short one
    epoch = child.batches(children.EXAMPLES)
    assert epoch.tolist() == [30] * 10 + [20]
    noise = batch_noise(child, 11 * 400, 200, children.EXAMPLES, np.random.default_rng(0))
    by_phase = noise.reshape(200, 400, 11)
    size, count = 1 / epoch, children.EXAMPLES
    truth = count / (count - 1) * (np.diag(size) - 1 / count)
    np.testing.assert_allclose(np.cov(by_phase.reshape(-1, 11).T), truth, atol=5e-4)
    np.testing.assert_allclose((by_phase * epoch).sum(axis=2), 0, atol=1e-10)
    white = felt_curvature.innovations(noise.T, epoch).T.reshape(-1, 11)
    weights = felt_curvature.innovation_weights(11, epoch)
    found = np.cov(white.T) * np.sqrt(weights)[:, None] * np.sqrt(weights)
    np.testing.assert_allclose(found[:10, :10], np.eye(10) * count / (count - 1), atol=0.02)
    np.testing.assert_allclose(white[:, 10], 0, atol=1e-12)
    for momentum in (0.0, 0.9):
        child = child_of(sampler="shuffled-epochs", batch_size=30, momentum=momentum)
        ((position, gradient, _),) = simulated(child, 0.02, 800, 200, count, np.random.default_rng(1))
        felt = felt_curvature.regress(position, gradient, 0, 30, epoch)
        assert felt.variance.mean() == pytest.approx(1, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("momentum", "stiffness"), [(0.9, 0.1), (0.9, 0.0026), (0.9, 0.0), (0.0, 0.1), (0.98, 0.02)])
def test_intervals_of_stiffness_and_variances_cover_the_truth(sampler, momentum, stiffness):
    """Modes of finitely many examples, drawn one by one; 300 of them."""
    run, rng = children.settings(sampler=sampler, momentum=momentum), np.random.default_rng(3)
    child, rho, first = child_of(sampler=sampler, momentum=momentum), np.full(MANY, stiffness / 0.1), 200
    position, velocity, gradient = children.walk(run, rho, np.ones(MANY), 1000, rng)
    epoch = None if child.independent else child.batches(children.EXAMPLES)
    felt = felt_curvature.regress(position, gradient, first, 20, epoch)
    found = fitted_modes.fitted(felt, position[first:], velocity[first:], child, children.EXAMPLES, 200, rng)
    chain = expected_modes.expected(child, rho, np.ones(MANY), children.EXAMPLES, 800)
    truth = {"stiffness": stiffness} | {name: chain[name] for name in ("position_variance", "velocity_variance")}
    for name, value in truth.items():
        covered = np.mean((found[f"{name}_low"] <= value) & (value <= found[f"{name}_high"]))
        assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / MANY) <= covered, name
        if name != "stiffness":
            assert found[name].mean() == pytest.approx(value[0], rel=0.1), name


@pytest.mark.parametrize("momentum", [0.9, 0.98])
def test_critical_modes_are_called_oscillating_in_at_most_five_percent(momentum):
    child = child_of(momentum=momentum)
    run, rng = children.settings(momentum=momentum), np.random.default_rng(1)
    rho = np.full(MANY, child.critical / 0.1)
    position, _, gradient = children.walk(run, rho, np.ones(MANY), 800, rng)
    felt = felt_curvature.regress(position, gradient, 160, 20, None)
    statistic = (child.stiffness(felt.curvature) - child.critical) / (0.1 * felt.error)
    p = stiffness_tests.p_values(
        statistic, stiffness_tests.deviations(child, child.critical, 640, 1000, children.EXAMPLES, rng)
    )
    assert np.mean(p <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / MANY)
    assert np.mean(p <= 0.5) == pytest.approx(0.5, abs=0.12)  # p are uniform
    assert np.mean(statistic > 1.645) > 0.1  # Student's quantile would find oscillations that are not there


def test_free_modes_are_called_confined_in_at_most_five_percent():
    run, rng, child = children.settings(), np.random.default_rng(2), child_of()
    position, _, gradient = children.walk(run, np.zeros(MANY), np.ones(MANY), 800, rng)
    felt = felt_curvature.regress(position, gradient, 160, 20, None)
    null = stiffness_tests.deviations(child, 0.0, 640, 1000, children.EXAMPLES, rng)
    p = stiffness_tests.p_values(felt.curvature / felt.error, null)
    assert np.mean(p <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / MANY)
    assert np.mean(felt.curvature / felt.error > 1.645) > 0.5


@pytest.mark.slow
def test_a_family_of_critical_modes_holds_an_oscillation_in_at_most_five_percent():
    child = child_of()
    rho, alarms = np.full(10, child.critical / 0.1), []
    for seed in range(40):
        found = measured(rho, np.ones(10), 600, seed, settings={"copies": 400, "interval_copies": 20})
        alarms.append(found.oscillates.values.any())
    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)


def test_modes_are_told_apart_and_shares_are_those_of_their_kinds():
    rho = np.array([1.0, 0.5, 0.2, 0.02, 0.0])
    found = measured(rho, np.array([1, 1, 1, 1, 0.001]), 2000)
    assert found.kind_of_mode.values.tolist() == ["oscillating"] * 3 + ["confined", "diffusive"]
    assert found.kind_of_chain.values.tolist() == ["oscillating"] * 3 + ["confined", "diffusive"]
    np.testing.assert_array_equal(found.oscillates, [1, 1, 1, 0, 0])
    shares = found.share.values
    np.testing.assert_allclose(found.kind_share, [shares[:3].sum(), shares[3], shares[4]])
    assert float(found.outside_share) == pytest.approx(0, abs=1e-12)
    assert (found.stiffness_low <= found.stiffness_hessian).all()
    assert (found.frequency_low[:3] <= found.frequency_hessian[:3]).all()
    assert (found.frequency_hessian[:3] <= found.frequency_high[:3]).all()
    e = 0.1
    assert float(found.frequency_hessian[0]) == pytest.approx(np.arccos((1.9 - e) / 2 / np.sqrt(0.9)) / 2 / np.pi)
    assert (found.oscillation_bound[:3] > found.critical_stiffness).all()


def test_shuffled_epochs_are_not_tested():
    found = measured([1.0, 0.1, 0.0], np.ones(3), sampler="shuffled-epochs")
    for name in ("oscillates", "oscillation_p", "confinement_p", "oscillation_bound"):
        assert found[name].isnull().all(), name
    assert set(found.kind_of_mode.values) == {"not tested"}
    assert found.kind_of_chain.values.tolist() == ["oscillating", "oscillating", "diffusive"]
    assert float(found.kind_share.sum()) == pytest.approx(1)
    assert (found.stiffness_low <= found.stiffness_hessian).all()


def test_without_momentum_no_mode_oscillates():
    found = measured([12.0, 1.0], np.ones(2), momentum=0.0)  # the stiffer one alternates
    np.testing.assert_array_equal(found.oscillates, 0)
    assert found.oscillation_p.isnull().all()
    assert set(found.kind_of_mode.values) == set(found.kind_of_chain.values) == {"confined"}


@pytest.mark.slow
@pytest.mark.parametrize("steps", [320, 48])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_expected_moments_against_many_walks(sampler, steps):
    run, rng = children.settings(sampler=sampler, weight_decay=0.05), np.random.default_rng(0)
    child, rho = child_of(sampler=sampler, weight_decay=0.05), np.repeat([1.0, 0.02, -0.05], 700)
    position, velocity, _ = (part[-steps:] for part in children.walk(run, rho, np.ones(2100), 1280, rng))
    chain = expected_modes.expected(child, np.array([1.0, 0.02, -0.05, -1.0]), np.ones(4), children.EXAMPLES, steps)
    for name, series in (("position_variance", position), ("velocity_variance", velocity)):
        spread = series.var(axis=0).reshape(3, 700)
        error = spread.std(axis=1) / np.sqrt(700)
        assert (np.abs(spread.mean(axis=1) - chain[name][:3]) < 4 * error).all(), name
        assert np.isnan(chain[name][3])
    means = position.mean(axis=0).reshape(3, 700).std(axis=1)
    np.testing.assert_allclose(chain["mean_error"][:2], means[:2], rtol=0.12)
    assert chain["mean_error"][2] == np.inf or sampler != "independent"
    assert chain["free_share"][0] < 0.1
    assert chain["free_share"][2] == pytest.approx(1)


def test_the_walk_rests_at_the_minimum_of_the_modified_loss_and_not_of_the_training_loss():
    """Also with errors of the gradients at the checkpoints, over many modes."""
    count, start, minimum, decay = 200, 3.0, 2.9, 0.1
    run, rng = children.settings(weight_decay=decay), np.random.default_rng(0)
    rho, child = np.full(count, 0.5), child_of(weight_decay=decay)
    parts = children.walk(run, rho, np.full(count, 0.05), 1000, rng, start=start, minimum=minimum)
    directions = children.directions(run, parts, count, start)
    noise = children.noise_curvature(run, rho, np.full(count, 0.05), count, 1000)
    at = loss_minima.positions_at(directions, noise.step.values, child)
    slope = rho * (at - (minimum - start)) + 0.01 * rng.standard_normal(at.shape)
    later = noise.assign(gradient=(("snapshot", "mode"), slope)).isel(snapshot=[1, 2, 3, 4])
    found = loss_minima.minima(directions, later, child)
    truth = {"minimum_training": minimum - start, "minimum_modified": 0.5 * minimum / 0.6 - start}
    for name, value in truth.items():
        covered = np.mean((found[f"{name}_low"] <= value) & (value <= found[f"{name}_high"]))
        assert covered == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / count)), name
    rest = parts[0][200:].mean()
    assert rest == pytest.approx(truth["minimum_modified"], abs=0.002)
    assert abs(rest - truth["minimum_training"]) > 0.4
    # the position after the last step, which no file has
    longer = children.walk(run, rho, np.full(count, 0.05), 1001, np.random.default_rng(0), start=start, minimum=minimum)
    again = children.directions(run, [part[:1000] for part in longer], count, start)
    np.testing.assert_allclose(loss_minima.positions_at(again, np.array([1000]), child)[0], longer[0][1000], atol=1e-12)


def test_runs_without_modes_that_diverged_or_are_too_short_have_nan():
    run, rho = children.settings(), np.array([1.0, 0.1])
    noise = children.noise_curvature(run, rho, np.ones(2), 2, 300)
    directions = children.directions(run, children.walk(run, rho, np.ones(2), 300, np.random.default_rng(0)), 2)
    diverged = children.diverge(directions, 200)
    quick = {"copies": 20, "interval_copies": 20}
    for data, checkpoints in (
        (diverged, noise),
        (directions.isel(step=slice(0, 10)), noise.isel(snapshot=[0])),
        (directions.isel(mode=[]), noise.isel(mode=[])),
    ):
        found = phase_space.compute(data, checkpoints, **quick)
        contracts.check(found, phase_space.CONTRACT)
        assert found.stiffness.isnull().all()
        assert found.oscillates.isnull().all()
    resting = directions.copy(deep=True)
    for name in ("position", "velocity", "gradient"):
        resting[name][:, 1] = 0.0  # a direction that nothing moves
    found = phase_space.compute(resting.assign_attrs(directions.attrs), noise, **quick)
    assert np.isfinite(found.stiffness[0])
    assert np.isnan(found.stiffness[1])
    assert found.kind_of_mode[1] == "diffusive"
