"""Whole runs: what jobs do and what PBS does to them."""

import re
import shutil

import pytest
from clusters import Driver, make_cluster

ONE = """
rule one:
    output: "one.txt"
    {more}
    shell: "{shell}"
"""


def one(shell="touch {output}", more=""):
    """A workflow of one job."""
    return ONE.replace("{more}", more).replace("{shell}", shell)


def submitted(output):
    return re.findall(r"submitted as PBS job (\S+)\.\n", output)


def records(folder):
    return list((folder / ".snakemake" / "pbs").iterdir())


def test_jobs_succeed_and_leave_logs_per_rule(run, cluster, folder):
    code, output = run(
        """
rule all:
    input: expand("b/{i}", i=range(2))
rule first:
    output: "a/{i}"
    shell: "echo heard; command -v qsub > {output}"
rule second:
    input: "a/{i}"
    output: "b/{i}"
    shell: "cp {input} {output}"
"""
    )
    assert code == 0, output
    logs = folder / ".snakemake" / "pbs_logs"
    assert len(submitted(output)) == 4
    assert "heard" in (logs / "first" / f"{submitted(output)[0]}.OU").read_text()
    assert len(list((logs / "second").iterdir())) == 2
    assert records(folder) == []
    assert {path.read_text().strip() for path in folder.glob("b/*")} == {shutil.which("qsub", path=cluster.env["PATH"])}


BROKEN = """
rule broken:
    output: "broken"
    shell: "echo broken pipe dream >&2; exit 3"
rule slow:
    output: "slow"
    resources: walltime="0:00:05"
    shell: "sleep 300"
rule huge:
    output: "huge"
    resources: ncpus=9999
    shell: "touch {output}"
rule lost:
    output: "lost"
    resources: queue="nosuchqueue"
    shell: "touch {output}"
rule odd:
    output: "odd"
    resources: walltime="2 hours"
    shell: "touch {output}"
rule deleted:
    output: "deleted"
    shell: "qdel $PBS_JOBID; sleep 300"
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A run of jobs that all fail, each in its way: its folder, what it printed, and its live jobs in the end."""
    folder = tmp_path_factory.mktemp("broken")
    cluster = make_cluster(folder / "pbs")
    (folder / "Snakefile").write_text(BROKEN)
    targets = re.findall("^rule (.*):", BROKEN, re.MULTILINE)
    driver = Driver(cluster, folder, "--keep-going", "--show-failed-logs", *targets)
    assert driver.wait() != 0
    yield folder, driver.output, cluster.live(folder)
    cluster.stop(folder)


@pytest.mark.parametrize(
    "words",
    [
        r"PBS job (\S+) failed: its command failed \(Exit_status 1\)",
        r"it ran longer than its walltime \(Exit_status -29\)",
        r"it was deleted \(qdel\)",
        r"failed: no node can ever run it\. PBS: Can Never Run: .*ncpus",
        r"lost was not submitted to PBS: qsub: Unknown queue",
        r"odd was not submitted to PBS: resource walltime='2 hours' \(allowed: HH:MM:SS\)",
    ],
)
def test_a_failed_job_says_why(broken, words):
    assert re.search(words, broken[1]), broken[1]


def test_failed_jobs_leave_their_log_and_nothing_else(broken):
    folder, output, live = broken
    (jobid,) = re.findall(r"PBS job (\S+) failed: its command failed", output)
    log = folder / ".snakemake" / "pbs_logs" / "broken" / f"{jobid}.OU"
    assert "broken pipe dream" in log.read_text()
    assert str(log) in output
    assert "broken pipe dream" in output  # --show-failed-logs
    assert live == records(folder) == []


def test_a_failed_job_is_repeated_with_the_next_attempts_resources(run, folder):
    more = "resources: mem_mb=lambda wildcards, attempt: 50 * attempt"
    code, output = run(one("test {resources.mem_mb} = 100 && touch {output}", more), "--retries", "1")
    assert code == 0, output
    assert len(submitted(output)) == 2


