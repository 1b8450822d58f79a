"""Autocorrelation of noise and steps of children whose sampler is known."""

import children
import numpy as np
import pytest
from sgdwalk.analyses import epoch_memory
from sgdwalk.limiting import correlations
from sgdwalk.storage import contracts
from sgdwalk.theory import DiscreteChain, ShuffledEpochs

RHO, NOISE = np.geomspace(2, 0.02, 8), np.linspace(2, 0.5, 8)


def measured(seed, steps=1000, **given):
    run, rng = children.settings(**given), np.random.default_rng(seed)
    parts = children.walk(run, RHO, NOISE, steps, rng)
    noise = children.noise_curvature(run, RHO, NOISE, 8, steps)
    found = epoch_memory.compute(children.directions(run, parts, 8), noise, burn_in=200)
    contracts.check(found, epoch_memory.CONTRACT)
    return found


def test_predictions_of_both_samplers():
    for size, batches in ((20, 16), (30, 11)):
        found = measured(0, sampler="shuffled-epochs", batch_size=size)
        lags = found.lag.values
        assert lags.tolist() == list(range(1, 2 * batches + 1))
        if size == 20:  # 16 equal batches
            truth = np.where(lags < 16, -(1 - lags / 16) / 15, 0)
            np.testing.assert_allclose(found.noise_correlation_predicted, truth, atol=1e-12)
            assert float(found.within_epoch_predicted) == pytest.approx(-1 / 15)
        else:  # ten of 30 and one of 20: covariance of batches with themselves and others, phase by phase
            sizes = np.array([30] * 10 + [20])
            covariance = np.diag(1 / sizes) - 1 / 320
            truth = [np.diagonal(covariance, lag).sum() / np.trace(covariance) for lag in range(1, 11)]
            np.testing.assert_allclose(found.noise_correlation_predicted[:10], truth)
            assert float(found.within_epoch_predicted) == pytest.approx(covariance[0, 1] / covariance[0, 0])
        settings = {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0, "batch_size": size, "examples": 320}
        theory = ShuffledEpochs(RHO, **settings).autocorrelation(lags, of="velocity").mean(axis=1)
        np.testing.assert_allclose(found.step_correlation_predicted, theory)
    found = measured(0)
    assert not found.noise_correlation_predicted.any()
    assert float(found.within_epoch_predicted) == 0
    settings = {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0, "batch_size": 20}
    theory = DiscreteChain(RHO, **settings).autocorrelation(found.lag.values, of="velocity").mean(axis=1)
    np.testing.assert_allclose(found.step_correlation_predicted, theory)


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "size"), [("independent", 20), ("shuffled-epochs", 20), ("shuffled-epochs", 30)])
def test_noise_and_steps_agree_with_the_sampler_and_not_with_the_other(sampler, size):
    found = [measured(seed, sampler=sampler, batch_size=size) for seed in range(40)]
    for name in ("noise_correlation", "step_correlation", "within_epoch"):
        value, low, high, truth = (
            np.array([part[f"{name}{end}"].values for part in found]) for end in ("", "_low", "_high", "_predicted")
        )
        error = value.std(axis=0) / np.sqrt(40)
        bias = 2 / 800  # of the fitted constant, trend and curvature
        assert (np.abs(value.mean(axis=0) - truth[0]) < 4.5 * error + bias).all(), name
        covered = np.mean((low <= truth) & (truth <= high))
        exact = name == "within_epoch" and sampler != "independent"  # where the interval is wider than needed
        assert 0.88 <= covered <= (1 if exact else 0.99), name
    other = -size / (320 - size) if sampler == "independent" else 0.0
    assert all((part.within_epoch_low > other) or (part.within_epoch_high < other) for part in found)


def test_autocorrelation_against_a_slow_loop():
    series = np.random.default_rng(0).standard_normal((103, 3)) * [1, 2, 3]
    value, half = correlations.autocorrelation(series, np.array([1, 7]), 20)
    for k, lag in enumerate((1, 7)):
        pairs = [np.mean([x[t] * x[t + lag] for t in range(103 - lag)]) / np.mean(x**2) for x in series.T]
        assert value[k] == pytest.approx(np.mean(pairs))
    assert (half > 0).all()
    assert np.isnan(correlations.autocorrelation(series, np.array([1]), 60)[1]).all()


def test_intervals_of_the_autocorrelation_cover_that_of_a_moving_average():
    """x_k = e_k + .5 e_{k-1} has the correlation .4 at lag 1 and none beyond; 300 runs."""
    rng, hits = np.random.default_rng(0), []
    for _ in range(300):
        noise = rng.standard_normal((801, 4))
        value, half = correlations.autocorrelation(noise[1:] + 0.5 * noise[:-1], np.array([1, 2, 30]), 50)
        hits.append(np.abs(value - [0.4, 0, 0]) < half)
    np.testing.assert_allclose(np.mean(hits, axis=0), 0.95, atol=3.5 * np.sqrt(0.95 * 0.05 / 300))


def test_pairs_within_an_epoch_against_a_slow_loop():
    noise = np.random.default_rng(0).standard_normal((50, 2))
    found, _ = correlations.within_epochs(noise, 11, 10)
    epochs = [noise[11 * k : 11 * k + 10] for k in range(4)]
    variance = np.mean([part**2 for part in epochs], axis=(0, 1))
    pairs = [(p[i] * p[j] / variance).mean() for p in epochs for i in range(10) for j in range(10) if i != j]
    assert found == pytest.approx(np.mean(pairs))


def test_runs_without_modes_that_diverged_or_are_too_short_have_nan():
    run = children.settings()
    noise = children.noise_curvature(run, RHO, NOISE, 8, 300)
    directions = children.directions(run, children.walk(run, RHO, NOISE, 300, np.random.default_rng(0)), 8)
    for data, checkpoints in (
        (children.diverge(directions, 200), noise),
        (directions.isel(step=slice(0, 10)), noise),
        (directions.isel(mode=[]), noise.isel(mode=[])),
    ):
        found = epoch_memory.compute(data, checkpoints)
        contracts.check(found, epoch_memory.CONTRACT)
        assert found.noise_correlation.isnull().all()
        assert found.within_epoch.isnull()
    one = epoch_memory.compute(
        children.stamped(directions, run | {"batch_size": 320, "sampler": "shuffled-epochs"}), noise
    )
    assert one.step_correlation_predicted.isnull().all()
    assert one.within_epoch.isnull()
