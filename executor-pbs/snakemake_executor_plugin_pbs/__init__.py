"""Snakemake executor for PBS: jobs go to qsub, one qstat asks for all of them, Ctrl-C gives them to qdel."""

import asyncio
import os
import re
import shlex
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

from snakemake_executor_plugin_pbs import environment, pbs, request
from snakemake_executor_plugin_pbs.book import Book

TICK = 0.2  # seconds within which waiting ends when Snakemake stops
REPLACED_SECONDS = 300  # for a live job with other inputs or params to end; a node may tell of an end 90 s late
JOBSCRIPT = "#!/bin/bash -l\n# properties = {properties}\n{exec_job}"  # a login shell knows the site's `module`
LOST = "PBS does not know it any more and it left no exit code: it was deleted, reached its walltime, or lost its node"


@dataclass
class ExecutorSettings(ExecutorSettingsBase):
    """Settings on Snakemake's command line, as --pbs-NAME."""

    logdir: Path = field(
        default=Path(".snakemake/pbs_logs"),
        metadata={"help": "Folder for PBS's logs, a folder per rule."},
    )
    request: str = field(
        default="select",
        metadata={
            "help": "How jobs ask for processors: -l select=N:ncpus=C, or -l nodes=N:ppn=C where a site has no select.",
            "choices": ["select", "nodes"],
        },
    )
    mail: str = field(
        default="n",
        metadata={"help": "When PBS sends mail, as in qsub -m: n for never, a, b, e for a job's abort, begin, end."},
    )
    qsub_options: str = field(
        default="",
        metadata={"help": "Further options of qsub, for every job, as in '-W group_list=physics'."},
    )


common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    auto_deploy_default_storage_provider=False,
)


