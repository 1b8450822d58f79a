import pytest
from clusters import Driver, make_cluster


@pytest.fixture
def folder(tmp_path):
    """Where Snakemake is started."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def history():
    """Whether PBS keeps a history of ended jobs; tests of faults say on and off."""
    return "any"


@pytest.fixture
def cluster(tmp_path, folder, history):
    cluster = make_cluster(tmp_path / "pbs", history)
    yield cluster
    cluster.stop(folder)


@pytest.fixture
def standin(cluster):
    """For faults that nobody can ask of a real PBS."""
    if cluster.real:
        pytest.skip("needs the stand-in")
    return cluster


@pytest.fixture
def start(cluster, folder):
    """Write a Snakefile and start Snakemake on it; what still runs in the end is killed."""
    drivers = []

    def start(snakefile, *arguments, **options):
        (folder / "Snakefile").write_text(snakefile)
        drivers.append(Driver(cluster, folder, *arguments, **options))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.signal(9)
        driver.process.wait()


@pytest.fixture
def run(start):
    """Run Snakemake to its end; its exit code and what it printed."""

    def run(snakefile, *arguments, **options):
        driver = start(snakefile, *arguments, **options)
        return driver.wait(), driver.output

    return run
