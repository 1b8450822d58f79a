"""Sensitivity of a run from its checkpoints: the walk is that of the training, and the file is what it says."""

import functools

import numpy as np
import pytest
import torch
from runs import settings, small_network
from sgdwalk.analyses import sensitivity
from sgdwalk.landscapes import tangent_growth, trained_networks
from sgdwalk.landscapes.curvature import MeanHessian
from sgdwalk.storage import contracts
from sgdwalk.study import factories
from sgdwalk.training import problem
from sgdwalk.training.repeated_steps import RepeatedSteps
from sgdwalk.training.trainer import Run

torch.set_num_threads(1)
STEPS = 90
RUN = settings(
    model_spec={"factory": "runs:small_network", "arguments": {}}, snapshots=4, steps=STEPS, window=30, batch_size=256,
    dataset_spec={"factory": "sgdwalk.data.digits:load", "arguments": {}}, momentum=0.9, weight_decay=1e-3, lr=0.02,
    schedule="cosine", dtype="float64",
)  # fmt: skip


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Checkpoints at steps 0, 30, 60 and 90; the run has 6 steps an epoch."""
    run = Run(RUN, functools.partial(small_network), problem.load_images(RUN), tmp_path_factory.mktemp("run"), "code")
    run.train()
    return str(run.checkpoints.folder)


def test_the_walk_ends_in_the_next_checkpoint_of_the_training(tmp_path):
    plain = {"factory": "sgdwalk.models.mlp:mlp", "arguments": {"depth": 3, "width": 8}}
    run = RUN | {"model_spec": plain}
    build = functools.partial(factories.factory(plain), **plain["arguments"])
    trained = Run(run, build, problem.load_images(run), tmp_path, "code")
    trained.train()
    walk = RepeatedSteps(run)
    operator = MeanHessian(walk.model, [], walk.loss)
    _, first, second, last = (
        tangent_growth.state_of(operator, shot) for shot in trained_networks.snapshots(trained.checkpoints.folder)
    )
    assert first.v.any()
    update = tangent_growth.update_of(run)
    for start, step, end in ((first, 30, second), (second, 60, last)):
        found = tangent_growth.growth(
            operator, start, list, functools.partial(walk.following, step, 30), update, [], 0
        ).end
        torch.testing.assert_close(found, end)


@pytest.mark.slow
def test_a_file_has_growth_and_exponents_from_each_start(checkpoints):
    found = sensitivity.compute(checkpoints, run=RUN, snapshots=[2, 0], steps=26, offsets=[1e-3])
    contracts.check(found, sensitivity.CONTRACT)
    assert found.start.values.tolist() == [26, 75]
    assert np.isfinite(found.growth).sum("step").values.tolist() == [26, 15]  # half of the 30 steps that are left
    for start, taken in ((26, 26), (75, 15)):
        here = found.sel(start=start)
        length = int(0.8 * taken) // 10
        blocks = here.growth.values[taken - 10 * length : taken].reshape(10, length).mean(axis=1)
        assert float(here.exponent) == pytest.approx(blocks.mean())
        half = 2.262 * blocks.std(ddof=1) / np.sqrt(10)
        np.testing.assert_allclose(
            [here.exponent_low, here.exponent_high], blocks.mean() + np.array([-half, half]), rtol=1e-3
        )
    excess = (found.twin_exponent.sel(offset=1e-3) - found.exponent).values
    np.testing.assert_allclose(found.twin_excess.sel(offset=1e-3), excess)
    again = sensitivity.compute(checkpoints, run=RUN, snapshots=[0, 2], steps=26, offsets=[1e-3])
    assert found.identical(again)


def test_the_default_is_the_snapshot_in_the_middle(checkpoints):
    found = sensitivity.compute(checkpoints, run=RUN, steps=25, offsets=[])
    assert found.start.values.tolist() == [55]
    assert found.sizes["offset"] == 0


def test_a_start_that_a_diverged_run_did_not_reach_is_left_out(checkpoints):
    found = sensitivity.compute(checkpoints, run=RUN | {"snapshots": 10}, snapshots=[6], steps=25)
    contracts.check(found, sensitivity.CONTRACT)
    assert found.sizes["start"] == 0


@pytest.mark.parametrize(("changed", "given", "message"), [
    ({"optimiser": "adam"}, {}, "optimiser = 'adam': must be sgd"),
    ({}, {"snapshots": [3]}, r"sensitivity.snapshots = \[3\]: must be from 0 to 2"),
    ({"snapshots": 101, "steps": 5}, {"snapshots": [5]}, r"sensitivity.snapshots = \[5\]: must be from 0 to 4"),
])  # fmt: skip
def test_what_cannot_be_followed_is_refused(checkpoints, changed, given, message):
    with pytest.raises(ValueError, match=message):
        sensitivity.compute(checkpoints, run=RUN | changed, **given)


def test_few_steps_have_no_exponent(checkpoints):
    found = sensitivity.compute(checkpoints, run=RUN | {"steps": 84}, snapshots=[2])
    assert np.isfinite(found.growth).sum() == 12
    assert np.isnan(found.exponent).all()
    assert np.isnan(found.twin_exponent).all()
