import signal

import pytest
from throwaway import Slurm, missing


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """A SLURM of one node for all tests."""
    if reason := missing():
        pytest.skip(f"not run: {reason}")
    # a test run that is ended by kill takes its SLURM down: left behind, it would make the next run skip these tests
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Slurm(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster
