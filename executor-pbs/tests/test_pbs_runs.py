"""Whole runs: what jobs do and what PBS does to them."""

import os
import re
import shutil

import pytest
from clusters import Driver, both_modes, make_cluster

ONE = """
rule one:
    output: "one.txt"
    {more}
    shell: "{shell}"
"""


def one(shell="touch {output}", more=""):
    """A workflow of one job."""
    return ONE.replace("{more}", more).replace("{shell}", shell)


PROFILE = """
module() { echo loaded $1; }
export -f module
export PATH=/usr/bin:/bin WORD=other
readonly TMOUT=900
umask 077
"""


def submitted(output):
    return re.findall(r"submitted as PBS job (\S+)\.\n", output)


def records(folder):
    return list((folder / ".snakemake" / "pbs").iterdir())


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.fixture
def group_may_read():
    """A umask of the driver that is neither PBS's nor the usual one."""
    previous = os.umask(0o027)
    yield
    os.umask(previous)


@pytest.mark.usefixtures("group_may_read")
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
    log = logs / "first" / f"{submitted(output)[0]}.OU"
    assert "heard" in log.read_text()
    assert [mode(path) for path in (folder / "a", folder / "a" / "0", log)] == [0o750, 0o640, 0o640]
    assert len(list((logs / "second").iterdir())) == 2
    assert records(folder) == []
    assert {path.read_text().strip() for path in folder.glob("b/*")} == {shutil.which("qsub", path=cluster.env["PATH"])}


@pytest.mark.usefixtures("group_may_read")
def test_a_job_has_the_sites_module_and_the_variables_of_its_driver(run, standin, folder):
    """The login shell's profile defines `module`, and sets variables and a umask that it must not."""
    (standin.server.folder / "home" / ".bash_profile").write_text(PROFILE)
    env = {"WORD": "it's\n{me}", "TMOUT": "1", "TMPDIR": str(folder), "BASH_FUNC_f%%": "() { :; }"}
    code, output = run(one("module torch; printenv WORD TMPDIR > {output}"), env=env)
    assert code == 0, output
    assert (folder / "one.txt").read_text() == "it's\n{me}\n/tmp\n"
    assert mode(folder / "one.txt") == 0o640
    log = next((folder / ".snakemake" / "pbs_logs" / "one").iterdir()).read_text()
    assert "loaded torch" in log
    assert "TMOUT" not in log


BROKEN = """
rule broken:
    output: "broken"
    shell: "echo broken pipe dream >&2; exit 3"
rule slow:
    output: "slow"
    resources: walltime="00:00:05"
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
    resources: walltime="00:05:00"
    shell: "sleep 3; qdel $PBS_JOBID; sleep 300"
"""


@pytest.fixture(scope="module", params=["off", "on"])
def broken(request, tmp_path_factory):
    """A run of jobs that all fail, each in its way: its folder, what it printed, live jobs in the end, and history."""
    folder = tmp_path_factory.mktemp("broken")
    cluster = make_cluster(folder / "pbs", request.param)
    (folder / "Snakefile").write_text(BROKEN)
    targets = re.findall("^rule (.*):", BROKEN, re.MULTILINE)
    driver = Driver(cluster, folder, "--keep-going", "--show-failed-logs", *targets)
    assert driver.wait() != 0
    yield folder, driver.output, cluster.live(folder), request.param
    cluster.stop(folder)


LOST = r"PBS does not know it any more and it left no exit code: it was deleted, reached its walltime, or lost its node"


@pytest.mark.parametrize(
    ("on", "off"),
    [
        (
            r"PBS job (\S+) failed: its command failed \(Exit_status 1\)",
            r"PBS job (\S+) failed: its command failed \(exit code 1\)",
        ),
        (r"it ran longer than its walltime \(Exit_status -29\)", rf"{LOST}; it ran for 00:\d\d:\d\d of 00:00:05\n"),
        (
            r"it was deleted \(qdel\)",
            rf"{LOST}; it ran for (00:\d\d:\d\d|an unknown time) of (00:05:00|an unknown walltime)\n",
        ),
        *[
            (words, words)
            for words in (
                r"failed: no node can ever run it\. PBS: Can Never Run: .*ncpus",
                r"lost was not submitted to PBS: qsub: Unknown queue",
                r"odd was not submitted to PBS: resource walltime='2 hours' \(allowed: HH:MM:SS\)",
            )
        ],
    ],
)
def test_a_failed_job_says_why(broken, on, off):
    assert re.search(on if broken[3] == "on" else off, broken[1]), broken[1]


