"""Imports of a job without garbage collection, which is a third of the time that a job needs to start and end."""

import atexit
import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Import modules in this block: collection is off in it, and what is there at its end is left out from then on.

    Modules make hundreds of thousands of objects that live as long as the process. They would be looked at again and
    again while they grow, and once more when Python ends, to find that none can go.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collected:
            gc.enable()
    atexit.register(gc.freeze)  # also what is made later: memory goes back to the system as a whole
