"""The log of a job: what it printed, the error that ended it, also on a full disk."""

import errno
import io
import os
import sys

import pytest
from sgdwalk.jobs import logs


def fail(path):
    with logs.logging_to(str(path)):
        print("begun", file=sys.stderr, flush=True)
        raise ValueError("what was wrong")


def test_a_log_holds_what_was_printed_and_the_error_and_nothing_is_beside_it(tmp_path):
    path = tmp_path / "logs" / "train.log"
    with pytest.raises(ValueError, match="what was wrong"):
        fail(path)
    assert path.read_text().startswith("begun\nTraceback")
    assert path.read_text().endswith("ValueError: what was wrong\n")
    assert list(path.parent.iterdir()) == [path]


class FullDisk(io.StringIO):
    """A log on a disk whose only free bytes will be those that another file gives up."""

    def write(self, text):
        if os.fstat(self.other.fileno()).st_size == logs.ROOM:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)

    def close(self):
        pass


def test_on_a_full_disk_the_error_has_the_room_that_was_kept_for_it(tmp_path, monkeypatch):
    disk, temporary = FullDisk(), logs.tempfile.TemporaryFile

    def kept(**options):
        disk.other = temporary(**options)
        return disk.other

    monkeypatch.setattr(logs.tempfile, "TemporaryFile", kept)
    monkeypatch.setattr(logs, "open", lambda *_, **options: disk, raising=False)
    with pytest.raises(OSError, match="No space left"):
        fail(tmp_path / "train.log")
    assert disk.getvalue().startswith("Traceback")
    assert disk.getvalue().endswith("OSError: [Errno 28] No space left on device\n")
