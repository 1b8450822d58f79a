"""A lock on a folder among processes on any machines that see it: a file that names its owner and has a heartbeat."""

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from sgdwalk.storage.delivery import remove

NAME = "lock.json"
HEARTBEAT = 10  # seconds between two signs of life of the owner
STALE = 120  # seconds without one after which the owner counts as dead: file servers may show times a minute late


class LockError(RuntimeError):
    """The folder is another process's."""


class Lock:
    """Context: the folder is this process's alone, and is made if it does not exist.

    The heartbeat is the time of the lock's file. A second process that finds a lock watches it until the next sign of
    life, or takes it over: at once where the owner was a process of this machine that has ended, else after STALE
    seconds without a sign of life. wait: whether to wait until a living owner has ended. Otherwise raises LockError, in
    one line, that names the owner.
    """

    def __init__(self, folder: Path, *, wait: bool = False):
        self.folder, self.path, self.wait = folder, folder / NAME, wait
        self.owner = {"machine": _machine(), "process": os.getpid(), "key": uuid.uuid4().hex}
        self.ended = threading.Event()

    def __enter__(self) -> "Lock":
        self.folder.resolve().mkdir(parents=True, exist_ok=True)
        while not self._created():
            found = _owner(self.path)
            if _dead(found) or not self._shows_life():
                self._take_from(found)
            elif not self.wait:
                raise LockError(f"{self.folder}: in use by {_words(found)}; wait until it has ended, or end it")
        self.heart = threading.Thread(target=self._beat, daemon=True)
        self.heart.start()
        return self

    def __exit__(self, kind, error, traceback) -> None:
        self.ended.set()
        self.heart.join()
        if self._ours():
            self.path.unlink()

    def check(self) -> None:
        """Raise LockError if another process has taken the folder over, as after a long suspension of this one."""
        if not self._ours():
            new = _words(_owner(self.path))
            raise LockError(f"{self.folder}: taken over by {new}, because this process showed no sign of life")

    def clear(self) -> None:
        """Remove everything in the folder but the lock."""
        self.check()
        for inside in self.folder.iterdir():
            if inside != self.path:
                remove(inside)

    def _created(self) -> bool:
        """Whether the lock was free and is now ours."""
        try:
            handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        try:
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(self.owner, file)
        except OSError:
            self.path.unlink()
            raise
        return True

    def _ours(self) -> bool:
        return (_owner(self.path) or {}).get("key") == self.owner["key"]

    def _beat(self) -> None:
        while not self.ended.wait(HEARTBEAT):
            with contextlib.suppress(OSError):
                if self._ours():
                    os.utime(self.path)

    def _shows_life(self) -> bool:
        """Whether the lock's time changes before the lock is STALE seconds old; not, if it goes away."""
        try:
            first = self.path.stat().st_mtime
            left = STALE - (self._now() - first)
            while left > 0:
                time.sleep(min(left, 1))
                left -= 1
                if self.path.stat().st_mtime != first:
                    return True
        except FileNotFoundError:
            pass
        return False

    def _now(self) -> float:
        """The time by the clock that dates files in this folder, which may differ from this machine's."""
        file = self.folder / f".{self.owner['key']}"
        file.touch()
        try:
            return file.stat().st_mtime
        finally:
            file.unlink()

    def _take_from(self, found: dict[str, Any] | None) -> None:
        """Move a dead owner's lock away; put it back if it is another's by now, who was faster."""
        away = self.folder / f".{NAME}.{self.owner['key']}"
        with contextlib.suppress(FileNotFoundError):
            self.path.rename(away)
            if _owner(away) == found:
                away.unlink()
            else:
                away.rename(self.path)


def holder(folder: Path) -> tuple[str, bool] | None:
    """The owner of a folder's lock in words, and whether it seems to live; None where there is no lock.

    Only looks, by this machine's clock: an owner counts as dead that was a process of this machine and has ended, or
    that has shown no sign of life for STALE seconds.
    """
    path = folder / NAME
    try:
        silent = time.time() - path.stat().st_mtime
    except OSError:
        return None
    owner = _owner(path)
    return _words(owner), not _dead(owner) and silent < STALE


def _owner(path: Path) -> dict[str, Any] | None:
    """What a lock's file says; None if there is none, or nothing readable in it yet."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _dead(owner: dict[str, Any] | None) -> bool:
    """Whether the owner was a process of this machine that has ended."""
    return bool(owner) and owner["machine"] == _machine() and _ended(owner["process"])


def _ended(process: int) -> bool:
    """Whether there is no process of this number here, or only what is left of one until its parent asks for it."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's
        return False
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] == "Z"


def _machine() -> list[str]:
    """What tells this machine since it was started, and its numbering of processes, from all others."""
    boot, numbering = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    return [
        socket.gethostname(),
        boot.read_text(encoding="utf-8").strip() if boot.exists() else "",
        os.readlink(numbering) if numbering.exists() else "",
    ]


def _words(owner: dict[str, Any] | None) -> str:
    return f"process {owner['process']} on {owner['machine'][0]}" if owner else "another process"
