"""A PBS of one host for tests: qsub, qstat, and qdel over a state file, with a process per running job.

It has the protocol of a real server (texts, exit codes, states, a bare environment in the home folder, umask 077, a qsub -V
that exports nothing, walltime, no history unless it is set), and the faults that tests ask of it: a server that is down or
says nothing, a full queue, a slow qsub, long exits.
"""

import contextlib
import fcntl
import getopt
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HOST = "standin"
UNKNOWN, FINISHED, BAD_STATE, FULL = 153, 35, 168, 38  # exit codes
WIDTH = 79
DEFAULTS = {
    "ncpus": 8,  # of the only node
    "queues": ["workq", "long"],
    "accounts": None,  # those allowed; None: all
    "max_queued": None,  # jobs at a time; None: any number
    "select": True,  # whether requests of chunks are taken
    "exiting": 0.0,  # seconds that a job stays in state E
    "history": None,  # seconds for which an ended job is remembered; None: the server is not configured for that
    "kill_delay": 1.0,  # seconds between SIGTERM and SIGKILL
    "qsub_seconds": 0.0,  # between the queuing of a job and the printing of its id
    "down": 0,  # so many calls find no server; -1: all
    "mute": 0,  # so many qstat calls print nothing and exit with 0
}
SIGNALS = {signal.SIGTERM, signal.SIGCHLD}


