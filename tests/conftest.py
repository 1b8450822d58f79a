"""What tests of several folders share, how they share the processes of `make test`, and which of them are slow."""

import fcntl
import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # before numpy loads: the processes would take each other's cores
    for library in ("OMP", "OPENBLAS"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

OF_SNAKEMAKE = {"fresh", "finished", "slurm", "cluster", "broken"}  # fixtures of the tests that start it


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items):
    """What starts Snakemake is slow, beside the tests that say so themselves."""
    for item in items:
        if OF_SNAKEMAKE & {*item.fixturenames}:
            item.add_marker("slow")


@pytest.fixture
def fresh(tmp_path) -> Path:
    """A folder with the workflow and the tiny study, nothing run."""
    from studies import copy_of_the_workflow

    return copy_of_the_workflow(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A folder in which the tiny study has been run to its end, once for all processes: tests only read in it."""
    from studies import copy_of_the_workflow, snakemake

    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent  # of all workers
    folder, ready = place / "tiny", place / "tiny.ready"
    with (place / "tiny.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            folder.mkdir()
            done = snakemake(copy_of_the_workflow(folder), "--cores", "2", "--verbose")
            assert done.returncode == 0, done.stderr[-6000:]
            (folder / "said").write_text(done.stdout + done.stderr)
            ready.touch()
    return folder
