"""What of a study is done, running or failed.

From files alone, so that it works on a cluster's login node: steps, loss, speed and time left of a training come from
the file that it writes every few seconds. Failed jobs are shown with the last lines of their logs. Whether code or
settings have changed since a file was made is not looked at: `snakemake -n` tells.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from sgdwalk.command_line import studies
from sgdwalk.command_line.text import aligned, duration
from sgdwalk.study.jobs import TABLES, Job
from sgdwalk.study.status import DONE, FAILED, RUNNING, STOPPED, WAITING, State, last_lines, states
from sgdwalk.study.validation import ConfigError

CLEAR = "\033[2J\033[H"  # the terminal


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    studies.argument(parser)
    parser.add_argument(
        "--watch", nargs="?", type=float, const=5.0, metavar="SECONDS", help="show it again every few seconds (5)"
    )
    parser.add_argument("--lines", type=int, default=5, metavar="N", help="lines of the log of a failed job (5)")


def run(given: argparse.Namespace) -> None:
    """Print the status; with --watch until all jobs are done, or Ctrl-C."""
    if given.lines < 0:
        raise ConfigError(f"--lines {given.lines}: must be at least 0")
    if given.watch is not None and not 0.1 <= given.watch <= 3600:
        raise ConfigError(f"--watch {given.watch:g}: must be from 0.1 to 3600 seconds")
    study = studies.load(given.study)
    while True:
        found = states(study, studies.results(study))
        clear = CLEAR if given.watch and sys.stdout.isatty() else ""
        print(clear + described(study.name, found, studies.results(study), given.lines), flush=True)
        if not given.watch or all(state.word == DONE for state in found):
            return
        time.sleep(given.watch)


def described(name: str, found: list[State], results: Path, lines: int) -> str:
    """The status as text."""
    parts = [f"{name}: {counted(found)}", aligned([("", "state", "jobs", ""), *rows(found)])]
    return "\n\n".join([*parts, *(failure(state, results, lines) for state in found if state.word == FAILED)])


def counted(found: Iterable[State]) -> str:
    """'12 of 40 jobs done, 2 running, 1 failed'."""
    words = [state.word for state in found]
    others = [f"{words.count(word)} {word}" for word in (RUNNING, FAILED, STOPPED, WAITING) if word in words]
    return ", ".join([f"{words.count(DONE)} of {len(words)} jobs done", *others])


def rows(found: list[State]) -> Iterator[tuple[str, str, str, str]]:
    """A line per run and per kind of other jobs: name, state, jobs done, what is running."""
    kinds: dict[str, list[State]] = {}
    for state in found:
        kinds.setdefault(kind(state.job), []).append(state)
    for name, own in kinds.items():
        done = sum(state.word == DONE for state in own)
        yield name, overall(own), f"{done}/{len(own)}", "; ".join(filter(None, map(doing, own)))


def kind(job: Job) -> str:
    """The run of a job, or in brackets what others it belongs to."""
    return job.of if job.run else f"({'tables' if job.rule in TABLES else job.rule})"


def overall(own: list[State]) -> str:
    """One word for several jobs: what needs to be seen first."""
    words = {state.word for state in own}
    for word in (FAILED, RUNNING, STOPPED):
        if word in words:
            return word
    return words.pop() if len(words) == 1 else "begun"


def doing(state: State) -> str:
    """What a job that runs, or was stopped, is at; empty for all others."""
    if state.word not in (RUNNING, STOPPED):
        return ""
    progress = state.progress
    if progress is None:
        return state.job.rule + (f" ({state.owner})" if state.owner else "")
    loss = "not finite" if progress.loss is None else f"{progress.loss:.4g}"
    told = f"step {progress.step:,} of {progress.steps:,}, loss {loss}"
    if state.word == STOPPED:
        return f"{state.job.rule} stopped at {told}; it goes on from its last window"
    return f"{told}, {progress.steps_per_second:.3g} steps/s, {duration(progress.seconds_left)} left"


def failure(state: State, results: Path, lines: int) -> str:
    """The name of a failed job, its log, and that log's last lines."""
    log = results / state.job.log
    shown = [f"    {line}" for line in (last_lines(log, lines) if lines else [])]
    return "\n".join([f"failed: {state.job.rule} of {state.job.of} ({log})", *shown])
