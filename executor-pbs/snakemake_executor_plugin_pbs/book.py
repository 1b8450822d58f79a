"""The ids of live jobs on disk, so that a Snakemake that is started again finds the jobs of one that died.

A record is a file KEY.FINGERPRINT that holds the id. The key stands for what a job makes, the fingerprint for what it
makes it from: a live job with the same key and another fingerprint must not be taken for the one that is wanted now.
Each job leaves its exit code in exit.ID, for sites where PBS forgets a job when it ends.
"""

import hashlib
import json
from pathlib import Path

from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

CANCELLED = "cancelled"


class Book:
    """Records in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def record(self, job: JobExecutorInterface) -> Path:
        """Where this job's id is kept."""
        return self.folder / f"{_key(job)}.{_fingerprint(job)}"

    def records(self) -> dict[Path, str]:
        """All records and the ids in them; a qsub that never answered has left an empty one."""
        files = [path for path in self.folder.iterdir() if not path.name.startswith("exit.")]
        return {path: lines[-1] for path in files if (lines := path.read_text(encoding="utf-8").split())}

    def exit_file(self, jobid: str) -> Path:
        """Where the job of this id leaves its exit code."""
        return self.folder / f"exit.{jobid}"

    def exit_code(self, jobid: str) -> int | None:
        """What the job itself said when it ended."""
        try:
            return int(self.exit_file(jobid).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def cancelled(self, record: Path) -> None:
        """Keep the record of a deleted job, which may go on writing for some seconds, under no job's fingerprint."""
        if record.exists():
            record.replace(record.with_suffix(f".{CANCELLED}"))

    def drop(self, record: Path) -> None:
        """Remove a record and its exit code."""
        for jobid in record.read_text(encoding="utf-8").split() if record.exists() else []:
            self.exit_file(jobid).unlink(missing_ok=True)
        record.unlink(missing_ok=True)

    def forget(self, job: JobExecutorInterface) -> None:
        """Drop every record of a job that has been dealt with, but for an empty one: PBS may have a job of it yet."""
        for record in self.folder.glob(f"{_key(job)}.*"):
            if record.stat().st_size:
                self.drop(record)


def _key(job: JobExecutorInterface) -> str:
    work = sorted([spec.rulename, *sorted(spec.wildcards_dict.items())] for spec in job.get_target_spec())
    return _hash([work, sorted(map(str, job.output))])


def _fingerprint(job: JobExecutorInterface) -> str:
    """Hash of inputs, params, and shell commands, of each job if they are a group."""
    jobs = job.jobs if job.is_group() else [job]
    return _hash(sorted(map(_ingredients, jobs)))


def _ingredients(job: JobExecutorInterface) -> str:
    properties = json.loads(job.properties())
    return json.dumps([properties.get("input"), properties.get("params"), job.rule.shellcmd], sort_keys=True)


def _hash(value) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
