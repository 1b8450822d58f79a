"""A Snakemake that is killed and started again goes on with the jobs that it left in PBS."""

import signal
import time

from clusters import LIMIT, both_modes, until

JOBS = 2
SNAKEFILE = """
rule all:
    input: expand("{i}.txt", i=range(2))
rule one:
    output: "{i}.txt"
    params: word="WORD"
    shell: "echo {params.word} >> ran.{wildcards.i}; until test -e go; do sleep 0.2; done; touch {output}"
"""
AGAIN = ("--rerun-incomplete", "--nolock")


def workflow(word="hello"):
    """Jobs that note that they run, and wait for a file before they end."""
    return SNAKEFILE.replace("WORD", word)


def ran(folder):
    return [path.read_text().split() for path in sorted(folder.glob("ran.*"))]


def all_run(folder):
    return until(lambda: len(ran(folder)) == JOBS, LIMIT)


def go(folder):
    (folder / "go").touch()


def kill(driver):
    driver.signal(signal.SIGKILL)
    driver.process.wait()


@both_modes
def test_live_jobs_are_found_again(start, cluster, folder):
    """Also if the server does not answer at first."""
    kill(start(workflow()).said("submitted as", JOBS))
    assert len(cluster.live(folder)) == JOBS
    if not cluster.real:
        cluster.set(down=2)
    driver = start(workflow(), *AGAIN).said("of an earlier run goes on", JOBS)
    go(folder)
    assert driver.wait() == 0, driver.output
    assert "submitted as" not in driver.output
    assert ran(folder) == [["hello"]] * JOBS
    assert list((folder / ".snakemake" / "pbs").iterdir()) == []


@both_modes
def test_a_job_whose_qsub_was_under_way_is_found_again(start, standin, folder):
    """Snakemake dies after PBS has queued the job and before it has heard of it."""
    standin.set(qsub_seconds=1.0)
    driver = start(workflow()).said("submitted as", 1)
    assert until(lambda: len(standin.calls("qsub")) == JOBS, 10)
    time.sleep(0.3)
    kill(driver)
    driver = start(workflow(), *AGAIN).said("of an earlier run goes on", JOBS)
    go(folder)
    assert driver.wait() == 0, driver.output
    assert len(standin.calls("qsub")) == JOBS
    assert ran(folder) == [["hello"]] * JOBS


@both_modes
def test_jobs_that_ended_meanwhile_are_not_repeated_unless_asked_for(start, run, cluster, folder):
    kill(start(workflow()).said("submitted as", JOBS))
    go(folder)
    assert until(lambda: not cluster.live(folder), LIMIT)
    (folder / "1.txt").unlink()
    code, output = run(workflow(), *AGAIN)
    assert code == 0, output
    assert ran(folder) == [["hello"], ["hello"] * 2]
    code, output = run(workflow(), "--forceall", "--nolock", "0.txt")
    assert code == 0, output
    assert ran(folder) == [["hello"] * 2] * 2


@both_modes
def test_a_live_job_with_other_params_is_replaced(start, cluster, folder):
    kill(start(workflow()).said("submitted as", JOBS))
    old = cluster.live(folder)
    assert all_run(folder)
    driver = start(workflow("bye"), *AGAIN).said("submitted as", JOBS)
    assert not set(old) & set(cluster.live(folder))
    go(folder)
    assert driver.wait() == 0, driver.output
    assert ran(folder) == [["hello", "bye"]] * JOBS


@both_modes
def test_a_run_after_ctrl_c_waits_for_the_end_of_its_deleted_jobs(start, standin, folder):
    """A deleted job may write for some seconds, and no two may write the same files."""
    standin.set(exiting=5)
    driver = start(workflow()).said("submitted as", JOBS)
    assert all_run(folder)
    driver.press_ctrl_c()
    driver.wait()
    deleted = standin.live(folder)
    assert len(deleted) == JOBS
    driver = start(workflow(), *AGAIN).said("submitted as", 1)
    assert len(set(deleted) & set(standin.live(folder))) < JOBS
    standin.set(exiting=0)
    go(folder)
    assert driver.wait() == 0, driver.output
    assert ran(folder) == [["hello"] * 2] * JOBS
