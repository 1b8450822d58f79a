"""What is said to PBS, and what is read in its answers."""

import asyncio
import logging
import os
import threading
from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_pbs import Executor, pbs, request
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

RECORDS = """Job Id: 12.host
    Job_Name = one
    job_state = F
    Variable_List = A=1,B=a very long value of which qstat prints the first half he
\tre and the second there,C=
    comment = Job run at Fri Nov 20 at 14:41 on (host:ncpus=1) and exceeded its wall
\ttime
    Exit_status = -29
    odd = job_state = R

Job Id: 13.host
    job_state = Q
    comment = Can Never Run: Insufficient amount of resource: ncpus (R: 9 A: 4 T: 4)

"""


def test_records_are_read():
    jobs = pbs.parse(RECORDS)
    comment = "Job run at Fri Nov 20 at 14:41 on (host:ncpus=1) and exceeded its walltime"
    assert jobs["12.host"] == pbs.Status("F", -29, comment)
    assert jobs["12.host"].reason() == f"it ran longer than its walltime (Exit_status -29). PBS: {comment}"
    assert jobs["13.host"].never_runs
    assert pbs.parse("") == {}


@pytest.mark.parametrize(
    ("state", "code", "ended", "succeeded"),
    [
        *((state, None, False, False) for state in "QHWRSE"),
        *((state, 0, True, True) for state in "FXC"),
        ("F", 1, True, False),
    ],
)
def test_states(state, code, ended, succeeded):
    status = pbs.Status(state, code)
    assert (status.ended, status.succeeded) == (ended, succeeded)


def test_a_deleted_job_has_not_succeeded_whatever_its_exit_status():
    """PBS says 0 of a job whose processes all died of qdel's signal before it looked."""
    record = "Job Id: 6.host\n    job_state = F\n    substate = 91\n    Exit_status = 0\n"
    status = pbs.parse(record)["6.host"]
    assert not status.succeeded
    assert status.reason() == "it was deleted (qdel)"
    assert pbs.parse(record.replace("91", "92"))["6.host"].succeeded


def options(**resources):
    return " ".join(request.options("make_it", 4, resources, "/logs"))


def test_resources_become_options():
    assert options() == "-N make_it -l select=1:ncpus=4 -j oe -o /logs/ -r n -V"
    assert "-l select=2:ncpus=8:mem=4000mb:ngpus=1 -l walltime=25:01:00 " in options(
        nodes=2, ncpus=8, mem_mb=4000, ngpus=1, runtime=1501
    )
    assert "-l select=1:ncpus=4:ngpus=2 " in options(gpu=2)
    assert "ngpus" not in options(gpu=0)
    assert "-l walltime=1:30:00 " in options(walltime="1:30:00", runtime=5)
    assert options(queue="long", account="physics").endswith("-q long -A physics")
    assert "-l select=1:ncpus=2:gpu_type=a100 " in options(select="1:ncpus=2:gpu_type=a100", mem_mb=7)


@pytest.mark.parametrize(
    ("resources", "line"),
    [
        ({"ncpus": "many"}, "resource ncpus='many' (allowed: a whole number, at least 1)"),
        ({"mem_mb": 0}, "resource mem_mb=0 (allowed: a whole number, at least 1)"),
        ({"gpu": -1}, "resource gpu=-1 (allowed: a whole number, at least 0)"),
        ({"walltime": "90"}, "resource walltime='90' (allowed: HH:MM:SS)"),
        ({"queue": "a b"}, "resource queue='a b' (allowed: a name without spaces)"),
        ({"select": "1: ncpus=1"}, "resource select='1: ncpus=1' (allowed: chunks as in qsub -l select=)"),
    ],
)
def test_bad_resources_are_named(resources, line):
    with pytest.raises(request.BadRequestError) as error:
        options(**resources)
    assert str(error.value) == line


def test_job_names_are_such_as_pbs_takes():
    assert request.job_name("a_long_name_of_a_rule") == "a_long_name_of_"
    assert request.job_name("0ä b") == "j0__b"


class Throttle:
    async def __aenter__(self):
        pass

    async def __aexit__(self, *error):
        pass


@pytest.fixture
def executor(tmp_path, monkeypatch):
    """As much of the executor as polling needs."""
    executor = Executor.__new__(Executor)
    vars(executor).update(
        logger=logging.getLogger("pbs"),
        status_rate_limiter=Throttle(),
        stopping=threading.Event(),
        denied=Counter(),
        told=set(),
        live={},
        logdir=tmp_path,
        book=SimpleNamespace(exit_code=lambda jobid: None),
        lock=nullcontext(),
    )
    monkeypatch.setattr(Executor, "report_job_success", lambda self, info: info.aux.append("success"))
    monkeypatch.setattr(Executor, "report_job_error", lambda self, info, msg, aux_logs: info.aux.append(msg))
    return executor


