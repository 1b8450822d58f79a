"""What is said to PBS, and what is read in its answers."""

import asyncio
import logging
import os
import threading
import time
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_pbs import LOST, Executor, environment, pbs, request
from snakemake_executor_plugin_pbs.book import Book, _key
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

RECORDS = """Job Id: 12.host
    Job_Name = one
    job_state = F
    Variable_List = A=1,B=a very long value of which qstat prints the first half he
\tre and the second there,C=
    comment = Job run at Fri Nov 20 at 14:41 on (host:ncpus=1) and exceeded its wall
\ttime
    Exit_status = -29
    stime = Fri Nov 20 14:41:07 2026
    Resource_List.walltime = 00:01:00
    odd = job_state = R

Job Id: 13.host
    job_state = Q
    comment = Can Never Run: Insufficient amount of resource: ncpus (R: 9 A: 4 T: 4)

"""


def test_records_are_read():
    jobs = pbs.parse(RECORDS)
    comment = "Job run at Fri Nov 20 at 14:41 on (host:ncpus=1) and exceeded its walltime"
    started = time.mktime((2026, 11, 20, 14, 41, 7, 0, 0, -1))
    assert jobs["12.host"] == pbs.Status("F", -29, comment, started=started, walltime="00:01:00")
    assert jobs["12.host"].used(started + 79.4) == "it ran for 00:01:19 of 00:01:00"
    assert jobs["13.host"].used(0.0) == "it ran for an unknown time of an unknown walltime"
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


def options(by_nodes=False, **resources):
    return " ".join(request.options(4, resources, by_nodes))


def test_resources_become_options():
    large = {"nodes": 2, "ncpus": 8, "mem_mb": 4000, "ngpus": 1, "runtime": 1501}
    assert options() == "-l select=1:ncpus=4"
    assert options(**large) == "-l select=2:ncpus=8:mem=4000mb:ngpus=1 -l walltime=25:01:00"
    assert options(gpu=2) == "-l select=1:ncpus=4:ngpus=2"
    assert options(gpu=0) == "-l select=1:ncpus=4"
    assert options(walltime="1:30:00", runtime=5).endswith("-l walltime=1:30:00")
    assert options(queue="long", account="physics").endswith("-q long -A physics")
    assert options(select="1:ncpus=2:gpu_type=a100", mem_mb=7) == "-l select=1:ncpus=2:gpu_type=a100"
    assert options(by_nodes=True) == "-l nodes=1:ppn=4"
    assert options(by_nodes=True, **large) == "-l nodes=2:ppn=8:gpus=1,mem=8000mb -l walltime=25:01:00"


@pytest.mark.parametrize(
    ("resources", "line"),
    [
        ({"ncpus": "many"}, "resource ncpus='many' (allowed: a whole number, at least 1)"),
        ({"mem_mb": 0}, "resource mem_mb=0 (allowed: a whole number, at least 1)"),
        ({"gpu": -1}, "resource gpu=-1 (allowed: a whole number, at least 0)"),
        ({"walltime": "90"}, "resource walltime='90' (allowed: HH:MM:SS)"),
        ({"queue": "a b"}, "resource queue='a b' (allowed: a name without spaces)"),
        (
            {"select": "1:ncpus=1", "by_nodes": True},
            "resource select='1:ncpus=1' (allowed: none where jobs ask for nodes)",
        ),
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
    assert request.job_name("train", ["base"]) == "train-base"
    assert request.job_name("layerwise_msd", ["resnet14", "2"]) == "layerwi-resnet1"
    assert request.job_name("msd", ["a run of a long name"]) == "msd-a_run_of_a_"


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
        denied={},
        seen={},
        latency_wait=10,
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


def test_an_unknown_job_is_given_up_after_the_latency_wait_only(executor, monkeypatch):
    """Before that its exit code may come yet; what it used counts until PBS forgot it."""
    info = SubmittedJobInfo(SimpleNamespace(name="one"), "1.host", [])
    answers = [{"1.host": pbs.Status("R", started=1000.0, walltime="00:10:00")}, {}, {}, {}]
    times = iter([1125.4, 1135.3, 1135.4])
    monkeypatch.setattr(
        pbs, "status", lambda jobids: pbs.Answer(found := answers.pop(0), frozenset(jobids) - found.keys())
    )
    monkeypatch.setattr("snakemake_executor_plugin_pbs.time.time", lambda: next(times))
    assert [poll(executor, [info]) for _ in range(3)] == [[info]] * 3
    assert poll(executor, [info]) == []
    assert info.aux == [f"PBS job 1.host failed: {LOST}; it ran for 00:02:05 of 00:10:00\n"]


@pytest.mark.parametrize(
    ("code", "said"), [(0, "success"), (3, "PBS job 1.host failed: its command failed (exit code 3)\n")]
)
def test_an_unknown_jobs_own_exit_code_counts_at_once(executor, monkeypatch, code, said):
    info = SubmittedJobInfo(SimpleNamespace(name="one"), "1.host", [])
    executor.book = SimpleNamespace(exit_code=lambda jobid: code)
    monkeypatch.setattr(pbs, "status", lambda jobids: pbs.Answer(unknown=frozenset(jobids)))
    assert poll(executor, [info]) == []
    assert info.aux == [said]


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


WITHOUT_HISTORY = """
case "$*" in *-x*) echo qstat: PBS is not configured to maintain job history >&2; exit 0;; esac
printf 'Job Id: 1.host\\n    job_state = R\\n'; echo qstat: Unknown Job Id 2.host >&2; exit 153"""


def test_a_server_without_history_is_asked_without_it(tmp_path, monkeypatch):
    fake(tmp_path, monkeypatch, "qstat", WITHOUT_HISTORY)
    assert pbs.status(["1.host", "2.host"]) == pbs.Answer({"1.host": pbs.Status("R")}, frozenset({"2.host"}))


def test_commands_run_in_a_session_of_their_own(tmp_path, monkeypatch):
    fake(tmp_path, monkeypatch, "qsub", f'cut -d" " -f6 /proc/$$/stat > {tmp_path}/sid; echo 12.host')
    assert pbs.submit([], "script", tmp_path / "record") == "12.host"
    assert (tmp_path / "record").read_text() == "12.host\n"
    assert int((tmp_path / "sid").read_text()) != os.getsid(0)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo qsub: Unknown queue >&2; exit 170", pbs.PbsError),
        ("echo qsub: would exceed complex\\'s per-user limit of jobs >&2; exit 38", pbs.FullError),
        ("echo qsub: Maximum number of jobs already in queue workq >&2; exit 38", pbs.FullError),
        ("exit 186", pbs.NoAnswerError),
    ],
)
def test_what_qsub_says_tells_whether_asking_again_helps(tmp_path, monkeypatch, script, error):
    fake(tmp_path, monkeypatch, "qsub", script)
    with pytest.raises(pbs.PbsError) as raised:
        pbs.submit([], "script", tmp_path / "record")
    assert type(raised.value) is error
    assert not (tmp_path / "record").exists()


