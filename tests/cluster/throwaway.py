"""A SLURM of one node, started from Debian's packages slurm-wlm and munge and gone at the end without a trace."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "srun")
ETC = Path("/etc/slurm")
HOSTS = Path("/etc/hosts")
MUNGE = Path("/run/munge")
CONF = """\
ClusterName=throwaway
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobcomp
MinJobAge=600
KillWait=5
BatchStartTimeout=1
SlurmdTimeout=60
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=200000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why there can be no such SLURM here, or nothing."""
    if os.geteuid() != 0:
        return "needs root to start a SLURM"
    if lacking := [name for name in PROGRAMS if not shutil.which(name)]:
        return f"needs Debian's slurm-wlm and munge ({', '.join(lacking)} not found)"
    if (ETC / "slurm.conf").exists():
        return f"{ETC / 'slurm.conf'} exists: this host has a SLURM of its own"
    return ""


class Slurm:
    """The daemons, their files, and questions to them."""

    def __init__(self, folder: Path):
        self.folder, self.host = folder, socket.gethostname().partition(".")[0]
        self.hosts = HOSTS.read_text(encoding="utf-8")
        self.daemons: dict[str, subprocess.Popen] = {}

    def __enter__(self):
        try:
            self._write()
            if not (MUNGE / "munge.socket.2").is_socket() or call("munge", "-n").returncode:
                self._start("munged", "runuser", "-u", "munge", "--", "munged", "--foreground", "--force")
                wait(lambda: call("munge", "-n").returncode == 0, "munged answers")
            self._start("slurmctld", "slurmctld", "-D")
            self.start_node()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if "slurmctld" in self.daemons:
            call("scancel", "--user=root")
            for job in self.jobs():
                self.kill_processes(job)
        for daemon in reversed(list(self.daemons)):
            self._stop(daemon)
        for name in ("slurm.conf", "gres.conf"):
            (ETC / name).unlink(missing_ok=True)
        if HOSTS.read_text(encoding="utf-8") != self.hosts:
            HOSTS.write_text(self.hosts, encoding="utf-8")

    def _write(self) -> None:
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        (self.folder / "jobcomp").touch()
        for k in range(2):  # device nodes stand in for GPUs
            os.mknod(self.folder / f"fakegpu{k}", 0o20666, os.makedev(1, 3))
        ETC.mkdir(exist_ok=True)
        (ETC / "slurm.conf").write_text(CONF.format(host=self.host, folder=self.folder))
        (ETC / "gres.conf").write_text(f"NodeName={self.host} Name=gpu File={self.folder}/fakegpu[0-1]\n")
        if self.host not in self.hosts.split():
            HOSTS.write_text(f"{self.hosts.rstrip()}\n127.0.0.1 {self.host}\n", encoding="utf-8")
        MUNGE.mkdir(exist_ok=True)
        shutil.chown(MUNGE, "munge", "munge")

    def _start(self, name: str, *command: str) -> None:
        log = (self.folder / f"{name}.out").open("a")
        self.daemons[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def _stop(self, name: str, number: int = signal.SIGTERM) -> None:
        daemon = self.daemons.pop(name)
        children = psutil.Process(daemon.pid).children() if daemon.poll() is None else []
        for process in (*children, daemon):  # runuser does not pass the signal on
            process.send_signal(number)
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def start_node(self) -> None:
        """Start the node's daemon and wait until it takes jobs."""
        self._start("slurmd", "slurmd", "-D")
        try:  # a node that missed a message is asked again each third of SlurmdTimeout
            wait(self._up, "the node is up", 180)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._state()}\n{self._log('slurmctld')}\n{self._log('slurmd')}") from None

    def _up(self) -> bool:
        dead = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
        assert not dead, (self.folder / f"{dead[0]}.out").read_text()
        return self._state() in ("idle", "mixed", "allocated")

    @staticmethod
    def _state() -> str:
        return call("sinfo", "-h", "-o", "%T").stdout.strip()

    def _log(self, daemon: str) -> str:
        return (self.folder / f"{daemon}.log").read_text()[-2000:]

    def crash(self, job: str) -> None:
        """The node's daemon and one job on it die at once; the node comes back."""
        self._stop("slurmd", signal.SIGKILL)
        self.kill_processes(job)
        time.sleep(3)  # SLURM misses no job that was active BatchStartTimeout seconds ago
        self.start_node()

    @staticmethod
    def kill_processes(job: str) -> None:
        """Kill every process of a job, SLURM's own first."""
        for process in psutil.process_iter(["cmdline"]):
            if f"slurmstepd: [{job}." in " ".join(process.info["cmdline"] or []):
                for one in (process, *process.children(recursive=True)):
                    if one.is_running():
                        one.kill()

    def jobs(self) -> dict[str, str]:
        """Comment by id of the jobs in the queue: the executor writes rule and wildcards there."""
        lines = call("squeue", "-h", "-o", "%i %k").stdout.splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def job_of(self, rule: str, *wildcards: str) -> str | None:
        """Id of a job in the queue."""
        comment = f"rule_{rule}" + (f"_wildcards_{'_'.join(wildcards)}" if wildcards else "")
        return next((job for job, found in self.jobs().items() if found == comment), None)

    def asked(self, job: str) -> dict[str, str]:
        """What SLURM says of a job that runs or has ended a few minutes ago."""
        return words(call("scontrol", "show", "job", "-o", job).stdout)

    def completed(self) -> list[dict[str, str]]:
        """What SLURM keeps of each job that has ended."""
        lines = (self.folder / "jobcomp").read_text().splitlines()
        return [words(line) for line in lines]


def words(line: str) -> dict[str, str]:
    """Values by key of a line of key=value."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def call(*command: str) -> subprocess.CompletedProcess:
    """Run a command of SLURM."""
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)


def wait(true, what: str, seconds: float = 60) -> None:
    """Wait until it is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s in vain until {what}"
        time.sleep(0.1)
