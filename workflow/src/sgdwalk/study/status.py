"""What of a study is done, running, failed, stopped or waiting, from its files alone. No torch, no Snakemake."""

import os
from dataclasses import dataclass
from pathlib import Path

from sgdwalk.storage.lock import holder
from sgdwalk.study.jobs import Job, jobs
from sgdwalk.study.load import Study
from sgdwalk.training.progress import Progress, newest
from sgdwalk.training.state_folder import state_folder

DONE, RUNNING, FAILED, STOPPED, WAITING = "done", "running", "failed", "stopped", "waiting"
TRACEBACK = "Traceback (most recent call last):"
LOCKS = Path(".snakemake") / "locks"  # Snakemake has files in it while it runs
READ = 2**16  # bytes at the end of a log that are read


@dataclass(frozen=True)
class State:
    """A job and what is known of it: a word (DONE, ...), and for a training how far it is and where it runs."""

    job: Job
    word: str
    progress: Progress | None = None
    owner: str = ""


def states(study: Study, results: Path, work: Path = Path()) -> list[State]:
    """The state of every job of a study whose results are in the folder `results`.

    work: folder in which Snakemake runs. A job whose log ends with an error has failed, until it is started again.
    A job with a log and without outputs is running if Snakemake runs in `work`, else it was stopped; a training is
    running while the lock of its folder shows life, wherever it runs.
    """
    working = at_work(work)
    return [state(study, job, results, working) for job in jobs(study)]


def at_work(work: Path = Path()) -> bool:
    """Whether Snakemake runs in the folder `work`, or was killed there and has left its locks."""
    return any((work / LOCKS).glob("*.lock"))


def state(study: Study, job: Job, results: Path, working: bool) -> State:
    """The state of one job."""
    if all((results / output).exists() for output in job.outputs):
        return State(job, DONE)
    word = by_log(results / job.log, working)
    return training_state(study, job, results, word) if job.rule == "train" else State(job, word)


def by_log(log: Path, working: bool) -> str:
    """The state of a job that is not done, by its log alone."""
    if not log.exists():
        return WAITING
    if TRACEBACK in tail(log):
        return FAILED
    return RUNNING if working else STOPPED


def training_state(study: Study, job: Job, results: Path, word: str) -> State:
    """The state of a training that is not done, also by its folder of states where this machine sees it."""
    checkpoints = results / "runs" / job.of / "checkpoints"
    try:
        folder = state_folder(checkpoints, study.runs[job.of]["scratch"] or "")
    except ValueError:  # a variable that only the job's environment has
        return State(job, word)
    owner, alive = holder(folder) or ("", False)
    if owner and word != FAILED:
        word = RUNNING if alive else STOPPED
    return State(job, word, newest(folder), owner if alive else "")


def tail(log: Path) -> str:
    """The end of a log, at most READ bytes; empty if it cannot be read."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - READ))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def last_lines(log: Path, count: int) -> list[str]:
    """The last lines of a log that are not empty."""
    return [line.rstrip() for line in tail(log).splitlines() if line.strip()][-count:]