def poll(executor, infos):
    async def collect():
        return [info async for info in executor.check_active_jobs(infos)]

    return asyncio.run(collect())


def test_a_thousand_jobs_take_two_qstats(executor, monkeypatch):
    asked = []

    def status(jobids):
        asked.append(len(jobids))
        return pbs.Answer({jobid: pbs.Status("F", 0) if jobid.endswith("0") else pbs.Status("R") for jobid in jobids})

    monkeypatch.setattr(pbs, "status", status)
    infos = [SubmittedJobInfo(SimpleNamespace(name="one"), str(number), []) for number in range(1000)]
    assert len(poll(executor, infos)) == 900
    assert asked == [500, 500]
    assert sum(info.aux == ["success"] for info in infos) == 100


def test_an_unknown_job_is_given_up_at_the_third_poll_only(executor, monkeypatch):
    info = SubmittedJobInfo(SimpleNamespace(name="one"), "1.host", [])
    monkeypatch.setattr(pbs, "status", lambda jobids: pbs.Answer(unknown=frozenset(jobids)))
    assert poll(executor, [info]) == poll(executor, [info]) == [info]
    assert poll(executor, [info]) == []
    assert "PBS does not know it any more" in info.aux[0]


def test_a_held_job_is_told_once(executor, monkeypatch, caplog):
    info = SubmittedJobInfo(SimpleNamespace(name="one"), "1.host", [])
    monkeypatch.setattr(pbs, "status", lambda jobids: pbs.Answer({"1.host": pbs.Status("H", None, "too many tries")}))
    assert poll(executor, [info]) == poll(executor, [info]) == [info]
    assert [record.message for record in caplog.records] == ["PBS holds job 1.host (one) back: too many tries"]


def fake(folder, monkeypatch, name, script):
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("script", "unknown", "trouble"),
    [
        ("printf 'Job Id: 1.host\\n    job_state = R\\n'; exit 153", {"2.host"}, ""),
        ("printf 'Job Id: 1.host\\n    job_state = R\\n'", set(), "qstat exited with 0"),
        ("printf 'Job Id: 1.host\\n    job_state = R\\n'; echo no luck >&2; exit 255", set(), "no luck"),
    ],
    ids=["unknown", "silent", "down"],
)
def test_only_an_unknown_id_is_unknown(tmp_path, monkeypatch, script, unknown, trouble):
    fake(tmp_path, monkeypatch, "qstat", script)
    assert pbs.status(["1.host", "2.host"]) == pbs.Answer({"1.host": pbs.Status("R")}, frozenset(unknown), trouble)


def test_commands_run_in_a_session_of_their_own_and_without_a_profile(tmp_path, monkeypatch):
    fake(
        tmp_path, monkeypatch, "qsub", f'cut -d" " -f6 /proc/$$/stat > {tmp_path}/sid; echo "12.host$SNAKEMAKE_PROFILE"'
    )
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "pbs")
    assert pbs.submit([], "script", tmp_path / "record") == "12.host"
    assert (tmp_path / "record").read_text() == "12.host\n"
    assert int((tmp_path / "sid").read_text()) != os.getsid(0)


def test_cancel_asks_again_until_all_are_gone(tmp_path, monkeypatch):
    """The first qdel finds no server, the second deletes one of two, the third the other."""
    monkeypatch.setattr(pbs, "PAUSES", (0, 0, 0, 0))
    fake(
        tmp_path,
        monkeypatch,
        "qdel",
        f'echo "$@" >> {tmp_path}/asked; test $(wc -l < {tmp_path}/asked) = 3 || exit 111',
    )
    fake(
        tmp_path,
        monkeypatch,
        "qstat",
        f"test $(wc -l < {tmp_path}/asked) = 1 && exit 255; "
        "printf 'Job Id: 1.host\\n    job_state = F\\nJob Id: 2.host\\n    job_state = R\\n'",
    )
    assert pbs.cancel(["1.host", "2.host"]) == []
    assert (tmp_path / "asked").read_text().splitlines() == ["1.host 2.host", "1.host 2.host", "2.host"]


def test_cancel_returns_what_may_still_be_there(tmp_path, monkeypatch):
    monkeypatch.setattr(pbs, "PAUSES", (0, 0))
    for command in ("qdel", "qstat"):
        fake(tmp_path, monkeypatch, command, "exit 111")
    assert pbs.cancel(["1.host"]) == ["1.host"]