def test_a_job_deleted_while_it_is_queued_is_an_error(start, standin):
    standin.set(ncpus=1)
    driver = start('rule all:\n    input: "0", "1"\n' + one("sleep 300").replace("one.txt", "{i}"))
    jobid = submitted(driver.said("submitted as", 2).output)[1]
    assert standin.call("qdel", jobid).returncode == 0
    driver.said(f"PBS job {jobid} failed: it was deleted before it ran").press_ctrl_c()


def test_state_e_is_still_running(run, standin):
    standin.set(exiting=4)
    code, output = run(one())
    assert code == 0, output


@pytest.mark.parametrize("fault", ["down", "mute"])
def test_an_outage_is_waited_for(start, standin, fault):
    driver = start(one("sleep 2; touch {output}")).said("submitted as")
    standin.set(**{fault: 4})
    assert driver.wait() == 0, driver.output
    assert driver.output.count("PBS did not tell of all jobs") == 4
    assert len(standin.calls("qsub")) == 1


def test_submission_waits_for_the_server(run, standin):
    standin.set(down=2)
    code, output = run(one())
    assert code == 0, output
    assert len(standin.calls("qsub")) == 3


def test_without_history_the_jobs_own_exit_code_counts(start, standin, folder):
    """A site's PBS may forget jobs when they end; one that was killed could leave no exit code."""
    standin.set(history=0)
    driver = start(
        """
rule good:
    output: "good"
    shell: "touch {output}"
rule bad:
    output: "bad"
    shell: "exit 3"
rule deleted:
    output: "deleted"
    shell: "qdel $PBS_JOBID; sleep 300"
""",
        *("--keep-going", "good", "bad", "deleted"),
    )
    assert driver.wait() != 0
    assert (folder / "good").exists()
    assert sorted(re.findall("failed: (.*)", driver.output)) == [
        "PBS does not know it any more, and it left no exit code: deleted, or killed at a limit",
        "its command failed (exit code 1)",
    ]
    assert records(folder) == []


def test_a_bad_account_is_an_error_with_pbs_words(run, standin):
    standin.set(accounts=["physics"])
    code, output = run(one(more='resources: account="chemistry"'))
    assert code != 0
    assert "one was not submitted to PBS: qsub: Invalid account" in output
    assert run(one(more='resources: account="physics"'))[0] == 0


def test_no_qsub_is_one_line(run):
    code, output = run(one(), env={"PATH": "/usr/bin:/bin"})
    assert code != 0
    assert "executor pbs: no qsub, qstat, qdel on the PATH" in output
    assert "Traceback" not in output


def test_other_folders_relative_paths_and_settings(run, folder):
    """--directory, a config file and a log folder with relative paths, options of qsub."""
    (folder / "my.yaml").write_text("word: hello\n")
    (folder / "here you are").mkdir()
    arguments = ["--directory", "here you are", "--configfile", "my.yaml", "--pbs-logdir", "logs"]
    code, output = run(one("echo {config[word]} > {output}"), *arguments, "--pbs-qsub-options=-l place=free")
    assert code == 0, output
    assert (folder / "here you are" / "one.txt").read_text() == "hello\n"
    assert len(list((folder / "here you are" / "logs" / "one").iterdir())) == 1


def test_a_workdir_in_the_snakefile(run, folder):
    code, output = run('workdir: "elsewhere"\n' + one())
    assert code == 0, output
    assert (folder / "elsewhere" / "one.txt").exists()


def test_a_group_is_one_job(run, folder):
    code, output = run(
        """
rule b:
    input: "a"
    output: "b"
    group: "both"
    shell: "cp {input} {output}"
rule a:
    output: "a"
    group: "both"
    shell: "touch {output}"
"""
    )
    assert code == 0, output
    assert len(submitted(output)) == 1
    assert records(folder) == []
