import numpy as np
import pytest
from sgdwalk.trajectory import constant_drift
from walks import ballistic, fbm, ornstein_uhlenbeck, square


def brownian(dimensions, seed, drift=0.0, steps=200):
    walk = np.random.default_rng([seed, 4]).standard_normal((steps, dimensions)).cumsum(0)
    return walk + drift * np.eye(1, dimensions) * np.arange(steps)[:, None]


def slow_correlations(walk):
    """The correlations from the steps themselves, pair by pair."""
    steps = np.diff(walk, axis=0)
    steps -= steps.mean(0)
    n, total = len(steps), (steps**2).sum()
    far = [steps[i] @ steps[j] for i in range(n) for j in range(i + len(walk) // 4, n)]
    bands = [range(2**k, min(2 ** (k + 1), len(walk) // 10 + 1)) for k in range(20) if 2**k <= len(walk) // 10]
    found = []
    for band in bands:
        pairs = [steps[i] @ steps[i + s] + total / (n - 1) / n for s in band for i in range(n - s)]
        found.append(np.sum(pairs) / np.sqrt(np.mean(np.square(far)) * len(pairs)))
    return np.array(found)


@pytest.mark.parametrize("steps", [40, 120])
def test_correlations_against_a_slow_rewrite(steps):
    walk = brownian(5, 0, drift=0.7, steps=steps)
    np.testing.assert_allclose(constant_drift.correlations(square(walk)), slow_correlations(walk), rtol=1e-9)


def test_correlations_of_uncorrelated_steps_are_standard_normal_whatever_the_drift():
    found = np.array([constant_drift.correlations(square(brownian(10, s, drift=s % 3))) for s in range(100)])
    assert np.abs(found.mean()) < 4 / np.sqrt(found.size)
    assert found.std() == pytest.approx(1, abs=0.15)


def test_the_scatter_about_a_drift_is_that_without_it():
    trace, dimension = np.mean([constant_drift.scatter(square(brownian(20, s, drift=2.0))) for s in range(20)], axis=0)
    assert trace == pytest.approx(20, rel=0.02)
    assert dimension == pytest.approx(20, rel=0.06)


@pytest.mark.parametrize(("dimensions", "share"), [(3, 0.5), (20, 0.9), (200, 0.9)])
def test_a_drift_of_uncorrelated_steps_is_found(dimensions, share):
    drift = np.sqrt(0.02 * dimensions)  # as large as the diffusion at T/4
    found = np.array([constant_drift.squared(square(brownian(dimensions, s, drift))) for s in range(40)])
    assert (found > 0).mean() >= share
    if share == 0.9:  # in few dimensions those are found that came out large
        assert found[found > 0].mean() == pytest.approx(drift**2, rel=0.15)


@pytest.mark.parametrize(
    "walk",
    [
        lambda rng: fbm(0.75, 200, 3, rng),  # persistent: what looks like a drift in each dimension
        lambda rng: fbm(0.75, 200, 50, rng),
        lambda rng: ornstein_uhlenbeck(0.1, 200, 20, rng),
        lambda rng: ballistic(200, 5, rng),  # no scatter
        lambda rng: np.arange(200.0)[:, None],  # none at all
        lambda rng: brownian(20, 1, 1.0) * (1 + (np.arange(200) > 100))[:, None],  # lengths change
        lambda rng: np.repeat(brownian(20, 1, 1.0), 2, axis=0),  # steps of length zero
    ],
)
def test_other_walks_have_no_such_drift(walk):
    assert [constant_drift.squared(square(walk(np.random.default_rng(seed)))) for seed in range(10)] == [0.0] * 10


def test_brownian_walks_rarely_have_one():
    assert np.mean([constant_drift.squared(square(brownian(20, s))) > 0 for s in range(100)]) <= 0.08  # nominally 2.5 %