def test_failed_jobs_leave_their_log_and_nothing_else(broken):
    folder, output, live, _ = broken
    (jobid,) = re.findall(r"PBS job (\S+) failed: its command failed", output)
    log = folder / ".snakemake" / "pbs_logs" / "broken" / f"{jobid}.OU"
    assert "broken pipe dream" in log.read_text()
    assert str(log) in output
    assert "broken pipe dream" in output  # --show-failed-logs
    assert live == records(folder) == []


@both_modes
def test_a_failed_job_is_repeated_with_the_next_attempts_resources(run, folder):
    more = "resources: mem_mb=lambda wildcards, attempt: 50 * attempt"
    code, output = run(one("test {resources.mem_mb} = 100 && touch {output}", more), "--retries", "1")
    assert code == 0, output
    assert len(submitted(output)) == 2


@both_modes
def test_a_job_deleted_while_it_is_queued_is_an_error(start, standin, history):
    standin.set(ncpus=1)
    driver = start('rule all:\n    input: "0", "1"\n' + one("sleep 300").replace("one.txt", "{i}"))
    jobid = submitted(driver.said("submitted as", 2).output)[1]
    assert standin.call("qdel", jobid).returncode == 0
    words = "it was deleted before it ran" if history == "on" else LOST
    driver.said(f"PBS job {jobid} failed: {words}").press_ctrl_c()


@both_modes
def test_state_e_is_still_running(run, standin):
    standin.set(exiting=2)
    code, output = run(one())
    assert code == 0, output


@both_modes
@pytest.mark.parametrize("fault", ["down", "mute"])
def test_an_outage_is_waited_for(start, standin, fault):
    driver = start(one("sleep 2; touch {output}")).said("submitted as")
    standin.set(**{fault: 3})
    assert driver.wait() == 0, driver.output
    assert driver.output.count("PBS did not tell of all jobs") == 3
    assert len(standin.calls("qsub")) == 1


def test_submission_waits_for_the_server(run, standin):
    standin.set(down=2)
    code, output = run(one())
    assert code == 0, output
    assert len(standin.calls("qsub")) == 3


def test_a_full_queue_is_waited_for_and_ctrl_c_ends_the_wait(start, standin, folder):
    standin.set(max_queued=1)
    snakefile = 'rule all:\n    input: "0", "1"\n' + one("sleep 1; touch {output}").replace("one.txt", "{i}")
    driver = start(snakefile)
    assert driver.wait() == 0, driver.output
    assert driver.output.count("waits until PBS takes more jobs") == 1
    assert "would exceed queue workq's per-user limit" in driver.output
    driver = start(snakefile.replace("sleep 1", "sleep 300"), "--forceall").said("waits until")
    driver.press_ctrl_c()
    assert driver.wait() != 0
    assert standin.live(folder) == []


def test_a_site_without_select_is_asked_for_nodes(run, standin):
    standin.set(select=False)
    code, output = run(one(more="threads: 2"), "--pbs-request", "nodes")
    assert code == 0, output
    code, output = run(one(), "--forceall")
    assert code != 0
    assert "Unknown resource: select" in output


def test_mail_is_off_unless_asked_for_and_jobs_are_named_rule_and_run(start, cluster):
    snakefile = one("sleep 300").replace("one.txt", "runs/{run}.txt")
    for arguments, mail in ((), "n"), (("--pbs-mail", "ae"), "ae"):
        driver = start(snakefile, *arguments, "runs/base.txt").said("submitted as")
        record = cluster.call("qstat", "-f").stdout
        driver.press_ctrl_c()
        driver.wait()
        assert "    Job_Name = one-base\n" in record
        assert f"    Mail_Points = {mail}\n" in record


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--pbs-mail", "x"), "executor pbs: mail='x' (allowed: n, or some of a, b, e)"),
        (("--pbs-request", "chunks"), "'select', 'nodes'"),
    ],
)
def test_a_setting_that_pbs_cannot_take_is_refused_at_once(run, arguments, words):
    code, output = run(one(), *arguments)
    assert code != 0
    assert words in output
    assert "Traceback" not in output


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