class Executor(RemoteExecutor):
    """Jobs on PBS.

    All qsub and the last qdel of a run happen in one worker thread. Ctrl-C interrupts the main thread alone: a qsub
    under way ends and its job enters `live`, and the qdel that comes next in the worker's queue finds it there.
    """

    def __post_init__(self):
        if missing := pbs.missing_commands():
            raise WorkflowError(
                f"executor pbs: no {', '.join(missing)} on the PATH; start Snakemake where PBS takes jobs"
            )
        if not re.fullmatch("n|[abe]{1,3}", self.executor_settings.mail):
            raise WorkflowError(f"executor pbs: mail={self.executor_settings.mail!r} (allowed: n, or some of a, b, e)")
        if self.is_default_jobscript:
            self.jobscript = JOBSCRIPT
        self.exports, self.umask = environment.restored(os.environ), environment.umask()
        self.latency_wait = self.workflow.execution_settings.latency_wait
        self.book = Book(Path(".snakemake/pbs").absolute())
        self.logdir = self.executor_settings.logdir.absolute()
        self.qsub_options = shlex.split(self.executor_settings.qsub_options)
        self.live: dict[str, Path] = {}  # id and record of each job that may be in PBS
        self.seen: dict[str, pbs.Status] = {}  # what PBS said last of each
        self.denied: dict[str, float] = {}  # since when (seconds since 1970) PBS does not know a job
        self.told = set()  # held jobs of which the user has been told
        self.stopping = threading.Event()
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pbs")
        self.earlier = self._earlier_jobs()

    # Submission

    def run_job(self, job: JobExecutorInterface):
        """Submit a job, or go on with the one that a Snakemake that died has left in PBS."""
        info = SubmittedJobInfo(job)
        try:
            logs = self.logdir / job.name
            logs.mkdir(parents=True, exist_ok=True)
            options = self._options(job, logs)
            script = self.get_jobscript(job)
            self.write_jobscript(job, script)
            info.external_jobid = self.worker.submit(self._start, job, options, script).result()
        except (pbs.PbsError, request.BadRequestError) as error:
            self.report_job_error(info, msg=f"{job.name} was not submitted to PBS: {error}\n")
            return
        self.report_job_submission(info)

    def _options(self, job: JobExecutorInterface, logs: Path) -> list[str]:
        settings = self.executor_settings
        return [
            *("-N", _name(job)),
            *request.options(job.threads, job.resources, by_nodes=settings.request == "nodes"),
            *("-j", "oe", "-o", f"{logs}/", "-W", f"umask={self.umask}", "-m", settings.mail),
            *("-r", "n"),  # Snakemake repeats jobs itself
            *self.qsub_options,
        ]

    def _start(self, job: JobExecutorInterface, options: list[str], script: str) -> str:
        record = self.book.record(job)
        for other in [path for path in self.earlier if path.stem == record.stem]:
            jobid = self.earlier.pop(other)
            if other == record:
                self.logger.info(f"{job.name}: PBS job {jobid} of an earlier run goes on.")
                self.live[jobid] = record
                return jobid
            self._replace(jobid, other)
        jobid = self._submit(job, options, script, record)
        self.live[jobid] = record
        self.logger.info(f"{job.name}: submitted as PBS job {jobid}.")
        return jobid

    def _submit(self, job: JobExecutorInterface, options: list[str], script: str, record: Path) -> str:
        """Submit, and wait, however long, while the queue is full."""
        for pause in chain(pbs.PAUSES, repeat(pbs.PAUSES[-1])):
            try:
                return pbs.patiently(lambda: pbs.submit(options, script, record), self.stopping.wait)
            except pbs.FullError as error:
                if pause == pbs.PAUSES[0]:
                    self.logger.warning(f"{job.name} waits until PBS takes more jobs (--jobs sets how many): {error}")
                if self.stopping.wait(pause):
                    raise

    def _replace(self, jobid: str, record: Path):
        """Delete an earlier run's job whose outputs are wanted anew, and wait until it has written its last."""
        end = time.monotonic() + REPLACED_SECONDS
        pbs.cancel([jobid])
        while not self.stopping.wait(TICK):
            answer = pbs.status([jobid])
            if jobid in answer.unknown or (jobid in answer.found and answer.found[jobid].ended):
                self.book.drop(record)
                return
            if time.monotonic() > end:
                raise pbs.PbsError(f"job {jobid} of an earlier run makes the same files and does not end; qdel it")

    def _earlier_jobs(self) -> dict[Path, str]:
        """Records and ids of jobs that a Snakemake which died, or was interrupted, has left live in PBS."""
        records, live = self.book.records(), set()
        for chunk in pbs.chunks(list(records.values())):
            live |= self._live(chunk)
        for record, jobid in records.items():
            if jobid not in live:
                self.book.drop(record)
        if live:
            self.logger.info(f"PBS still has jobs of an earlier run: {' '.join(sorted(live))}")
        return {record: jobid for record, jobid in records.items() if jobid in live}

    def _live(self, jobids: list[str]) -> set[str]:
        """Those that have not ended. Without an answer nothing may be submitted: it could be a second copy."""

        def ask():
            answer = pbs.status(jobids)
            if answer.trouble:
                raise pbs.NoAnswerError(answer.trouble)
            return answer

        try:
            answer = pbs.patiently(ask, self.stopping.wait)
        except pbs.NoAnswerError as error:
            raise WorkflowError(f"executor pbs: an earlier run may have live jobs, but: {error}") from None
        return {jobid for jobid, status in answer.found.items() if not status.ended}

    # The job's script

    def get_job_exec_prefix(self, job: JobExecutorInterface) -> str:
        """Variables, umask, and folder of this process: a job starts in the home folder with those of a login."""
        return f"{self.exports}; umask {self.umask} && cd {shlex.quote(self.workflow.workdir_init)}"

    def get_job_exec_suffix(self, job: JobExecutorInterface) -> str:
        """Leave the exit code behind: without history PBS forgets a job when it ends."""
        path = shlex.quote(str(self.book.exit_file(""))) + '"$PBS_JOBID"'
        return f"echo 0 > {path} || {{ code=$?; echo $code > {path}; exit $code; }}"

    def additional_general_args(self) -> str:
        """Inside its job Snakemake works where it is, even if a profile that it reads there names this executor."""
        return "--executor local"

    # Status

    async def sleep(self):
        """Wait between polls, but not once Snakemake stops."""
        end = time.monotonic() + self.next_seconds_between_status_checks
        while self.wait and (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(TICK, left))

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]):
        """One qstat for 500 jobs; those that go on are yielded."""
        for chunk in pbs.chunks(active_jobs):
            async with self.status_rate_limiter:
                answer = pbs.status([info.external_jobid for info in chunk])
            if answer.trouble:
                self.logger.warning(f"PBS did not tell of all jobs and will be asked again: {answer.trouble}")
            for info in chunk:
                if self.stopping.is_set() or not self._settle(info, answer):
                    yield info

    def _settle(self, info: SubmittedJobInfo, answer: pbs.Answer) -> bool:
        """Report a job that has ended."""
        jobid = info.external_jobid
        status = answer.found.get(jobid)
        if status is None:
            return jobid in answer.unknown and self._settle_unknown(info)
        self.denied.pop(jobid, None)
        self.seen[jobid] = status
        if status.succeeded:
            return self._success(info)
        if status.ended or (status.never_runs and pbs.delete([jobid])):
            return self._failure(info, status.reason())
        if status.state == "H" and jobid not in self.told:
            self.told.add(jobid)
            self.logger.warning(f"PBS holds job {jobid} ({info.job.name}) back: {status.comment or 'no comment'}")
        return False

    def _settle_unknown(self, info: SubmittedJobInfo) -> bool:
        """A job that PBS has forgotten has left its exit code itself; a file may be late to be seen here."""
        jobid = info.external_jobid
        code = self.book.exit_code(jobid)
        if code is not None:
            return self._success(info) if code == 0 else self._failure(info, f"its command failed (exit code {code})")
        now = time.time()
        end = self.denied.setdefault(jobid, now)
        if now - end < self.latency_wait:
            return False
        return self._failure(info, f"{LOST}; {self.seen.get(jobid, pbs.UNSEEN).used(end)}")

    def _success(self, info: SubmittedJobInfo) -> bool:
        self._forget(info)
        self.report_job_success(info)
        return True

    def _failure(self, info: SubmittedJobInfo, reason: str) -> bool:
        self._forget(info)
        log = self.logdir / info.job.name / f"{info.external_jobid}.OU"
        message = f"PBS job {info.external_jobid} failed: {reason}\n"
        self.report_job_error(info, msg=message, aux_logs=[str(log)] if log.exists() else [])
        return True

    def _forget(self, info: SubmittedJobInfo):
        for known in (self.live, self.seen, self.denied):
            known.pop(info.external_jobid, None)

    def handle_job_success(self, job: JobExecutorInterface):
        """Forget the job only when Snakemake has taken its outputs: until then a restart must find it."""
        super().handle_job_success(job)
        self.book.forget(job)

    def handle_job_error(self, job: JobExecutorInterface):
        """Forget the job, so that its next attempt is a new one."""
        super().handle_job_error(job)
        self.book.forget(job)

    # The end

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]):
        """Delete all jobs of this run, whether Snakemake knows of them yet or not."""
        self.stopping.set()
        self.worker.submit(self._delete_all).result()

    def _delete_all(self):
        left = pbs.cancel(self.live)
        for jobid, record in list(self.live.items()):
            if jobid not in left:
                self.book.cancelled(record)
        if left:
            self.logger.error(f"PBS took no note of the end of these jobs; qdel them: {' '.join(left)}")

    def shutdown(self):
        """End the polls and the worker."""
        super().shutdown()
        self.worker.shutdown()


def _name(job: JobExecutorInterface) -> str:
    """Rule and wildcards; a group has wildcards in its name if all its jobs have the same."""
    wildcards = {tuple(spec.wildcards_dict.values()) for spec in job.get_target_spec()}
    return request.job_name(job.name, wildcards.pop() if len(wildcards) == 1 else ())
