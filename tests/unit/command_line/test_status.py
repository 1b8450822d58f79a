"""The status of a study from its files: all jobs that Snakemake has, and what each is at."""

import json
import os
import socket

import pytest
from sgdwalk.storage import lock
from sgdwalk.study import status
from sgdwalk.study.jobs import jobs
from sgdwalk.study.status import DONE, FAILED, RUNNING, STOPPED, WAITING, states
from sgdwalk.training.progress import Heartbeat

ERROR = "begun\nTraceback (most recent call last):\n  File x\nValueError: what was wrong\n"


def job(study, rule, of):
    return next(job for job in jobs(study) if (job.rule, job.of) == (rule, of))


def make(place, *names):
    for name in names:
        path = place / "results" / "s" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def log(place, study, rule, of, text):
    make(place, job(study, rule, of).log)
    (place / "results" / "s" / job(study, rule, of).log).write_text(text)


def at_work(place):
    (place / ".snakemake" / "locks").mkdir(parents=True)
    (place / ".snakemake" / "locks" / "0.output.lock").touch()


def word(place, study, rule, of):
    found = states(study, place / "results" / "s", place)
    return next(state for state in found if (state.job.rule, state.job.of) == (rule, of))


def test_a_child_has_the_jobs_that_its_analyses_read(study):
    rules = [job.rule for job in jobs(study) if job.of == "child"]
    assert rules == [
        *(
            "train",
            "msd",
            "path",
            "msl",
            "tails",
            "fluctuations",
            "extract",
            "modes",
            "noise_curvature",
            "speed",
            "check",
        )
    ]
    assert "extract" not in [job.rule for job in jobs(study) if job.of == "a"]
    assert job(study, "ensemble", "a").outputs == ("ensembles/a.nc",)
    assert job(study, "msd", "a").benchmark == "benchmarks/a/msd.tsv"


def test_a_job_is_done_when_all_its_files_are_there(place, study):
    outputs = job(study, "figure", "fig2").outputs
    make(place, *outputs[:-1])
    assert word(place, study, "figure", "fig2").word == WAITING
    make(place, outputs[-1])
    assert word(place, study, "figure", "fig2").word == DONE


@pytest.mark.parametrize(
    ("text", "working", "expected"), [("", True, RUNNING), ("", False, STOPPED), (ERROR, True, FAILED)]
)
def test_a_job_with_a_log_and_no_files_runs_was_stopped_or_has_failed(place, study, text, working, expected):
    log(place, study, "msd", "a", text)
    if working:
        at_work(place)
    assert word(place, study, "msd", "a").word == expected


@pytest.mark.parametrize(("owner", "expected"), [("here", RUNNING), ("elsewhere", RUNNING), ("silent", STOPPED)])
def test_a_training_runs_while_its_lock_shows_life_wherever_that_is(place, study, owner, expected):
    folder = place / "results" / "s" / "runs" / "a" / "state"
    Heartbeat(folder / "key", 100).tell(20, 0.5)
    log(place, study, "train", "a", "begun\n")
    here = {"machine": lock._machine(), "process": os.getpid(), "key": "k"}
    (folder / lock.NAME).write_text(json.dumps(here if owner == "here" else here | {"machine": ["elsewhere"]}))
    if owner == "silent":
        os.utime(folder / lock.NAME, (0, 0))
    found = word(place, study, "train", "a")
    assert (found.word, found.progress.step) == (expected, 20)
    assert found.owner == {"here": f"process {os.getpid()} on {socket.gethostname()}", "silent": ""}.get(
        owner, f"process {os.getpid()} on elsewhere"
    )


def test_states_on_a_scratch_that_is_not_seen_here_are_left_out(place, study, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    study.runs["a"]["scratch"] = "$NOWHERE/x"
    log(place, study, "train", "a", "begun\n")
    at_work(place)
    found = word(place, study, "train", "a")
    assert (found.word, found.progress) == (RUNNING, None)


def test_what_is_shown_names_progress_failures_and_the_end_of_their_logs(command, place, study):
    make(place, *job(study, "train", "b").outputs, *job(study, "msd", "b").outputs)
    folder = place / "results" / "s" / "runs" / "a" / "state"
    with lock.Lock(folder):
        heartbeat = Heartbeat(folder / "key", 100)
        heartbeat.began -= 10
        heartbeat.tell(20, 0.5)
        log(place, study, "path", "b", ERROR)
        code, said, _ = command("status", "s", "--lines", "2")
    assert code == 0
    lines = said.splitlines()
    assert lines[0] == f"s: 2 of {len(jobs(study))} jobs done, 1 running, 1 failed, {len(jobs(study)) - 4} waiting"
    assert [" ".join(line.split()) for line in lines if line.startswith(("a ", "b ", "fast "))] == [
        "a running 0/7 step 20 of 100, loss 0.5, 2 steps/s, 40 s left",
        "b failed 2/7",
        "fast waiting 0/9",
    ]
    assert lines[-3:] == [
        "failed: path of b (results/s/logs/b/path.log)",
        "      File x",
        "    ValueError: what was wrong",
    ]


def test_a_training_that_was_stopped_says_where(command, place, study):
    Heartbeat(place / "results" / "s" / "runs" / "a" / "state" / "key", 100).tell(20, float("nan"))
    log(place, study, "train", "a", "begun\n")
    assert (
        "train stopped at step 20 of 100, loss not finite; it goes on from its last window" in command("status", "s")[1]
    )


def test_watching_ends_when_all_is_done(command, place, study, monkeypatch):
    shown = []

    def sleep(seconds):
        shown.append(seconds)
        if len(shown) == 2:
            make(place, *(output for job in jobs(study) for output in job.outputs))

    monkeypatch.setattr("sgdwalk.command_line.status.time.sleep", sleep)
    code, said, _ = command("status", "s", "--watch", "3")
    assert (code, shown, said.count("jobs done")) == (0, [3, 3], 3)
    assert f"{len(jobs(study))} of {len(jobs(study))} jobs done\n" in said


def test_of_a_long_log_the_end_is_read(tmp_path):
    path = tmp_path / "log"
    path.write_text("Traceback (most recent call last):\n" + "x" * status.READ + "\nend\n\n")
    assert status.by_log(path, True) == RUNNING
    assert status.last_lines(path, 1) == ["end"]
    assert status.last_lines(tmp_path / "none", 3) == []
