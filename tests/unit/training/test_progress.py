"""The progress that a training writes beside its states, and who has the lock of a folder."""

import json
import os
import time
from pathlib import Path

import pytest
from sgdwalk.storage import lock
from sgdwalk.training import progress
from sgdwalk.training.progress import Heartbeat, Progress, newest
from test_trainer import MLP, cut_off, run


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the test sets itself."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_speed_and_time_left_count_from_where_the_training_went_on(clock):
    heartbeat = Heartbeat(Path(), 100)
    heartbeat.begin(20)
    clock[0] += 4
    assert heartbeat.progress(40, 0.5) == Progress(40, 100, 0.5, 5.0, 12.0)
    assert heartbeat.progress(40, float("nan")).loss is None
    assert heartbeat.progress(20, 0.5).seconds_left == float("inf")


def test_it_is_written_at_once_and_then_every_few_seconds(clock, tmp_path):
    heartbeat, found = Heartbeat(tmp_path / "key", 100), []
    heartbeat.begin(0)
    for step in range(1, 13):
        clock[0] += 1
        heartbeat.tell(step, 0.5)
        found.append(newest(tmp_path).step)
    assert found == [1] * 5 + [6] * 5 + [11] * 2
    assert [path.name for path in (tmp_path / "key").iterdir()] == [progress.NAME]


def test_the_newest_of_several_is_read_and_what_is_none_is_not(tmp_path):
    assert newest(tmp_path) is None
    for key, step in (("b", 1), ("a", 2)):
        Heartbeat(tmp_path / key, 100).tell(step, 0.5)
    os.utime(tmp_path / "b" / progress.NAME, (1, 1))
    assert newest(tmp_path).step == 2
    (tmp_path / "a" / progress.NAME).write_text('{"step": 1')
    assert newest(tmp_path).step == 1
    (tmp_path / "b" / progress.NAME).write_text("[]")
    assert newest(tmp_path) is None


def test_one_that_has_lost_its_folder_writes_nothing(tmp_path):
    def lost():
        raise lock.LockError("taken over")

    with pytest.raises(lock.LockError):
        Heartbeat(tmp_path / "key", 100, lost).tell(1, 0.5)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_ends_no_training(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError("No space left on device")

    monkeypatch.setattr(progress.json, "dumps", full)
    Heartbeat(tmp_path, 100).tell(1, 0.5)
    assert not list(tmp_path.iterdir())


def test_a_training_tells_its_steps_and_losses(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0)
    told = []
    monkeypatch.setattr(Heartbeat, "tell", lambda self, step, loss: told.append((step, loss)))
    done = run(tmp_path, MLP, steps=21)
    done.train()
    losses = done.datasets()["training"].loss.values
    each = dict(told[:1] + [t for t in told if t[0] not in (5, 10, 15, 20, 21)])
    assert set(each) == set(range(1, 21)) - {5, 10, 15, 20}
    assert [each[step] for step in each] == pytest.approx([losses[step - 1] for step in each])
    assert told[-1] == (21, pytest.approx(losses.mean()))  # of the window


def test_a_training_that_went_on_counts_its_speed_from_there(tmp_path, monkeypatch):
    cut_off(monkeypatch, 30, run(tmp_path, MLP))
    again = run(tmp_path, MLP)
    again.train()
    assert again.heartbeat.first == 21
    assert newest(tmp_path).steps == 87


def test_who_has_a_folder_and_whether_it_lives_is_seen_without_taking_it(tmp_path):
    assert lock.holder(tmp_path) is None
    with lock.Lock(tmp_path):
        assert lock.holder(tmp_path) == (f"process {os.getpid()} on {lock._machine()[0]}", True)
    path = tmp_path / lock.NAME
    path.write_text(json.dumps({"machine": ["elsewhere"], "process": 1, "key": "k"}))
    assert lock.holder(tmp_path) == ("process 1 on elsewhere", True)
    silent = time.time() - lock.STALE - 1
    os.utime(path, (silent, silent))
    assert lock.holder(tmp_path) == ("process 1 on elsewhere", False)
