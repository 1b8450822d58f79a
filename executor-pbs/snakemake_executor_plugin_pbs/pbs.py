"""Talk to PBS: qsub, qstat, and qdel as child processes, and what they answer as values.

Every command runs in a session of its own, so that the Ctrl-C that ends Snakemake leaves it alone: a qsub that is
killed half-way may already have queued a job that nobody knows of.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CHUNK = 500  # ids in one command
PAUSES = (1, 2, 4, 8, 16, 32)  # seconds between tries while the server does not answer
QSTAT_SECONDS = 120
UNKNOWN_ID = 153  # exit code of qstat if PBS does not know one of the ids; the others are printed
TERMINATED = "91"  # substate of a job that was deleted; its Exit_status may nonetheless be 0
NO_SERVER = {185, 186, 212}  # exit codes of qsub: no connections left, no server, server shutting down
EXIT_STATUS = {
    265: "it was killed (SIGKILL), often for too much memory",
    271: "it was deleted (qdel) or terminated (SIGTERM)",
    -29: "it ran longer than its walltime",
}
ATTRIBUTE = re.compile(r" {4}(\S+) = (.*)")


class PbsError(Exception):
    """PBS refused, in its own words."""


class NoAnswerError(PbsError):
    """PBS did not answer; nothing is known of what was asked."""


@dataclass(frozen=True)
class Status:
    """What PBS says of one job."""

    state: str
    exit_status: int | None = None
    comment: str = ""
    deleted: bool = False

    @property
    def ended(self) -> bool:
        """Whether the job is over; in state E it still is copying its output."""
        return self.state in ("F", "X", "C")

    @property
    def succeeded(self) -> bool:
        """Whether the job is over, its command exited with 0, and nobody deleted it."""
        return self.ended and self.exit_status == 0 and not self.deleted

    @property
    def never_runs(self) -> bool:
        """Whether no node can meet the request: PBS would keep the job queued for ever."""
        return self.state == "Q" and self.comment.startswith("Can Never Run")

    def reason(self) -> str:
        """Why the job failed, with PBS's comment."""
        if self.exit_status is None:
            why = "it was deleted before it ran" if self.ended else "no node can ever run it"
        elif self.exit_status == 0:
            why = "it was deleted (qdel)"
        else:
            why = EXIT_STATUS.get(self.exit_status, "its command failed" if self.exit_status > 0 else "PBS ended it")
            why += f" (Exit_status {self.exit_status})"
        return f"{why}. PBS: {self.comment}" if self.comment else why


@dataclass(frozen=True)
class Answer:
    """What qstat says of some jobs: those it found, those PBS does not know, and trouble if it said too little."""

    found: dict[str, Status] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    trouble: str = ""


def missing_commands() -> list[str]:
    """Commands of PBS that are not on the PATH."""
    return [name for name in ("qsub", "qstat", "qdel") if shutil.which(name) is None]


def submit(options: list[str], script: str, record: Path) -> str:
    """Submit a script and return the job's id, which qsub itself writes into the record.

    The record thus holds the id even if this process is killed while qsub runs.
    """
    with record.open("w") as answer:
        done = _call(["qsub", *options, script], stdout=answer)
    lines = record.read_text().split()
    if done.returncode == 0 and lines:
        return lines[-1]
    record.unlink()
    words = _words(done)
    if done.returncode in NO_SERVER or "cannot connect to server" in words:
        raise NoAnswerError(words)
    raise PbsError(words)


def status(jobids: list[str]) -> Answer:
    """Ask for all jobs with one qstat."""
    try:
        done = _call(["qstat", "-f", "-x", *jobids], timeout=QSTAT_SECONDS)
    except subprocess.TimeoutExpired:
        return Answer(trouble=f"qstat took longer than {QSTAT_SECONDS} s")
    found = parse(done.stdout)
    missing = frozenset(jobids) - found.keys()
    if missing and done.returncode == UNKNOWN_ID:
        return Answer(found, unknown=missing)
    return Answer(found, trouble=_words(done) if missing else "")


def delete(jobids: list[str]) -> bool:
    """Delete jobs, and tell whether PBS took note of all."""
    return _call(["qdel", *jobids]).returncode == 0


def cancel(jobids: Iterable[str]) -> list[str]:
    """Delete jobs, again and again while the server does not answer; return those that may still be there."""
    left = []
    for chunk in chunks(list(jobids)):
        for pause in (*PAUSES, 0):
            if delete(chunk):
                break
            answer = status(chunk)
            gone = answer.unknown | {jobid for jobid, status in answer.found.items() if status.ended}
            chunk = [jobid for jobid in chunk if jobid not in gone]
            if not chunk:
                break
            time.sleep(pause)
        else:
            left += chunk
    return left


def patiently(ask: Callable, wait: Callable[[float], bool]):
    """Ask until PBS answers, for about a minute; wait(seconds) returns true if asking has lost its point."""
    for pause in PAUSES:
        try:
            return ask()
        except NoAnswerError:
            if wait(pause):
                raise
    return ask()


def chunks(items: list) -> Iterator[list]:
    """Items in portions that one command line takes."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def parse(text: str) -> dict[str, Status]:
    """Read the text records of qstat -f: 'Job Id: ID', lines of four spaces, and tabs where a long value goes on."""
    jobs, attributes = {}, {}
    for line in text.replace("\n\t", "").splitlines():
        if line.startswith("Job Id: "):
            attributes = jobs.setdefault(line.removeprefix("Job Id: ").strip(), {})
        elif match := ATTRIBUTE.fullmatch(line):
            attributes.setdefault(*match.groups())
    return {jobid: _status(attributes) for jobid, attributes in jobs.items() if "job_state" in attributes}


def _status(attributes: dict[str, str]) -> Status:
    code = attributes.get("Exit_status")
    return Status(
        state=attributes["job_state"],
        exit_status=code if code is None else int(code),
        comment=attributes.get("comment", ""),
        deleted=attributes.get("substate") == TERMINATED,
    )


def _call(command: list[str], stdout=subprocess.PIPE, timeout: float | None = None) -> subprocess.CompletedProcess:
    # A job that inherited SNAKEMAKE_PROFILE through qsub -V would submit jobs of its own.
    env = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=env,
        timeout=timeout,
        start_new_session=True,
    )


def _words(done: subprocess.CompletedProcess) -> str:
    """What the command said on stderr, in one line."""
    return "; ".join(done.stderr.split("\n")).strip("; ") or f"{done.args[0]} exited with {done.returncode}"
