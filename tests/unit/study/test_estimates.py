"""Time, memory and disk of a study, from the speed of its runs."""

from dataclasses import replace

import pytest
from runs import settings
from sgdwalk.study import estimates, resources
from sgdwalk.study.estimates import JOB_SECONDS, Estimate, Speed
from sgdwalk.study.load import load_study

RUNS = (
    "run\tparent\twindows_of\twindow\tanalyses\tthreads\na\t\t\t\thessian\t2\nchild\ta\t\t\tspeed\t\ncut\t\ta\t50\t\t\n"
)
SPEED = Speed(step=0.25, size=32, pair=3e-4, image=0.01, parameters=1000)  # 0.5 s a step of 64, 3 s a window of 100


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "config.yaml").write_text("training: {model: mlp3, steps: 1000, window: 100, batch_size: 64}\n")
    (folder / "runs.tsv").write_text(RUNS)
    (folder / "figures.yaml").write_text("{}\n")
    return load_study("s", tmp_path)


def test_a_training_is_its_steps_its_windows_and_the_test_images_of_its_epochs(study):
    run = estimates.with_counts(study.runs["a"], replace(SPEED, images=640))
    expected = JOB_SECONDS + 1000 * 0.5 + 10 * 3.0 + 100 * 128 * 0.01 / 3
    assert estimates.training_seconds(run, replace(SPEED, images=640)) == pytest.approx(expected)


def test_an_analysis_of_the_network_is_counted_in_gradients(study):
    found = estimates.estimate(study, "a", SPEED)
    products = study.runs["a"]["snapshots"] * (4 * 20 + 10) * 3
    assert found.analyses["hessian"] == pytest.approx(JOB_SECONDS + products * 500 * 0.01)
    twice = estimates.estimate(study, "a", replace(SPEED, image=0.02))
    assert twice.analyses["hessian"] - JOB_SECONDS == pytest.approx(2 * (found.analyses["hessian"] - JOB_SECONDS))
    assert found.analyses["msd"] == pytest.approx(JOB_SECONDS + 10 * 0.6 * 0.1)


def test_the_distances_of_a_thousand_steps_are_four_megabytes_and_all_else_is_small():
    run = settings(model="mlp3", steps=10_000, window=1000, snapshots=2, analyses=[])
    plain = estimates.with_counts(
        run | dict.fromkeys(("mem_mb", "runtime", "parent", "walk", "image_size", "subset")), SPEED
    )
    bytes_ = estimates.disk(type("S", (), {"settings": {"modes": {"count": 0}}}), plain, True)
    assert 40e6 < bytes_ < 50e6
    more = plain | {"snapshots": 1002, "momentum": 0.9}
    kept = estimates.disk(type("S", (), {"settings": {"modes": {"count": 0}}}), more, True) - bytes_
    assert kept == pytest.approx(4 * 1000 * (2 * 1002 - 2))


def test_runs_wait_for_those_that_they_go_on_from(study):
    def estimate(training, **analyses):
        return Estimate(training, analyses, 0, 0, 0)

    found = {
        "a": estimate(100, hessian=30, msd=1),
        "child": estimate(50, modes=20, speed=5),
        "cut": estimate(1, msd=2),
    }
    assert estimates.chain(study, found, "a") == 130
    assert estimates.chain(study, found, "child") == 100 + 20 + 50 + 20
    assert estimates.chain(study, found, "cut") == 100 + 1 + 2
    jobs = JOB_SECONDS * (3 + 5 + 2 + 4)  # checks, toy, regression, tables
    assert estimates.busy(study, found) == 2 * 100 + 50 + 2 * 1 + 31 + 25 + 2 + jobs
    assert estimates.elapsed(study, found, 1) == estimates.busy(study, found)
    assert estimates.elapsed(study, found, 100) == 190


def test_what_was_counted_counts_more_than_what_is_guessed(study):
    run = study.runs["a"]
    counted = estimates.with_counts(run, replace(SPEED, images=123, steps=70, device="cuda"))
    assert (resources.parameters(counted), resources.images(counted), resources.steps(counted)) == (1000, 123, 70)
    assert counted["device"] == "cuda"
    assert resources.images(run) == 1597
    assert resources.windows({"walk": "w.nc", "window": 20}) == resources.WALK_WINDOWS
    assert resources.windows({"walk": "w.nc", "window": 20, "counted": {"steps": 70}}) == 3


def test_without_a_trial_a_step_takes_what_a_scheduler_is_asked_for(study):
    run = study.runs["a"]
    assert estimates.untimed(run).step == resources.step_seconds(run | {"device": "cpu"})
    assert estimates.untimed({"model": None}) == estimates.NO_TRAINING
