"""One process at a time in a folder, whatever machine the others are on and whatever their clocks say."""

import json
import os
import subprocess
import sys
import time

import pytest
from sgdwalk.storage import lock
from sgdwalk.storage.lock import Lock, LockError


@pytest.fixture
def slept(monkeypatch):
    """Seconds that were slept, without sleeping."""
    found = []
    monkeypatch.setattr(lock.time, "sleep", found.append)
    return found


def left(folder, *, age=0.0, machine="elsewhere", process=1):
    """A lock that an earlier owner left, its last sign of life some seconds ago."""
    folder.mkdir(exist_ok=True)
    path = folder / lock.NAME
    machine = lock._machine() if machine == "here" else [machine]
    path.write_text(json.dumps({"machine": machine, "process": process, "key": "old"}))
    os.utime(path, (time.time() - age,) * 2)
    return path


def ended_process():
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_folder_is_made_and_is_free_again_afterwards(tmp_path):
    folder = tmp_path / "deep" / "state"
    with Lock(folder) as held:
        held.check()
        assert json.loads((folder / lock.NAME).read_text())["process"] == os.getpid()
    assert not list(folder.iterdir())


def test_a_second_process_ends_with_one_line_that_names_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "HEARTBEAT", 0.05)
    with Lock(tmp_path) as held:
        with pytest.raises(LockError) as caught, Lock(tmp_path):
            pass
        held.check()
    assert str(caught.value) == (
        f"{tmp_path}: in use by process {os.getpid()} on {lock._machine()[0]}; wait until it has ended, or end it"
    )


def test_the_lock_of_a_process_of_this_machine_that_has_ended_is_taken_at_once(tmp_path, slept):
    left(tmp_path, machine="here", process=ended_process())
    with Lock(tmp_path) as held:
        held.check()
    assert slept == []


@pytest.mark.parametrize(("age", "waited"), [(lock.STALE + 1, 0), (lock.STALE - 50, 50)])
def test_the_lock_of_another_machine_is_taken_once_it_has_shown_no_sign_of_life_for_long_enough(
    tmp_path, slept, age, waited
):
    left(tmp_path, age=age, process=ended_process())  # a number that is free here says nothing about there
    with Lock(tmp_path) as held:
        held.check()
    assert sum(slept) == pytest.approx(waited, abs=1)


@pytest.mark.parametrize("ahead", [-86_400.0, 86_400.0])
def test_the_age_of_a_lock_is_that_by_the_clock_of_its_folder(tmp_path, monkeypatch, slept, ahead):
    path = left(tmp_path, age=5)
    now = time.time()
    monkeypatch.setattr(lock.time, "time", lambda: now + ahead)  # this machine's clock is a day off
    monkeypatch.setattr(lock.time, "sleep", lambda seconds: os.utime(path))  # the owner lives
    with pytest.raises(LockError, match="in use by process 1 on elsewhere"), Lock(tmp_path):
        pass


def test_a_lock_that_was_cut_off_while_it_was_written_is_taken_too(tmp_path, slept):
    left(tmp_path, age=lock.STALE + 1).write_text("")
    os.utime(tmp_path / lock.NAME, (0, 0))
    with Lock(tmp_path) as held:
        held.check()


def test_of_two_that_find_a_dead_owner_the_slower_one_leaves_the_lock_to_the_faster(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "HEARTBEAT", 0.05)
    path = left(tmp_path, machine="here", process=ended_process())
    slower, found = Lock(tmp_path), json.loads(path.read_text())
    with Lock(tmp_path) as faster:
        slower._take_from(found)  # what it decided before the faster one came
        faster.check()
        with pytest.raises(LockError), slower:
            pass
        faster.check()
    assert not list(tmp_path.iterdir())


def test_an_owner_that_was_taken_for_dead_finds_out_and_leaves_the_new_lock(tmp_path):
    with Lock(tmp_path) as held:
        path = left(tmp_path)
        with pytest.raises(LockError, match="taken over by process 1 on elsewhere"):
            held.check()
    assert json.loads(path.read_text())["key"] == "old"


def test_everything_but_the_lock_is_cleared(tmp_path):
    with Lock(tmp_path) as held:
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "file").touch()
        (tmp_path / ".left").touch()
        held.clear()
        assert [path.name for path in tmp_path.iterdir()] == [lock.NAME]
