"""Messages of a job: to its log file, and to the terminal if there is one."""

import contextlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path


class _Tee:
    """Writes to several streams."""

    def __init__(self, *streams):
        self.streams = streams

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()


@contextlib.contextmanager
def logging_to(path: str) -> Iterator[None]:
    """Send everything that is printed to the log, and to the terminal if there is one; errors are in both."""
    terminal = sys.stderr if sys.stderr.isatty() else None
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as log:
        stream = _Tee(log, terminal) if terminal else log
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            try:
                yield
            except Exception:
                traceback.print_exc(file=log)
                raise
