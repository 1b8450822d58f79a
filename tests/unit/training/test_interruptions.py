"""Trainings that are killed at any moment, run out of disk, meet a second one, or find files that are damaged."""

import errno
import functools
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import time
from multiprocessing import forkserver
from pathlib import Path

import numpy as np
import pytest
import torch
from runs import settings
from sgdwalk.storage import lock, netcdf
from sgdwalk.training import job
from sgdwalk.training.finished import Finished
from sgdwalk.training.resume_states import ResumeStates
from sgdwalk.training.trainer import Run
from sgdwalk.trajectory.import_walk import FILES

pytestmark = pytest.mark.slow  # a second a case

KILLS = 20
SPECS = {
    "model_spec": {"factory": "runs:small_network", "arguments": {}},
    "dataset_spec": {"factory": "sgdwalk.data.surrogate:load", "arguments": {"train": 100, "test": 20, "size": 8}},
}
RECORD = {"noise": True, "layers": True, "sketch": 8, "samples": 100}
SETTINGS = settings(seed=3, batch_size=12, steps=170, window=40, snapshots=4, record=RECORD, **SPECS)
WALK = SETTINGS | {"record": SETTINGS["record"] | {"walk": True}}
LIMIT = 250_000  # bytes: room for the state at step 40, but not for that at step 80, with more of an epoch's gradients
CHANGES = ("link", "rename", "replace", "rmdir", "unlink")  # what the file system is asked for after the training


def outputs(folder):
    return {name: str(folder / f"{name}.nc") for name in FILES} | {"checkpoints": str(folder / "checkpoints")}


def train(folder, given=SETTINGS, scratch="", before=None):
    """What a job does, once Snakemake has deleted the outputs of an attempt that was cut off."""
    sys.stderr = (folder / "log").open("a")
    lock.HEARTBEAT = 0.1
    for path in outputs(folder).values():
        shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink(missing_ok=True)
    if before:
        before()
    job.train(given, outputs(folder), "code", scratch)


