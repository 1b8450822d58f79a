"""Talk to PBS: qsub, qstat, and qdel as child processes, and what they answer as values.

Every command runs in a session of its own, so that the Ctrl-C that ends Snakemake leaves it alone: a qsub that is
killed half-way may already have queued a job that nobody knows of.
"""

import hashlib
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CHUNK = 500  # ids in one command
PAUSES = (1, 2, 4, 8, 16, 32)  # seconds between tries while the server does not answer
COMMAND_SECONDS = 120  # for one command of PBS
MARK = "SNAKEMAKE_PBS_RECORD"  # variable by which a job is found whose id qsub did not tell
UNKNOWN_ID = 153  # exit code of qstat if PBS does not know one of the ids; the others are printed
TERMINATED = "91"  # substate of a job that was deleted; its Exit_status may nonetheless be 0
NO_HISTORY = "not configured to maintain job history"  # qstat -x then tells of no job, and exits with 0
FULL = re.compile(r"would exceed .*limit|Maximum number of jobs")
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


class FullError(PbsError):
    """PBS takes no more jobs until others have ended."""


@dataclass(frozen=True)
class Status:
    """What PBS says of one job."""

    state: str
    exit_status: int | None = None
    comment: str = ""
    deleted: bool = False
    started: float | None = None  # seconds since 1970
    walltime: str = ""

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

    def used(self, end: float) -> str:
        """How long the job ran, if it ended then (seconds since 1970), beside the time that it had."""
        elapsed = "an unknown time" if self.started is None else _clock(max(0, round(end - self.started)))
        return f"it ran for {elapsed} of {self.walltime or 'an unknown walltime'}"


UNSEEN = Status("unknown")


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

    The record thus holds the id even if this process is killed while qsub runs. One that is there and empty tells of
    a qsub that never answered: PBS may have taken the job all the same.
    """
    mark = f"{MARK}={hashlib.sha256(str(record).encode()).hexdigest()[:16]}"
    if record.exists() and (jobid := _taken(mark)):
        record.write_text(f"{jobid}\n", encoding="utf-8")
        return jobid
    with record.open("w", encoding="utf-8") as answer:
        done = _call(["qsub", "-v", mark, *options, script], stdout=answer)
    lines = record.read_text(encoding="utf-8", errors="replace").split()
    if done.returncode == 0 and lines:
        return lines[-1]
    record.unlink()
    raise _refusal(done)


def _taken(mark: str) -> str | None:
    """The id of the job with this mark among all that have not ended."""
    done = _call(["qstat", "-f"])
    if done.returncode:
        raise NoAnswerError(_words(done))
    jobs = _records(done.stdout).items()
    return next((jobid for jobid, attributes in jobs if mark in attributes.get("Variable_List", "")), None)


def _refusal(done: subprocess.CompletedProcess) -> PbsError:
    words = _words(done)
    if done.returncode in NO_SERVER or "cannot connect to server" in words:
        return NoAnswerError(words)
    return FullError(words) if FULL.search(words) else PbsError(words)


def status(jobids: list[str]) -> Answer:
    """Ask for all jobs with one qstat, or a second one if the server keeps no history of ended jobs."""
    try:
        done = _call(["qstat", "-f", "-x", *jobids])
        if NO_HISTORY in done.stderr:
            done = _call(["qstat", "-f", *jobids])
    except NoAnswerError as error:
        return Answer(trouble=str(error))
    found = parse(done.stdout)
    missing = frozenset(jobids) - found.keys()
    if missing and done.returncode == UNKNOWN_ID:
        return Answer(found, unknown=missing)
    return Answer(found, trouble=_words(done) if missing else "")


def delete(jobids: list[str]) -> bool:
    """Delete jobs, and tell whether PBS took note of all."""
    try:
        return _call(["qdel", *jobids]).returncode == 0
    except NoAnswerError:
        return False


def cancel(jobids: Iterable[str]) -> list[str]:
    """Delete jobs, again and again while the server does not answer; return those that may still be there."""
    return [jobid for chunk in chunks(list(jobids)) for jobid in _cancel(chunk)]


def _cancel(jobids: list[str]) -> list[str]:
    end = time.monotonic() + COMMAND_SECONDS
    for pause in (*PAUSES, 0):
        if delete(jobids):
            return []
        if time.monotonic() > end:
            break
        answer = status(jobids)
        gone = answer.unknown | {jobid for jobid, status in answer.found.items() if status.ended}
        jobids = [jobid for jobid in jobids if jobid not in gone]
        if not jobids:
            break
        time.sleep(pause)
    return jobids


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
    """What qstat -f says of each job."""
    return {jobid: _status(record) for jobid, record in _records(text).items() if "job_state" in record}


def _records(text: str) -> dict[str, dict[str, str]]:
    """Attributes by id: 'Job Id: ID', lines of four spaces, and tabs where a long value goes on."""
    jobs, attributes = {}, {}
    for line in text.replace("\n\t", "").splitlines():
        if line.startswith("Job Id: "):
            attributes = jobs.setdefault(line.removeprefix("Job Id: ").strip(), {})
        elif match := ATTRIBUTE.fullmatch(line):
            attributes.setdefault(*match.groups())
    return jobs


def _status(attributes: dict[str, str]) -> Status:
    code = attributes.get("Exit_status")
    return Status(
        state=attributes["job_state"],
        exit_status=code if code is None else int(code),
        comment=attributes.get("comment", ""),
        deleted=attributes.get("substate") == TERMINATED,
        started=_seconds(attributes.get("stime", "")),
        walltime=attributes.get("Resource_List.walltime", ""),
    )


def _seconds(date: str) -> float | None:
    """Seconds since 1970 of a date as PBS prints it, in local time: 'Thu Nov 26 21:22:35 2026'."""
    try:
        return time.mktime(time.strptime(date))
    except ValueError:
        return None


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _call(command: list[str], stdout=subprocess.PIPE) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"{command[0]} took longer than {COMMAND_SECONDS} s") from None


def _words(done: subprocess.CompletedProcess) -> str:
    """What the command said on stderr, in one line."""
    return "; ".join(done.stderr.split("\n")).strip("; ") or f"{done.args[0]} exited with {done.returncode}"
