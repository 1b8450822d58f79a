"""Functions in processes of their own, which end at a given time whatever they do."""

import contextlib
import multiprocessing
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from sgdwalk.jobs.logs import logging_to


@dataclass(frozen=True)
class Task:
    """A function that can be imported, its arguments, and the file that what it prints goes to.

    It returns what is said of it in the results, values by name.
    """

    name: str
    function: Callable[..., dict[str, Any]]
    log: Path
    arguments: dict[str, Any] = field(default_factory=dict)


def outcomes(tasks: Iterable[Task], at_once: int, until: float) -> Iterator[tuple[Task, dict[str, Any]]]:
    """Run tasks, `at_once` of them at a time; pairs (task, what it returned) in the order in which they end.

    until: time.monotonic() at which those that run are killed and no other begins. The values of a task that failed,
    was killed or did not begin have an 'error', which says why; of those that ended there are 'seconds'.
    """
    context, waiting, running = multiprocessing.get_context("spawn"), deque(tasks), {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once and time.monotonic() < until:
                task = waiting.popleft()
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=answer, args=(theirs, task))
                process.start()
                theirs.close()
                running[ours] = task, process
            ended = wait(list(running), timeout=max(0.0, until - time.monotonic()))
            for pipe in ended:
                task, process = running.pop(pipe)
                yield task, received(pipe, process)
            if time.monotonic() >= until:
                break
        yield from ((task, {"error": "killed, as its time was over"}) for task, _ in running.values())
        yield from ((task, {"error": "not begun, as the time was over"}) for task in waiting)
    finally:
        for _, process in running.values():
            process.kill()
            process.join()


def received(pipe: Connection, process) -> dict[str, Any]:
    """What a task has sent; of a process that ended without a word, how it ended."""
    with contextlib.suppress(EOFError):
        found = pipe.recv()
        process.join()
        return found
    process.join()
    return {"error": f"its process ended with the exit code {process.exitcode}"}


def answer(pipe: Connection, task: Task) -> None:
    """In the process of a task: send what its function returns, or the last line of its error."""
    began = time.monotonic()
    try:
        with logging_to(str(task.log)):
            found = task.function(**task.arguments)
    except Exception as error:
        found = {"error": traceback.format_exception_only(error)[-1].strip()}
    pipe.send({**found, "seconds": round(time.monotonic() - began, 2)})
