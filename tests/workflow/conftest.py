from pathlib import Path

import pytest
from studies import copy_of_the_workflow, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A folder in which the tiny study has been run to its end."""
    folder = copy_of_the_workflow(tmp_path_factory.mktemp("tiny"))
    done = snakemake(folder, "--cores", "2")
    assert done.returncode == 0, done.stderr[-6000:]
    return folder


@pytest.fixture
def fresh(tmp_path) -> Path:
    """A folder with the workflow and the tiny study, nothing run."""
    return copy_of_the_workflow(tmp_path)
