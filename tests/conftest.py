"""How the tests share two processes (`pytest -n 2 --dist loadgroup`, as in `make test`)."""

import os

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # before numpy loads: the processes would take each other's cores
    for library in ("OMP", "OPENBLAS"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

SHARED = {"finished": "the finished study", "slurm": "a SLURM"}  # fixtures that are made once, for all their tests


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """Tests that share something slow to make run in one process, one after the other."""
    for item in items:
        for fixture, group in SHARED.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(group))
