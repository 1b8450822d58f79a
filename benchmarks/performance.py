"""All benchmarks but those of intervals and of a GPU, one after the other: writes docs/performance.md.

`python benchmarks/performance.py [--fast] [NAME ...]`. Without names all are run and the page is written; with names
these alone, and the other tables stay as they are. --fast: small sizes, printed and not written, to see whether each
still runs. Peers: `pip install -r benchmarks/requirements.txt` into an environment of their own.
"""

import argparse
import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
# Of each: what the table is about, arguments for the page, arguments for --fast.
BENCHMARKS: dict[str, tuple[str, list[str], list[str]]] = {
    "growth": ("Growth over two decades", [], ["--repeats", "1", "toy", "theory"]),
    "training": ("A training step", [], ["--rounds", "1", "digits"]),
    "geometry": ("Distances of all pairs, and MSD", [], ["--steps", "100", "--parameters", "1000", "--repeats", "1"]),
    "tails": ("Stable laws", ["200"], ["10"]),
    "curvature": ("Hessian", ["--snapshots", "2"], ["--steps", "50", "--snapshots", "1", "--eigenvalues", "3"]),
    "toy": ("Toy model", [], ["--levels", "6", "--walkers", "100", "--steps", "50", "--slow", "1000"]),
    "theory": ("Theory", ["--slow", "0.01"], ["--steps", "1000", "--walkers", "10", "--slow", "0.1"]),
    "dag": ("Planning a study of 1,000 runs", ["--rounds", "1"], ["--runs", "10", "--rounds", "1"]),
    "storage": ("Files of a run", [], []),
    "results": ("Memory and disk of the study digits", [], []),
}
SLOW = {"storage"}  # of no use in small: left out of --fast
PEERS = {
    "geometry": ("MDAnalysis", "freud-analysis", "kinisi", "tidynamics"),
    "tails": ("levy-stable",),
    "curvature": ("curvlinops-for-pytorch",),
}


def output(name: str, arguments: list[str]) -> tuple[str, float, float]:
    """(what a benchmark prints, its wall time, its CPU time in seconds). CalledProcessError where it fails."""
    began = time.monotonic(), children_seconds()
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip(), time.monotonic() - began[0], children_seconds() - began[1]


def children_seconds() -> float:
    """CPU seconds of all processes that this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def section(name: str, fast: bool) -> str:
    """A benchmark's heading, the command that repeats it, how long it took and where, what is missing, its tables.

    Empty where it measured nothing, as without finished results.
    """
    title, full, small = BENCHMARKS[name]
    arguments = small if fast else full
    found, wall, cpu = output(name, arguments)
    if not found:
        return ""
    command = " ".join(["python", f"benchmarks/{name}.py", *arguments])
    missing = [peer for peer in PEERS.get(name, ()) if not installed(peer)]
    absent = f" Not installed, and so not compared with: {', '.join(missing)}." if missing else ""
    spent = f"{cpu:.0f} s of CPU, {wall:.0f} s by the clock"
    return f"## {title}\n\n`{command}`, {spent}.\n{machine()}.{absent}\n\n{found}"


def machine() -> str:
    """Where and with what a table was measured."""
    sys.path.insert(0, str(ROOT / "workflow" / "src"))
    from sgdwalk.storage.provenance import hardware

    cpuinfo = Path("/proc/cpuinfo")
    virtual = cpuinfo.exists() and " hypervisor " in cpuinfo.read_text(encoding="utf-8")
    versions = [f"{name} {installed(name)}" for name in ("numpy", "scipy", "torch")]
    return f"{'Virtual ' if virtual else ''}{hardware()}; Python {platform.python_version()}, {', '.join(versions)}"


def installed(package: str) -> str:
    """Version of a package, empty where it is missing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def replace_table(page: Path, name: str, text: str) -> None:
    """Replace what stands between the markers of this name on a page."""
    whole = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = whole.partition(begin)
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def main() -> None:
    """Run the benchmarks that are chosen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(BENCHMARKS)):
        parser.error(f"{unknown[0]}: must be one of {', '.join(BENCHMARKS)}")
    chosen = given.names or [name for name in BENCHMARKS if not (given.fast and name in SLOW)]
    for name in chosen:
        text = section(name, given.fast)
        print(f"{text}\n", flush=True)
        if text and not given.fast:
            replace_table(PAGE, name, text)


if __name__ == "__main__":
    main()
