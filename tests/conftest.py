"""How the tests share two processes (`pytest -n 2 --dist loadscope`, as in `make test`: a file runs in one of them)."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # before numpy loads: the processes would take each other's cores
    for library in ("OMP", "OPENBLAS"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