class Server:
    """State in a folder, locked while it is read and written."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def create(self, **settings):
        for name in ("bin", "spool", "home"):
            (self.folder / name).mkdir(parents=True)
        self._write({"settings": DEFAULTS | settings, "last": 0, "jobs": {}, "calls": []})
        for command in ("qsub", "qstat", "qdel"):
            script = self.folder / "bin" / command
            program = f'exec {sys.executable} -S -E "{__file__}" "{self.folder}" {command} "$@"'
            script.write_text(f"#!/bin/sh\n{program}\n")
            script.chmod(0o755)

    @contextlib.contextmanager
    def state(self):
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = json.loads((self.folder / "state.json").read_text())
            forget(state)
            yield state
            self._write(state)

    def set(self, **settings):
        with self.state() as state:
            state["settings"].update(settings)

    def _write(self, state):
        part = self.folder / "state.part"
        part.write_text(json.dumps(state))
        part.replace(self.folder / "state.json")


def forget(state):
    """Drop ended jobs whose history is over, or was never kept."""
    history = state["settings"]["history"]
    oldest = math.inf if history is None else time.time() - history
    state["jobs"] = {name: job for name, job in state["jobs"].items() if job.get("ended", oldest) >= oldest}


def fail(code, text):
    print(text, file=sys.stderr)
    sys.exit(code)


def connect(server, command, count):
    """Note the call; fail as a client does that finds no server."""
    with server.state() as state:
        state["calls"].append([command, count])
        settings = state["settings"]
        down, mute = settings["down"], settings["mute"] if command == "qstat" else 0
        settings["down"] -= down > 0
        settings["mute"] -= mute > 0
    if down:
        fail(255 if command == "qstat" else 111, f"{command}: cannot connect to server {HOST} (errno=111)")
    if mute:
        sys.exit(0)


def qsub(server, arguments):
    connect(server, "qsub", 1)
    options, (script,) = getopt.getopt(arguments, "N:l:j:o:r:Vq:A:W:m:v:")
    values = dict(options)
    lists = {key: ",".join(value for name, value in options if name == key) for key in ("-l", "-W", "-v")}
    requested, attributes = (dict(pair.split("=", 1) for pair in lists[key].split(",") if pair) for key in ("-l", "-W"))
    if len(values["-N"]) > 15 or not values["-N"][0].isalpha():
        fail(2, "qsub: illegal -N value")
    if values["-j"] != "oe" or values["-r"] != "n":
        fail(2, "qsub: illegal option value")
    with server.state() as state:
        settings = state["settings"]
        if values.get("-q", "workq") not in settings["queues"]:
            fail(170, "qsub: Unknown queue")
        if settings["accounts"] is not None and values.get("-A") not in settings["accounts"]:
            fail(201, "qsub: Invalid account")
        if "select" in requested and not settings["select"]:
            fail(2, "qsub: Unknown resource: select")
        if sum(job["state"] != "F" for job in state["jobs"].values()) >= (settings["max_queued"] or math.inf):
            fail(FULL, f"qsub: would exceed queue {values.get('-q', 'workq')}'s per-user limit")
        state["last"] += 1
        name = f"{state['last']}.{HOST}"
        shutil.copy(script, server.folder / "spool" / f"{name}.SC")
        state["jobs"][name] = {
            "name": values["-N"],
            "state": "Q",
            "queue": values.get("-q", "workq"),
            "account": values.get("-A", ""),
            "request": {key: requested[key] for key in ("select", "nodes", "mem") if key in requested},
            "walltime": requested.get("walltime", "24:00:00"),
            "output": values["-o"],
            "mail": values.get("-m", "a"),
            "umask": int(attributes.get("umask", "077"), 8),
            "env": dict(pair.split("=", 1) for pair in lists["-v"].split(",") if pair),
        }
        start_jobs(server, state)
    time.sleep(settings["qsub_seconds"])
    print(name)


def start_jobs(server, state):
    """Start what fits, in order; say of the rest why it waits."""
    total = state["settings"]["ncpus"]
    free = total - sum(cpus(job) for job in state["jobs"].values() if job["state"] in "RE")
    for name, job in state["jobs"].items():
        if job["state"] != "Q":
            continue
        need = cpus(job)
        if need <= free:
            free -= need
            program = [sys.executable, "-S", "-E", __file__, str(server.folder), "mom", name]
            quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
            mom = subprocess.Popen(program, start_new_session=True, cwd="/", preexec_fn=block, **quiet)
            comment = f"Job run at {time.ctime()} on ({HOST}:ncpus={need})"
            job.update(state="R", pid=mom.pid, stime=time.ctime(), comment=comment)
        else:
            why = "Can Never Run" if need > total else "Not Running"
            job["comment"] = f"{why}: Insufficient amount of resource: ncpus (R: {need} A: {free} T: {total})"


def cpus(job):
    request = job["request"]
    nodes, *parts = request.get("select", request.get("nodes")).split(":")
    needs = dict(part.split("=") for part in parts)
    return int(nodes) * int(needs["ncpus" if "select" in request else "ppn"])


def block():
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def unblock():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def mom(server, arguments):
    """Run one job from R to F; SIGTERM is qdel's."""
    (name,) = arguments
    with server.state() as state:
        job, settings = state["jobs"][name], state["settings"]
    spool = server.folder / "spool" / f"{name}.OU"
    env = job["env"] | {
        "PATH": "/usr/bin:/bin",
        "PBS_JOBID": name,
        "PBS_ENVIRONMENT": "PBS_BATCH",
        "HOME": str(server.folder / "home"),  # not the tester's own, whose profile may do anything
        "TMPDIR": "/tmp",
    }
    os.umask(job["umask"])
    with spool.open("w") as output:
        script = server.folder / "spool" / f"{name}.SC"  # run as a program: its first line names the shell
        script.chmod(0o700)
        start = {"cwd": env["HOME"], "env": env, "start_new_session": True, "preexec_fn": unblock}
        job_process = subprocess.Popen(script, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **start)
    why = watch(job_process, seconds(job["walltime"]), settings["kill_delay"])
    code = {"qdel": 271, "walltime": -29}.get(why, job_process.returncode)
    with server.state() as state:
        state["jobs"][name]["state"] = "E"
    with contextlib.suppress(OSError):
        shutil.copy(spool, job["output"])
    time.sleep(settings["exiting"])
    with server.state() as state:
        substate = 91 if why == "qdel" else 92 if code == 0 else 93
        code = 256 - code if why is None and code < 0 else code
        state["jobs"][name].update(state="F", substate=substate, exit_status=code)
        state["jobs"][name]["ended"] = time.time()
        state["jobs"][name]["comment"] += " and finished" if code == 0 else " and failed"
        start_jobs(server, state)


