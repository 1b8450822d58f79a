"""Rows of runs.tsv with a recorded walk instead of a training."""

import pytest
from sgdwalk.study import memory, resources
from study_files import refused

WALKS = {
    "an analysis that needs the network": (
        "analyses|hessian",
        r"line 2: analyses = \['hessian'\]: must be empty beside",
    ),
    "a network": ("model|resnet14", "model = 'resnet14': must be empty beside walk"),
    "a learning rate": ("lr|0.1", "lr = 0.1: must be empty beside walk"),
    "layers": ("record|{layers: true}", "record.layers = true: must be false beside walk"),
    "raw weights": ("record|{walk: true}", "record.walk = true: must be false beside walk"),
}


@pytest.mark.parametrize("case", WALKS)
def test_a_walk_refuses_settings_of_a_training(case, study):
    pair, message = WALKS[case]
    key, value = pair.split("|")
    refused(study, message, runs=f"run|walk|{key}\nx|walk.nc|{value}\n")


def test_shared_settings_of_trainings_do_not_apply_to_a_walk(study):
    config = "title: t\ntraining: {lr: 0.3, steps: 100, window: 20, record: {noise: true, layers: true, sketch: 8}}\n"
    walk = study("run|walk\nx|walk.nc\n", config).runs["x"]
    assert {key for key, value in walk.items() if value not in (None, [])} == {
        "run",
        "seed",
        "walk",
        "window",
        "record",
    }
    assert walk["record"] == {
        "samples": 10000,
        "anchors": [],
        "sketch": 8,
        "layers": False,
        "noise": False,
        "walk": False,
        "flatness": 0,
        "flatness_images": 500,
    }


def test_record_of_a_recorded_folder_comes_from_its_own_row(study, tmp_path):
    (tmp_path / "recorded").mkdir()
    runs = study(
        "run|walk|record\nx|recorded|\ny|recorded|{sketch: 4}\n",
        "title: t\ntraining: {window: 20, record: {sketch: 8, anchors: [3]}}\n",
    ).runs
    assert {name: (run["record"]["sketch"], run["record"]["anchors"]) for name, run in runs.items()} == {
        "x": (0, []),
        "y": (4, []),
    }


def test_a_walk_of_unknown_length_has_an_estimate_of_memory_and_time(study):
    walk = study("run|walk\nx|walk.nc\n").runs["x"] | {"window": 1000}
    distances = 1000**2 / 2 * 8 / 1e6  # MB of a window
    assert memory.of_windows(walk, {}) >= 3 * resources.WALK_WINDOWS * distances
    assert resources.analysis_minutes(walk, {}) > 15