def limited(size):
    """No file may be larger, in bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def killed_after_training(count):
    """The process is killed before the change number `count` of the file system since the run was declared finished."""
    done, declare = [], Finished.declare

    def counted(change, *arguments, **options):
        if len(done) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        done.append(change)
        return change(*arguments, **options)

    def declared(self, files):
        declare(self, files)
        for name in CHANGES:
            setattr(os, name, functools.partial(counted, getattr(os, name)))

    Finished.declare = declared


def on_another_file_system():
    """Hard links are impossible."""

    def link(*arguments):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    os.link = link


def held_at_a_state(folder, windows):
    """After so many windows the training says so in a file `held`, and goes on once there is a file `go`."""
    save = Run._save_state

    def waiting(self):
        save(self)
        if len(self.recorder.windows) == windows:
            (folder / "held").touch()
            while not (folder / "go").exists():
                time.sleep(0.01)

    Run._save_state = waiting


@pytest.fixture(scope="module")
def start():
    """Starts a training in a process of its own that has everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["test_interruptions", "sgdwalk.data.surrogate", "torch._dynamo"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # or it would import what is installed
        forkserver.ensure_running()

    def started(*arguments, **options):
        process = context.Process(target=train, args=arguments, kwargs=options, daemon=True)
        process.start()
        return process

    return started


@pytest.fixture(scope="module")
def finish(start):
    """Trains to the end in a process of its own and returns what all attempts have said so far."""

    def finished(folder, *arguments, **options):
        process = start(folder, *arguments, **options)
        process.join()
        assert process.exitcode == 0, log(folder)
        return log(folder)

    return finished


@pytest.fixture(scope="module")
def uncut(tmp_path_factory, finish):
    folder = tmp_path_factory.mktemp("uncut")
    finish(folder)
    return folder


@pytest.fixture(scope="module")
def uncut_walk(tmp_path_factory, finish):
    folder = tmp_path_factory.mktemp("walk")
    finish(folder, WALK)
    return folder


def log(folder):
    """What all attempts have said so far."""
    return (folder / "log").read_text()


def assert_same_files(a, b):
    """Equal data, checkpoints of equal bytes, and nothing else."""
    for name in FILES:
        assert netcdf.read(a / f"{name}.nc").equals(netcdf.read(b / f"{name}.nc")), name
    names = sorted(path.name for path in (a / "checkpoints").iterdir())
    assert names == sorted(path.name for path in (b / "checkpoints").iterdir())
    for name in names:
        x, y = a / "checkpoints" / name, b / "checkpoints" / name
        assert netcdf.read(x).equals(netcdf.read(y)) if name == "walk.nc" else x.read_bytes() == y.read_bytes(), name
    known = {f"{name}.nc" for name in FILES} | {"checkpoints", "log", "go"}
    assert {path.name for path in b.iterdir()} <= known


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


@pytest.mark.parametrize("count", [0, 6, 12, 25, 40, 41, 48, 55])
def test_killed_while_it_is_delivered_a_run_loses_no_checkpoint(tmp_path, start, finish, uncut_walk, count):
    """Up to 8 windows and states are removed, up to 40 files are delivered, and then the rest is removed."""
    process = start(tmp_path, WALK, before=functools.partial(killed_after_training, count))
    process.join()
    assert process.exitcode == -signal.SIGKILL
    trained = log(tmp_path).count("window loss")
    repeated = finish(tmp_path, WALK).count("window loss") > trained
    assert_same_files(uncut_walk, tmp_path)
    assert not repeated or count > 41  # by then all files are in their places


@pytest.mark.parametrize("damage", ["list", "file"])
def test_a_finished_run_that_is_damaged_is_named_and_made_again(tmp_path, start, finish, uncut_walk, damage):
    start(tmp_path, WALK, before=functools.partial(killed_after_training, 20)).join()
    (listed,) = tmp_path.glob("state/*/finished.json")
    assert len(json.loads(listed.read_text())) == len(FILES) + 5
    broken = listed if damage == "list" else next(listed.parent.glob("checkpoints/step-*57.pt"))
    broken.write_bytes(b"?")
    assert f"{broken}: " in finish(tmp_path, WALK)
    assert_same_files(uncut_walk, tmp_path)


def test_a_full_disk_is_named_and_leaves_the_last_good_state(tmp_path, start, finish, uncut):
    process = start(tmp_path, before=functools.partial(limited, LIMIT))  # room for the first state, not the second
    process.join()
    assert process.exitcode == 1
    last = log(tmp_path).splitlines()[-1]
    assert "could not be written" in last
    assert "free" in last
    assert list(tmp_path.glob("state/*/resume-*.pt")), last
    assert not list(tmp_path.glob("state/**/.*"))
    assert "resumed at step" in finish(tmp_path)
    assert_same_files(uncut, tmp_path)


def flip(path):
    """Change bytes in the middle, where the numbers are."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(255 - byte for byte in content[middle : middle + 64])
    path.write_bytes(content)


DAMAGE = {
    "flipped": flip,
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-500]),
    "empty": lambda path: path.write_bytes(b""),
    "foreign": lambda path: torch.save({"weights": torch.zeros(3)}, path),
    "text": lambda path: path.write_text("not a state"),
    "without digest": lambda path: path.with_name(f"{path.name}.sha256").unlink(),
}


def held(folder, start, windows):
    """A training that waits after so many windows."""
    process = start(folder, before=functools.partial(held_at_a_state, folder, windows))
    while process.is_alive() and not (folder / "held").exists():
        time.sleep(0.01)
    (folder / "held").unlink()
    return process


def cut_off(folder, start):
    """A run that was killed after four windows, and its two states."""
    process = held(folder, start, 4)
    process.kill()
    process.join()
    states = sorted(folder.glob("state/*/resume-*.pt"))
    assert [path.name for path in states] == ["resume-000000003.pt", "resume-000000004.pt"]
    return states


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_state_is_named_and_the_one_before_is_used(tmp_path, start, finish, uncut, damage):
    newer = cut_off(tmp_path, start)[-1]
    DAMAGE[damage](newer)
    said = finish(tmp_path)
    assert f"{newer}: not a state to resume from" in said
    assert "resumed at step 120" in said
    assert_same_files(uncut, tmp_path)


def test_a_state_that_torch_can_read_but_that_is_another_ones_is_not_used(tmp_path, start, finish, uncut):
    newer = cut_off(tmp_path, start)[-1]
    ResumeStates(newer.parent).save(4, {"weights": torch.zeros(3)})
    assert f"{newer}: not a state to resume from ('recorder')" in finish(tmp_path)
    assert_same_files(uncut, tmp_path)


def test_without_any_good_state_a_run_begins_anew(tmp_path, start, finish, uncut):
    for state in cut_off(tmp_path, start):
        state.write_bytes(b"nothing")
    assert "resumed" not in finish(tmp_path)
    assert_same_files(uncut, tmp_path)


@pytest.mark.parametrize(
    ("name", "damage"),
    [("window-00001.npz", "flipped"), ("window-00001.npz", "truncated"), ("checkpoints/step-000000057.pt", "text")],
)
def test_a_damaged_window_or_checkpoint_is_named_and_made_again(tmp_path, start, finish, uncut, name, damage):
    states = cut_off(tmp_path, start)
    broken = states[0].parent / name
    DAMAGE[damage](broken)
    said = finish(tmp_path)
    assert f"({broken}: damaged, its SHA-256" in said
    assert "resumed" not in said
    assert_same_files(uncut, tmp_path)


def test_a_checkpoint_that_is_missing_is_named_and_made_again(tmp_path, start, finish, uncut):
    states = cut_off(tmp_path, start)
    shutil.rmtree(states[0].parent / "checkpoints")
    assert "step-000000000.pt: cannot be read" in finish(tmp_path)
    assert_same_files(uncut, tmp_path)


def test_states_hold_nothing_that_would_be_run_when_loaded(tmp_path, start):
    for state in cut_off(tmp_path, start):
        assert torch.load(state, weights_only=True)["recorder"]["step"] > 0
        with np.load(state.with_name("window-00000.npz"), allow_pickle=False) as window:
            assert {window[name].dtype.kind for name in window} == {"f"}


def test_temporary_files_that_kills_left_are_swept_and_not_delivered(tmp_path, start, finish, uncut):
    states = cut_off(tmp_path, start)
    left = [tmp_path / ".distances.nc.a1b2c3d4.nc", tmp_path / ".checkpoints.a1b2c3d4" / "step.pt"]
    left += [states[0].parent / name for name in (".window-00003.npz.a1b2.npz", "checkpoints/.walk.nc.a1b2.nc")]
    other = tmp_path / ".msd.nc.a1b2c3d4.nc"  # an analysis may be writing it
    for path in (*left, other):
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
    finish(tmp_path)
    other.unlink()
    assert_same_files(uncut, tmp_path)


def test_a_second_process_ends_with_one_line_and_the_first_goes_on(tmp_path, start, uncut):
    first = held(tmp_path, start, 1)
    second = start(tmp_path)
    second.join()
    assert second.exitcode == 1
    assert (
        log(tmp_path)
        .splitlines()[-1]
        .endswith(
            f"{tmp_path / 'state'}: in use by process {first.pid} on {lock._machine()[0]}; wait until it has ended, or end it"
        )
    )
    (tmp_path / "go").touch()
    first.join()
    assert first.exitcode == 0, log(tmp_path)
    assert_same_files(uncut, tmp_path)


def test_a_process_that_was_taken_for_dead_writes_no_more(tmp_path, start):
    first = held(tmp_path, start, 1)
    new = tmp_path / "state" / lock.NAME
    new.write_text(json.dumps({"machine": ["elsewhere"], "process": 7, "key": "new"}))
    before = set(tmp_path.rglob("*"))
    (tmp_path / "go").touch()
    first.join()
    assert first.exitcode == 1
    assert "taken over by process 7 on elsewhere" in log(tmp_path)
    assert set(tmp_path.rglob("*")) - before == {tmp_path / "go"}


@pytest.mark.parametrize("before", [None, on_another_file_system], ids=["same", "another"])
def test_states_may_be_on_scratch(tmp_path, start, finish, uncut, before):
    folder = tmp_path / "run"
    folder.mkdir()
    process = start(folder, scratch=str(tmp_path / "scratch"), before=functools.partial(limited, LIMIT))
    process.join()
    assert list(tmp_path.glob("scratch/run-*/*/resume-*.pt"))
    assert [path.name for path in folder.iterdir()] == ["log"]
    assert "resumed at step" in finish(folder, scratch=str(tmp_path / "scratch"), before=before)
    assert_same_files(uncut, folder)
    assert not list((tmp_path / "scratch").iterdir())


def test_the_folder_of_states_may_be_a_link_to_scratch(tmp_path, start, finish, uncut):
    folder, scratch = tmp_path / "run", tmp_path / "scratch"
    folder.mkdir()
    (folder / "state").symlink_to(scratch)  # not there yet, or purged
    cut_off(folder, start)
    inside = next(scratch.glob("*/"))
    inside.rename(tmp_path / "elsewhere")
    inside.symlink_to(tmp_path / "elsewhere")
    assert "resumed at step" in finish(folder)
    assert_same_files(uncut, folder)
    assert {path.name for path in tmp_path.iterdir()} == {"run"}


def test_scratch_folders_of_runs_of_the_same_name_differ_and_variables_are_those_of_the_job(tmp_path, monkeypatch):
    monkeypatch.setenv("SCRATCH", "/scratch/me")
    monkeypatch.delenv("NOWHERE", raising=False)
    a, b = (job.state_folder(Path(study, "runs/r/checkpoints"), "$SCRATCH/x") for study in "ab")
    assert a.parent == b.parent == Path("/scratch/me/x")
    assert a.name.startswith("r-")
    assert a != b
    assert job.state_folder(Path("a/runs/r/checkpoints"), "") == Path("a/runs/r/state")
    with pytest.raises(ValueError, match=r"scratch = '\$NOWHERE/x': must have variables that are set"):
        job.state_folder(Path("a/runs/r/checkpoints"), "$NOWHERE/x")
