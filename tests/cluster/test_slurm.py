"""The profile `slurm` on a real SLURM: a whole study, Ctrl-C, and trainings that are cut off in three ways."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from sgdwalk.storage import netcdf
from sgdwalk.study.load import load_study
from sgdwalk.study.memory import training
from sgdwalk.study.resources import training_minutes
from sgdwalk.trajectory.import_walk import FILES
from studies import planned, snakemake
from throwaway import wait

PROFILE = ("--profile", "slurm", "--slurm-init-seconds-before-status-checks", "2", "--slurm-keep-successful-logs")
RUNS = ("cancelled", "limited", "crashed")
SLOW = """\
import os, time
from torch import nn  # a training takes two minutes as long as there is the file `slow`

class Slow(nn.Linear):
    def forward(self, images):
        time.sleep(0.09 * (self.training and os.path.exists("slow")))
        return super().forward(images.flatten(1))

def build(channels, size, classes):
    return Slow(channels * size**2, classes)
"""
STUDY = """\
title: Trainings that are cut off
training: {model: "slow:build", steps: 1300, window: 20, snapshots: 2, device: cpu, record: {samples: 50, noise: true}}
"""
TABLE = "run\tseed\truntime\tmem_mb\tdevice\ncancelled\t0\t\t\t\nlimited\t1\t1\t\t\ncrashed\t2\t\t3000\tauto\n"


class Driver:
    """A Snakemake in the background, as a user would start it."""

    def __init__(self, folder, *arguments, study):
        command = [sys.executable, "-m", "snakemake", *arguments, "--config", f"study={study}"]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        self.log = folder / "driver.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background ignores it
            )

    def ended(self) -> int:
        """Exit status, once it has ended."""
        return self.process.wait(1200)

    def said(self) -> str:
        return self.log.read_text()


@pytest.fixture
def start(slurm, fresh):
    """Starts Snakemake in the folder; one that is still there in the end is killed."""
    drivers = []

    def started(*arguments, **options):
        drivers.append(Driver(fresh, *arguments, **options))
        return drivers[-1]

    yield started
    for driver in drivers:
        driver.process.kill()
        driver.process.wait()


def submitted(said: str) -> dict[str, str]:
    """Name of each job by its id: rule_train/base, group_analyses."""
    logs = re.findall(r"slurm_logs/(rule_[^)]+|group_[a-z]+)[^/)]*/(\d+)\.log", said)
    return {job: name for name, job in logs}


FIGURES = """\
fig2: {caption: c, data: {base: msd/base, window: msd/walk}}
fig6: {caption: c, data: {path: path/base, msl: msl/base}}
limiting_process: {caption: c, data: {}}
"""


@pytest.fixture
def less(fresh):
    """The workflow with a tiny study of a training, a walk and three figures."""
    study = fresh / "config" / "tiny"
    study.joinpath("runs.tsv").write_text("run\tseed\twalk\nbase\t0\t\nwalk\t0\twalk.nc\n")
    study.joinpath("figures.yaml").write_text(FIGURES)
    return fresh


def test_ctrl_c_stops_a_study_and_the_next_start_finishes_it(slurm, less, start, monkeypatch):
    # Snakemake cancels nothing while it asks for the state of its jobs or submits one (docs/clusters.md): before the first
    # question, and once no job has been added for three seconds.
    driver = start(*PROFILE, "--slurm-init-seconds-before-status-checks", "60", study="tiny")
    wait(lambda: len(slurm.jobs()) > 2, "jobs are queued", 120)
    wait(lambda: len(slurm.jobs()) == (time.sleep(3) or len(slurm.jobs())), "all jobs are queued")
    driver.process.send_signal(signal.SIGINT)
    assert driver.ended() != 0
    wait(lambda: not slurm.jobs(), "all jobs are gone")

    driver = start(*PROFILE, study="tiny")
    assert driver.ended() == 0, driver.said()[-6000:]
    assert planned(less) == {}
    names = submitted(driver.said())
    wait(lambda: names.keys() <= {job["JobId"] for job in slurm.completed()}, "SLURM has recorded every job")
    ended = [job for job in slurm.completed() if job["JobId"] in names]
    jobs = {names[job["JobId"]]: job for job in ended}
    assert len(ended) == len(names) < 12  # of 28 jobs
    assert {job["JobState"] for job in ended} == {"COMPLETED"}
    assert {job["Partition"] for job in ended} == {"main"}
    assert {"rule_train/base", "rule_import_walk/walk", "group_analyses", "group_figures"} < set(jobs)
    assert jobs["group_analyses"]["ProcCnt"] == "4"
    monkeypatch.chdir(less)
    run = load_study("tiny", less / "config").runs["base"]
    asked = jobs["rule_train/base"]
    assert asked["Tres"].startswith(f"cpu=1,mem={training(run)}M,")
    assert asked["TimeLimit"] == str(training_minutes(run))


@pytest.fixture
def cut_off(fresh):
    """The workflow with a study of three runs of more than a minute, so that none is done at its limit."""
    (fresh / "slow.py").write_text(SLOW)
    (fresh / "slow").touch()
    folder = fresh / "config" / "cut"
    folder.mkdir()
    (folder / "config.yaml").write_text(STUDY)
    (folder / "runs.tsv").write_text(TABLE)
    (folder / "figures.yaml").write_text("{}\n")
    return fresh


def states(folder, run):
    """How many windows of a run have been finished."""
    return len(list(folder.glob(f"results/cut/runs/{run}/state/*/window-*.npz")))


def assert_same_run(a, b):
    for name in FILES:
        assert netcdf.read(a / f"{name}.nc").equals(netcdf.read(b / f"{name}.nc")), name
    x, y = (torch.load(run / "checkpoints" / "step-000001300.pt", weights_only=True)["model"] for run in (a, b))
    assert all(torch.equal(value, y[key]) for key, value in x.items())


def test_cut_off_trainings_are_repeated_and_end_as_undisturbed_ones(slurm, cut_off, start):
    files = [f"results/cut/runs/{run}/training.nc" for run in RUNS]
    driver = start(*PROFILE, *files, study="cut")
    wait(lambda: min(states(cut_off, run) for run in RUNS) > 2, "all three have states", 120)
    first = {run: slurm.job_of("train", run) for run in RUNS}
    subprocess.run(["scancel", first["cancelled"]], check=True)
    wait(lambda: first["cancelled"] not in slurm.jobs(), "the cancelled training is gone")
    slurm.crash(first["crashed"])
    wait(lambda: first["limited"] not in slurm.jobs(), "the limited training is gone", 180)
    (cut_off / "slow").unlink()
    assert driver.ended() == 0, driver.said()[-6000:]

    jobs = {job["JobId"]: job for job in slurm.completed()}
    ends = {run: jobs[first[run]]["JobState"] for run in RUNS}
    assert ends == {"cancelled": "CANCELLED", "limited": "TIMEOUT", "crashed": "NODE_FAIL"}
    names = submitted(driver.said())
    for run, memory, minutes in (("limited", None, "2"), ("crashed", 6000, None)):
        again = next(jobs[job] for job, name in names.items() if name == f"rule_train/{run}" and job != first[run])
        assert minutes is None or again["TimeLimit"] == minutes
        assert memory is None or f"mem={memory}M" in again["Tres"]
    assert slurm.asked(first["crashed"])["TresPerJob"] == "gres:gpu:1"
    assert "TresPerJob" not in slurm.asked(first["limited"])

    disturbed = cut_off / "disturbed"
    (cut_off / "results").rename(disturbed)
    assert not list(disturbed.glob("cut/runs/*/state"))
    done = snakemake(cut_off, "--cores", "2", *files, study="cut")
    assert done.returncode == 0, done.stderr[-3000:]
    for run in RUNS:
        assert "resumed at step" in (disturbed / "cut" / "logs" / run / "train.log").read_text()
        assert_same_run(disturbed / "cut" / "runs" / run, cut_off / "results" / "cut" / "runs" / run)
