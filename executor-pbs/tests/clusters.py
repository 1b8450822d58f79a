"""What tests run against: the stand-in, or the PBS whose qsub is on the PATH; and Snakemake as its user starts it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from standin import Server

SOURCE = Path(__file__).parents[1]
HISTORY = {"on": 3600.0, "off": None, "any": None}  # seconds; a new server keeps none
LIMIT = 180  # seconds; a node may tell of a job's end 90 s late


class RealPbs:
    """The PBS of this host."""

    real = True

    def __init__(self):
        # The source of this package comes before an installed copy of it.
        self.env = os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}

    def call(self, *command):
        return subprocess.run(command, env=self.env, text=True, capture_output=True, check=False)

    @property
    def history(self):
        """Whether it keeps a history of ended jobs."""
        return "off" if "not configured" in self.call("qstat", "-x").stderr else "on"

    def live(self, folder):
        """Jobs whose output goes somewhere below the folder and that have not ended."""
        records = self.call("qstat", "-f").stdout.replace("\n\t", "").split("Job Id: ")
        return [record.split()[0] for record in records[1:] if f":{folder}/" in record]

    def stop(self, folder):
        if live := self.live(folder):
            self.call("qdel", *live)
        assert until(lambda: not self.live(folder), LIMIT)


class StandIn(RealPbs):
    """The stand-in in a folder of its own."""

    real = False

    def __init__(self, folder, history):
        super().__init__()
        self.server = Server(folder)
        self.server.create(history=HISTORY[history])
        self.env["PATH"] = f"{folder}/bin:{self.env['PATH']}"

    def set(self, **settings):
        self.server.set(**settings)

    def calls(self, command):
        """How many jobs each call of this command was about."""
        state = json.loads((self.server.folder / "state.json").read_text())
        return [count for name, count in state["calls"] if name == command]

    def stop(self, folder):
        self.set(down=0, mute=0)
        super().stop(folder)


class Driver:
    """A running Snakemake, in a process group of its own as a terminal would give it."""

    def __init__(self, cluster, folder, *arguments, env=()):
        self.log = folder / f"driver.{time.monotonic_ns()}"
        command = [sys.executable, "-m", "snakemake", "--executor", "pbs", "--jobs", "20", "--latency-wait", "3"]
        command += ["--seconds-between-status-checks", "1", "--scheduler", "greedy", *arguments]
        with self.log.open("w") as log:
            start = {
                "cwd": folder,
                "env": cluster.env | dict(env),
                "start_new_session": True,
                "preexec_fn": hear_ctrl_c,
            }
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **start)

    @property
    def output(self):
        return self.log.read_text()

    def said(self, text, count=1, timeout=LIMIT):
        """Wait until this text has been printed so often."""
        assert until(lambda: self.output.count(text) >= count, timeout, self.process), self.output
        return self

    def press_ctrl_c(self):
        self.signal(signal.SIGINT)

    def signal(self, number):
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def wait(self, timeout=LIMIT):
        """Wait for the end and return the exit code."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            raise AssertionError(self.output) from None


both_modes = pytest.mark.parametrize("history", ["off", "on"])


def hear_ctrl_c():
    """Undo what a shell does to commands that it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def make_cluster(folder, history):
    """The real PBS if it is asked for, else a stand-in in this folder; with history on, off, or as it is (any)."""
    if os.getenv("SGDWALK_TEST_PBS") != "1" or shutil.which("qsub") is None:
        return StandIn(folder, history)
    cluster = RealPbs()
    if history not in ("any", cluster.history):
        pytest.skip(f"needs a PBS with job_history_enable {history}")
    return cluster


def until(condition, timeout, process=None):
    """Whether the condition comes true in time, and before the process ends."""
    end = time.monotonic() + timeout
    while not (true := condition()):
        if time.monotonic() > end or (process is not None and process.poll() is not None):
            return condition()
        time.sleep(0.05)
    return true


def processes(folder):
    """Command lines of processes that name the folder."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_text(errors="replace").replace("\0", " ")
        except OSError:
            continue
        if f"{folder}/" in line:
            lines.append(line)
    return lines