def watch(process, walltime, kill_delay):
    """Wait until the job's script has ended, kill what it started, and tell what ended it, if not itself."""
    why, end, number = None, time.monotonic() + walltime, signal.SIGTERM
    while process.poll() is None:
        caught = signal.sigtimedwait(SIGNALS, max(0, end - time.monotonic()))
        if caught is not None and caught.si_signo == signal.SIGCHLD:
            continue
        if caught is None or why is None:
            why = why or ("walltime" if caught is None else "qdel")
            kill_session(process.pid, number)
            end, number = time.monotonic() + kill_delay, signal.SIGKILL
    kill_session(process.pid, signal.SIGKILL)
    return why


def kill_session(session, number):
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                    os.kill(int(folder.name), number)


def seconds(walltime):
    hours, minutes, rest = map(int, walltime.split(":"))
    return 3600 * hours + 60 * minutes + rest


def qstat(server, arguments):
    options, names = getopt.getopt(arguments, "fx")
    connect(server, "qstat", len(names))
    history = ("-x", "") in options
    code = 0
    with server.state() as state:
        jobs, kept = state["jobs"], state["settings"]["history"] is not None
    if history and not kept:
        fail(0, "qstat: PBS is not configured to maintain job history")
    for name in names or [name for name, job in jobs.items() if history or job["state"] != "F"]:
        if name not in jobs:
            print(f"qstat: Unknown Job Id {name}", file=sys.stderr)
            code = UNKNOWN
        elif jobs[name]["state"] == "F" and not history:
            print(f"qstat: {name} Job has finished, use -x or -H to obtain historical job information", file=sys.stderr)
            code = FINISHED
        else:
            show(name, jobs[name])
    sys.exit(code)


def show(name, job):
    print(f"Job Id: {name}")
    attributes = {
        "Job_Name": job["name"],
        "Job_Owner": f"user@{HOST}",
        "job_state": job["state"],
        "queue": job["queue"],
        "substate": job.get("substate"),
        "Output_Path": f"{HOST}:{job['output']}",
        **{f"Resource_List.{key}": value for key, value in job["request"].items()},
        "Resource_List.walltime": job["walltime"],
        "Variable_List": ",".join(f"{key}={value}" for key, value in sorted(job["env"].items())),
        "stime": job.get("stime"),
        "Mail_Points": job["mail"],
        "comment": job.get("comment"),
        "Account_Name": job["account"],
        "Exit_status": job.get("exit_status"),
    }
    for key, value in attributes.items():
        if value not in (None, ""):
            print(wrapped(f"    {key} = " + str(value).replace("\n", "^J")))
    print()


def wrapped(line):
    """Break a long line hard, as qstat does."""
    parts = [line[:WIDTH]] + [line[start : start + WIDTH - 8] for start in range(WIDTH, len(line), WIDTH - 8)]
    return "\n\t".join(parts)


def qdel(server, names):
    connect(server, "qdel", len(names))
    code = 0
    with server.state() as state:
        for name in names:
            job = state["jobs"].get(name)
            if job is None:
                print(f"qdel: Unknown Job Id {name}", file=sys.stderr)
                code = UNKNOWN
            elif job["state"] == "F":
                print(f"qdel: Job has finished {name}", file=sys.stderr)
                code = FINISHED
            elif job["state"] == "E":
                print(f"qdel: Request invalid for state of job {name}", file=sys.stderr)
                code = BAD_STATE
            elif job["state"] == "Q":
                job.update(state="F", substate=91, ended=time.time())
            else:
                os.kill(job["pid"], signal.SIGTERM)
        start_jobs(server, state)
    sys.exit(code)


if __name__ == "__main__":
    folder, command, *rest = sys.argv[1:]
    {"qsub": qsub, "qstat": qstat, "qdel": qdel, "mom": mom}[command](Server(folder), rest)
