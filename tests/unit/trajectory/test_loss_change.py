"""Whether a loss changed beyond its noise."""

import numpy as np
import pytest
from scipy.stats import kruskal
from sgdwalk.trajectory.loss_change import LEVEL, kruskal_wallis, unchanged


def called_changed(losses):
    return np.mean([not unchanged(loss) for loss in losses])


@pytest.mark.parametrize("draw", ["standard_normal", "standard_cauchy"])
def test_pure_noise_is_unchanged_up_to_the_level(draw):
    losses = getattr(np.random.default_rng(0), draw)((2000, 300))
    assert 0.3 * LEVEL < called_changed(losses) < 1.8 * LEVEL  # 20 of 2000 are expected, with a deviation of 4.4


def test_noise_that_cancels_within_an_epoch_is_unchanged():
    """As the losses of batches without replacement: their mean over an epoch does not fluctuate."""
    noise = np.random.default_rng(1).standard_normal((300, 10, 50))
    losses = (noise - noise.mean(axis=2, keepdims=True)).reshape(300, -1)
    assert called_changed(losses) == 0


def test_a_small_fall_is_a_change():
    """A fall by one standard deviation of the noise over a thousand steps is far beyond it."""
    losses = np.random.default_rng(2).standard_normal((200, 1000)) - np.linspace(0, 1, 1000)
    assert called_changed(losses) == 1


def test_constant_losses_are_unchanged_and_of_few_nothing_is_said():
    assert unchanged(np.full(100, 2.3))
    assert not unchanged(np.full(9, 2.3))
    assert not unchanged(np.full(100, np.nan))


def test_losses_that_are_not_finite_are_omitted():
    falling = np.append(np.linspace(1, 0, 50), [np.nan] * 50)
    assert not unchanged(falling)
    noise = np.random.default_rng(3).standard_normal(100)
    assert unchanged(np.append(noise, [np.inf, np.nan]))


@pytest.mark.parametrize("decimals", [1, 9])  # with ties, and without
def test_p_value_is_that_of_scipy(decimals):
    values = (np.random.default_rng(4).standard_normal(103) + np.linspace(0, 0.7, 103)).round(decimals)
    expected = kruskal(*np.array_split(values, 10)).pvalue
    assert kruskal_wallis(values, 10) == pytest.approx(expected, rel=1e-9)