def test_a_job_whose_qsub_never_answered_is_not_submitted_twice(tmp_path, monkeypatch):
    """The first qsub hangs after PBS has taken the job; the second try finds it by its mark."""
    monkeypatch.setattr(pbs, "COMMAND_SECONDS", 0.5)
    fake(tmp_path, monkeypatch, "qsub", f'echo "$2" >> {tmp_path}/marks; exec sleep 30')
    fake(
        tmp_path,
        monkeypatch,
        "qstat",
        f"""printf 'Job Id: 1.host\\n    Variable_List = A=1\\nJob Id: 2.host\\n    Variable_List = A=1,'; cat {tmp_path}/marks""",
    )
    with pytest.raises(pbs.NoAnswerError, match=r"qsub took longer than 0\.5 s"):
        pbs.submit([], "script", tmp_path / "record")
    assert pbs.submit([], "script", tmp_path / "record") == "2.host"
    assert (tmp_path / "record").read_text() == "2.host\n"
    assert len((tmp_path / "marks").read_text().splitlines()) == 1


def test_a_qsub_that_never_answered_and_left_no_job_is_repeated(tmp_path, monkeypatch):
    fake(tmp_path, monkeypatch, "qsub", "echo 3.host")
    fake(tmp_path, monkeypatch, "qstat", f"test -e {tmp_path}/up || exit 255")
    (tmp_path / "record").touch()
    with pytest.raises(pbs.NoAnswerError):
        pbs.submit([], "script", tmp_path / "record")
    (tmp_path / "up").touch()
    assert pbs.submit([], "script", tmp_path / "record") == "3.host"


def test_the_record_of_a_qsub_that_never_answered_outlives_the_jobs_error(tmp_path):
    job = SimpleNamespace(get_target_spec=list, output=["one"])
    book = Book(tmp_path / "book")
    told, untold = (book.folder / f"{_key(job)}.{name}" for name in ("told", "untold"))
    told.write_text("1.host\n")
    untold.touch()
    book.forget(job)
    assert not told.exists()
    assert untold.exists()


def test_a_qdel_or_qstat_that_hangs_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(pbs, "COMMAND_SECONDS", 0.3)
    for command in ("qdel", "qstat"):
        fake(tmp_path, monkeypatch, command, f"echo {command} >> {tmp_path}/asked; exec sleep 30")
    assert pbs.status(["1.host"]) == pbs.Answer(trouble="qstat took longer than 0.3 s")
    assert pbs.cancel(["1.host"]) == ["1.host"]
    assert (tmp_path / "asked").read_text().split() == ["qstat", "qdel"]


def test_variables_of_the_job_and_functions_are_not_taken_over():
    names = ["A", "PATH", "BASH_FUNC_module%%", "PBS_JOBID", "TMPDIR", "CUDA_VISIBLE_DEVICES", "_", "SNAKEMAKE_PROFILE"]
    assert environment.restored(dict.fromkeys(names, "x y")) == "{ export A='x y'; export PATH='x y'; } 2>/dev/null"
    assert environment.restored({}) == "true"


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
