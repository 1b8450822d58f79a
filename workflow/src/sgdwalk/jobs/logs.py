"""Messages of a job: to its log file, and to the terminal if there is one."""

import contextlib
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
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


ROOM = 2**16  # bytes that are kept free for an error's message, should the disk be full by then


@contextlib.contextmanager
def logging_to(path: str) -> Iterator[None]:
    """Send everything that is printed to the log, and to the terminal if there is one; errors are in both."""
    terminal = sys.stderr if sys.stderr.isatty() else None
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as log, room_beside(path) as free:
        stream = _Tee(log, terminal) if terminal else log
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            try:
                yield
            except Exception:
                free()
                with contextlib.suppress(OSError):  # Python itself prints the error, too
                    traceback.print_exc(file=log)
                    log.flush()
                raise


@contextlib.contextmanager
def room_beside(path: str) -> Iterator[Callable[[], None]]:
    """A nameless file of ROOM bytes in the folder of `path`, and the function that frees them."""
    with tempfile.TemporaryFile(dir=Path(path).parent, buffering=0) as file:
        with contextlib.suppress(OSError):
            file.write(bytes(ROOM))
        yield lambda: file.truncate(0)
