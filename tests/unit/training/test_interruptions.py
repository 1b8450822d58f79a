"""Trainings that are killed, run out of disk, or find states that are none."""

import multiprocessing
import random
import resource
import sys
import time

import numpy as np
import pytest
import torch
from runs import settings
from sgdwalk.storage import netcdf
from sgdwalk.training import job
from sgdwalk.trajectory.import_walk import FILES

KILLS = 20
SPECS = {
    "model_spec": {"factory": "sgdwalk.models.resnet:resnet", "arguments": {"depth": 8}},
    "dataset_spec": {"factory": "sgdwalk.data.surrogate:load", "arguments": {"train": 100, "test": 20, "size": 8}},
}
RECORD = {"noise": True, "layers": True, "sketch": 8, "samples": 100}
SETTINGS = settings(seed=3, batch_size=12, steps=250, window=40, snapshots=4, record=RECORD, **SPECS)


def outputs(folder):
    return {name: str(folder / f"{name}.nc") for name in FILES} | {"checkpoints": str(folder / "checkpoints")}


def train(folder, limit=None):
    """What a job does; `limit`: largest file in bytes, as a full disk would have it."""
    sys.stderr = (folder / "log").open("a")
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    job.train(SETTINGS, outputs(folder), "code")


@pytest.fixture(scope="module")
def start():
    """Starts a function in a process of its own that has everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sgdwalk.training.job", "sgdwalk.models.resnet", "sgdwalk.data.surrogate"])

    def started(*arguments):
        process = context.Process(target=train, args=arguments)
        process.start()
        return process

    return started


@pytest.fixture(scope="module")
def uncut(tmp_path_factory, start):
    folder = tmp_path_factory.mktemp("uncut")
    process = start(folder)
    process.join()
    assert process.exitcode == 0
    return folder


def log(folder):
    """What all attempts have said so far."""
    return (folder / "log").read_text()


def assert_same_files(a, b):
    for name in FILES:
        x, y = netcdf.read(a / f"{name}.nc"), netcdf.read(b / f"{name}.nc")
        assert x.equals(y), name
    shots = sorted(path.name for path in (a / "checkpoints").iterdir())
    assert shots == sorted(path.name for path in (b / "checkpoints").iterdir())
    for shot in shots:
        x, y = (torch.load(folder / "checkpoints" / shot, weights_only=True)["model"] for folder in (a, b))
        assert all(torch.equal(value, y[key]) for key, value in x.items()), shot
    assert not (b / "state").exists()


def test_killed_at_twenty_random_moments_a_run_ends_as_if_nothing_had_been(tmp_path, start, uncut):
    moments, kills, attempt = random.Random(1), 0, 0
    while True:
        folder = tmp_path / str(attempt)
        folder.mkdir(exist_ok=True)
        process = start(folder)
        process.join(moments.uniform(0.02, 0.5) if kills < KILLS else None)
        if process.exitcode is None:
            process.kill()
            process.join()
            kills += 1
            continue
        assert process.exitcode == 0, log(folder)
        assert_same_files(uncut, folder)
        if kills == KILLS:
            break
        attempt += 1  # done before all kills: go on with another


def test_a_full_disk_is_named_and_leaves_the_last_good_state(tmp_path, start, uncut):
    process = start(tmp_path, 2_800_000)  # room for the first state, not for the second
    process.join()
    assert process.exitcode == 1
    last = log(tmp_path).splitlines()[-1]
    assert "could not be written" in last
    assert "free" in last
    states = sorted(tmp_path.glob("state/*/resume-*.pt"))
    assert states, last
    assert not list(tmp_path.glob("state/*/.*"))
    process = start(tmp_path)
    process.join()
    assert process.exitcode == 0
    assert "resumed at step" in log(tmp_path)
    assert_same_files(uncut, tmp_path)


DAMAGE = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-500]),
    "empty": lambda path: path.write_bytes(b""),
    "foreign": lambda path: torch.save({"weights": torch.zeros(3)}, path),
    "text": lambda path: path.write_text("not a state"),
}


def cut_off(folder, start, windows=3):
    """A run that was killed once some states were there."""
    process = start(folder)
    deadline = time.monotonic() + 60
    while len(list(folder.glob("state/*/window-*.npz"))) <= windows and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.join()
    states = sorted(folder.glob("state/*/resume-*.pt"))
    assert len(states) == 2
    return states


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_state_is_named_and_the_one_before_is_used(tmp_path, start, uncut, damage):
    older, newer = cut_off(tmp_path, start)
    DAMAGE[damage](newer)
    process = start(tmp_path)
    process.join()
    err = log(tmp_path)
    assert process.exitcode == 0, err
    assert f"{newer}: not a state to resume from" in err
    assert f"resumed at step {40 * int(older.stem[-5:])}" in err
    assert_same_files(uncut, tmp_path)


def test_without_any_good_state_a_run_begins_anew(tmp_path, start, uncut):
    for state in cut_off(tmp_path, start):
        state.write_bytes(b"nothing")
    process = start(tmp_path)
    process.join()
    assert "resumed" not in log(tmp_path)
    assert_same_files(uncut, tmp_path)


def test_a_damaged_window_is_named(tmp_path, start, uncut):
    states = cut_off(tmp_path, start)
    window = states[0].with_name("window-00001.npz")
    window.write_bytes(window.read_bytes()[:1000])
    process = start(tmp_path)
    process.join()
    assert str(window) in log(tmp_path)
    assert process.exitcode == 0
    assert_same_files(uncut, tmp_path)


def test_states_hold_nothing_that_would_be_run_when_loaded(tmp_path, start):
    for state in cut_off(tmp_path, start):
        assert torch.load(state, weights_only=True)["recorder"]["step"] > 0
        with np.load(state.with_name("window-00000.npz"), allow_pickle=False) as window:
            assert {window[name].dtype.kind for name in window} == {"f"}
