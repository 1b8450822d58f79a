"""SGD on a linear regression, many walkers at once."""

from itertools import islice

import numpy as np
import pytest
from designs import gaussian
from sgdwalk.regression import walkers
from sgdwalk.samplers import SAMPLERS
from sgdwalk.study.validation import schema

SETTINGS = {"lr": 0.02, "momenta": [0.0, 0.9], "batch_size": 7, "walkers": 3, "seed": 5}


def walked(made, start, steps, **changed):
    """Positions and velocities [step, walker, direction, momentum, class]."""
    paths = walkers.walk(made, start, **(SETTINGS | {"sampler": "shuffled-epochs"} | changed))
    return [np.array(part) for part in zip(*((x.copy(), v.copy()) for x, v in islice(paths, steps)), strict=True)]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_step_is_the_stated_update_image_by_image(sampler):
    made = gaussian(40, 4, 2, weight_decay=0.1)
    start = np.random.default_rng(0).standard_normal((4, 2))
    position, velocity = walked(made, start, 12, sampler=sampler)
    drawn = list(islice(walkers.batches(sampler, 40, 7, 3, np.random.default_rng(5)), 12))
    targets = made.features @ made.minimum - made.residual
    for walker in range(3):
        for k, beta in enumerate(SETTINGS["momenta"]):
            weights, speed = made.minimum + start, np.zeros_like(start)
            for step in range(12):
                np.testing.assert_allclose(position[step, walker, :, k], weights - made.minimum, atol=1e-12)
                np.testing.assert_allclose(velocity[step, walker, :, k], speed, atol=1e-12)
                images = drawn[step][walker]
                each = [np.outer(made.features[n], made.features[n] @ weights - targets[n]) for n in images]
                speed = beta * speed - (np.mean(each, axis=0) + 0.1 * weights)
                weights = weights + 0.02 * speed


def test_an_epoch_has_every_image_once_and_a_short_last_batch():
    drawn = list(islice(walkers.batches("shuffled-epochs", 40, 7, 3, np.random.default_rng(0)), 12))
    assert [batch.shape for batch in drawn] == [(3, 7)] * 5 + [(3, 5)] + [(3, 7)] * 5 + [(3, 5)]
    for epoch in (drawn[:6], drawn[6:]):
        assert (np.sort(np.concatenate(epoch, axis=1), axis=1) == np.arange(40)).all()
    assert not np.array_equal(drawn[0], drawn[6])
    assert not np.array_equal(drawn[0][0], drawn[0][1])


def test_independent_batches_are_drawn_with_replacement():
    drawn = np.array(list(islice(walkers.batches("independent", 5, 5, 2, np.random.default_rng(0)), 4000)))
    whole = np.mean([len(set(batch)) == 5 for batch in drawn[:, 0]])
    assert whole == pytest.approx(120 / 5**5, abs=4 * np.sqrt(0.04 / 4000))
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / drawn.size, 0.2, atol=0.01)


def test_blocks_of_walkers_change_nothing(monkeypatch):
    made, start = gaussian(40, 4, 2), np.ones((4, 2))
    whole = walked(made, start, 8)
    monkeypatch.setattr(walkers, "BLOCK", 1)
    np.testing.assert_allclose(walked(made, start, 8), whole, rtol=1e-12)


def test_a_run_may_have_every_sampler():
    assert {*schema("run")["properties"]["sampler"]["enum"]} == {*SAMPLERS}
